//! `manifold snapshot diff`

use std::io::{self, Write as _};

use clap::{Args, ValueEnum};
use manifold_store::rows::{self, Change, Diff, Listing};
use manifold_store::{Projects, RowLog, Snapshots};
use serde_json::json;

use crate::command_error::CommandError;
use crate::output::{OutputError, data_stream};
use crate::session::Session;
use crate::shapes::change::Changes;
use crate::shapes::snapshot::SnapshotShape;
use crate::table;
use crate::units::number;

/// Changes shown in a table if nobody says how many.
const TABLE_CHANGES: u64 = 200;

/// Which snapshots, and how.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold snapshot diff aviation planes@1 planes@latest
  manifold snapshot diff aviation planes@1 planes@2 --format jsonl > changes.jsonl

+ is a row that only TO has, - one that only FROM has, ~ one with the same key and other values. Rows of a source \
with key columns are paired by them, others by their whole content. Rows that only stand elsewhere are counted, and \
listed as > with --moved.")]
pub(crate) struct DiffArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The first snapshot: SOURCE@latest, SOURCE@N, its id, or the beginning of its id
    from: String,
    /// The second snapshot, of the same source
    to: String,
    /// At most so many changes; all are counted [default: 200 in a table, else all]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// List rows that only stand elsewhere, too
    #[arg(long)]
    moved: bool,
    /// How to write the changes [default: table, or json with --json]
    #[arg(long)]
    format: Option<DiffFormat>,
}

/// How changes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// A JSON object for each change
    Jsonl,
}

/// Compares two snapshots of a source.
pub(super) async fn run(arguments: DiffArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(&arguments.project).await?)?;
    let snapshots = Snapshots::new(store.clone());
    let from = SnapshotShape::from(snapshots.find(&project, &arguments.from).await?);
    let to = SnapshotShape::from(snapshots.find(&project, &arguments.to).await?);
    if from.source_id != to.source_id {
        let (from, to) = (from.reference(), to.reference());
        return Err(CommandError::DifferentSources { from, to }.into());
    }
    let output = session.output();
    let format = arguments.format.unwrap_or(if output.json {
        DiffFormat::Json
    } else {
        DiffFormat::Table
    });
    let limit = arguments.limit.unwrap_or(if format == DiffFormat::Table {
        TABLE_CHANGES
    } else {
        u64::MAX
    });
    let moved = arguments.moved;
    let (from_id, to_id) = (from.id.clone(), to.id.clone());
    let diff = RowLog::new(&store)
        .read(&project, move |connection| {
            let (from, to) = (
                rows::snapshot(connection, &from_id)?,
                rows::snapshot(connection, &to_id)?,
            );
            rows::diff(connection, &from, &to, Listing { limit, moved }, None)
        })
        .await?;
    let listed: Vec<_> = diff.changes.iter().collect();
    let all = diff.added + diff.removed + diff.changed + if moved { diff.moved } else { 0 };
    let left = all - u64::try_from(listed.len()).unwrap_or(all);
    write(format, (&from, &to), &diff, &listed)?;
    if left > 0 {
        output.note(&format!(
            "There are {} more changes; --limit N shows more of them.",
            number(signed(left))
        ));
    }
    Ok(())
}

fn write(
    format: DiffFormat,
    (from, to): (&SnapshotShape, &SnapshotShape),
    diff: &Diff,
    listed: &[&Change],
) -> anyhow::Result<()> {
    let mut changes =
        Changes::new(diff, format == DiffFormat::Table).map_err(CommandError::NewerRows)?;
    let mut out = data_stream();
    match format {
        DiffFormat::Table => {
            drop(out);
            let lines = format!("{}\n{}", summary(from, to, diff), changes.table(listed));
            crate::output::lines_to_stdout(&lines)?;
            return Ok(());
        }
        DiffFormat::Json => {
            let head = json!({
                "from": from.id, "to": to.id, "from_number": from.number, "to_number": to.number,
                "added": diff.added, "removed": diff.removed, "changed": diff.changed, "moved": diff.moved,
            });
            let head = head.to_string();
            written(write!(out, "{},\"changes\": [", head.trim_end_matches('}')))?;
            for (index, change) in listed.iter().enumerate() {
                let comma = if index > 0 { "," } else { "" };
                written(write!(out, "{comma}\n{}", changes.shape(change)))?;
            }
            written(out.write_all(b"\n]}\n"))?;
        }
        DiffFormat::Jsonl => {
            for change in listed {
                written(writeln!(out, "{}", changes.shape(change)))?;
            }
        }
    }
    Ok(written(out.flush())?)
}

fn summary(from: &SnapshotShape, to: &SnapshotShape, diff: &Diff) -> String {
    let counts = [
        (diff.added, "added"),
        (diff.removed, "removed"),
        (diff.changed, "changed"),
        (diff.moved, "moved"),
    ];
    let counts: Vec<_> = counts
        .iter()
        .map(|(rows, what)| format!("{} {what}", number(signed(*rows))))
        .collect();
    format!(
        "{} → {}: {}",
        table::printable(&from.reference()),
        table::printable(&to.reference()),
        counts.join(", ")
    )
}

fn written(result: io::Result<()>) -> Result<(), OutputError> {
    Ok(result?)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
