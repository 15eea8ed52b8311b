//! `manifold snapshot rejects`

use clap::Args;
use entity_project::rejected_rows;
use manifold_format::Value;
use manifold_jobs::readmit::record_text;
use manifold_store::{Projects, Snapshots};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::output::{OutputError, data_stream, document_to_stdout, lines_to_stdout};
use crate::results::{Columns, Format, Heading, JsonValue, writer};
use crate::session::Session;
use crate::table::{self, Align};
use crate::units;

/// Whose rejected records, and how.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold snapshot rejects aviation flights@latest
  manifold snapshot rejects aviation flights@latest --format csv > rejects.csv
  manifold import --readmit rejects.csv --project aviation

Mend the column `record` of the list in any editor or spreadsheet and give it back: the records go to their places in the \
next snapshot. Those that are not changed stay rejected. A table shows 200 records unless --limit says otherwise; the other \
formats have all of them.")]
pub(crate) struct RejectsArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The snapshot: SOURCE@latest, SOURCE@N, its id, or the beginning of its id
    snapshot: String,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// How to write them [default: table, or json with --json]
    #[arg(long)]
    format: Option<Format>,
}

/// A record of the input that is no row.
#[derive(Serialize)]
struct RejectShape<'a> {
    snapshot_id: &'a str,
    id: String,
    line: i64,
    reason: &'a str,
    raw: JsonValue<'a>,
    record: String,
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
    let format = Format::chosen(arguments.format, output);
    let limit = format.limit(arguments.limit).unwrap_or(most).min(most);
    let rejects = snapshots.rejects(&project, &found.snapshot, limit).await?;
    let shape = |reject| shape(reject, &found.snapshot.dialect);
    match format {
        Format::Table => lines_to_stdout(&in_lines(&rejects))?,
        Format::Json => {
            let shapes: Vec<_> = rejects.iter().map(shape).collect();
            let document = json!({ "rejects": shapes });
            document_to_stdout(&document)?;
        }
        Format::Csv | Format::Jsonl => in_rows(&rejects, format, &found.snapshot.dialect)?,
    }
    let left = found.snapshot.rejected - i64::try_from(rejects.len()).unwrap_or(i64::MAX);
    if left > 0 {
        output.note(&format!(
            "There are {} more; --limit N shows more of them.",
            units::number(left)
        ));
    }
    if format == Format::Table && !rejects.is_empty() {
        output.note(
            "To mend them: write the list with --format csv, change its records, and give it to `manifold import --readmit`.",
        );
    }
    Ok(())
}

fn shape<'a>(reject: &'a rejected_rows::Model, dialect: &Json) -> RejectShape<'a> {
    RejectShape {
        snapshot_id: &reject.snapshot_id,
        id: reject.id.to_string(),
        line: reject.line,
        reason: &reject.reason,
        raw: JsonValue(Value::text(&reject.raw)),
        record: record_text(dialect, &reject.raw),
    }
}

/// As a list that can be mended.
fn in_rows(
    rejects: &[rejected_rows::Model],
    format: Format,
    dialect: &Json,
) -> Result<(), OutputError> {
    let mut rows = writer(format, Columns::Names, data_stream());
    let names = ["snapshot_id", "id", "line", "reason", "record"];
    let headings = names.map(|name| Heading {
        name: name.to_owned(),
        kind: None,
    });
    rows.columns(headings.into())?;
    for reject in rejects {
        let record = record_text(dialect, &reject.raw);
        let id = reject.id.to_string();
        rows.row(&[
            Value::Text(reject.snapshot_id.as_bytes()),
            Value::Text(id.as_bytes()),
            Value::Int(reject.line),
            Value::Text(reject.reason.as_bytes()),
            Value::Text(record.as_bytes()),
        ])?;
    }
    rows.finish(Map::new())
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
