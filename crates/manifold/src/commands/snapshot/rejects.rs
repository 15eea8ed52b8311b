//! `manifold snapshot rejects`

use clap::Args;
use entity_project::rejected_rows;
use manifold_format::Value;
use manifold_store::{Projects, Snapshots};
use serde::Serialize;
use serde_json::json;

use crate::results::{Format, JsonValue};
use crate::session::Session;
use crate::table::{self, Align};
use crate::units;

/// Whose rejected records.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold snapshot rejects aviation flights@latest
  manifold snapshot rejects aviation flights@latest --json")]
pub(crate) struct RejectsArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The snapshot: SOURCE@latest, SOURCE@N, its id, or the beginning of its id
    snapshot: String,
    /// At most so many [default: 200, or all with --json]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

/// A record of the input that is no row.
#[derive(Serialize)]
struct RejectShape<'a> {
    line: i64,
    reason: &'a str,
    raw: JsonValue<'a>,
}

/// Lists the records of a snapshot's input that are no rows, in the order of the input.
pub(super) async fn run(arguments: RejectsArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(&arguments.project).await?)?;
    let snapshots = Snapshots::new(store);
    let found = snapshots.find(&project, &arguments.snapshot).await?;
    let output = session.output();
    // The database counts in signed numbers.
    let most = i64::MAX.unsigned_abs();
    let limit = Format::chosen(None, output)
        .limit(arguments.limit)
        .unwrap_or(most)
        .min(most);
    let rejects = snapshots.rejects(&project, &found.snapshot, limit).await?;
    let shapes: Vec<_> = rejects.iter().map(shape).collect();
    output.show(&json!({ "rejects": shapes }), || in_lines(&rejects))?;
    let left = found.snapshot.rejected - i64::try_from(rejects.len()).unwrap_or(i64::MAX);
    if left > 0 {
        output.note(&format!(
            "There are {} more; --limit N shows more of them.",
            units::number(left)
        ));
    }
    Ok(())
}

fn shape(reject: &rejected_rows::Model) -> RejectShape<'_> {
    RejectShape {
        line: reject.line,
        reason: &reject.reason,
        raw: JsonValue(Value::text(&reject.raw)),
    }
}

fn in_lines(rejects: &[rejected_rows::Model]) -> String {
    let header = [
        ("line", Align::Right),
        ("reason", Align::Left),
        ("record", Align::Left),
    ];
    let rows = rejects.iter().map(|reject| {
        let raw = String::from_utf8_lossy(&reject.raw);
        vec![
            reject.line.to_string(),
            reject.reason.clone(),
            table::shortened(raw.trim_end()),
        ]
    });
    table::table(&header, rows)
}
