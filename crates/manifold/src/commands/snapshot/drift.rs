//! `manifold snapshot drift`

use clap::Args;
use manifold_jobs::SnapshotProfile;
use manifold_store::{RowLog, rows};
use serde_json::json;

use crate::command_error::CommandError;
use crate::session::Session;
use crate::shapes::drift;
use crate::table::printable;

/// Which snapshots.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold snapshot drift aviation flights@1 flights@latest
  manifold snapshot drift aviation flights@latest

Shows what changed beyond noise in what the columns hold: columns, types, NULLs, numbers of values and rows, ranges, means and \
frequent values; the weightiest first, strong changes with a !. With one snapshot the one before it is FROM.")]
pub(crate) struct DriftArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The first snapshot: SOURCE@latest, SOURCE@N, its id, or the beginning of its id
    from: String,
    /// The second snapshot, of the same source
    to: Option<String>,
}

/// Shows how what the columns hold has changed between two snapshots of a source.
pub(super) async fn run(arguments: DriftArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let (project, first) = super::find(&store, &arguments.project, &arguments.from).await?;
    let (from, to) = match &arguments.to {
        Some(to) => (first, super::find(&store, &arguments.project, to).await?.1),
        None => {
            let id = first.id.clone();
            let log = RowLog::new(&store);
            let before = log.read(&project, move |connection| {
                rows::before(connection, &rows::snapshot(connection, &id)?)
            });
            let Some(before) = before.await? else {
                let snapshot = first.reference();
                return Err(CommandError::NoSnapshotBefore { snapshot }.into());
            };
            let (_, before) = super::find(&store, &arguments.project, &before.id).await?;
            (before, first)
        }
    };
    if from.source_id != to.source_id {
        let (from, to) = (from.reference(), to.reference());
        return Err(CommandError::DifferentSources { from, to }.into());
    }
    let earlier = SnapshotProfile::of(&store, &project, &from.id).await?;
    let later = SnapshotProfile::of(&store, &project, &to.id).await?;
    let found = earlier.drift_to(&later);
    let changes = drift::document(&found, &earlier, &later).map_err(CommandError::NewerRows)?;
    let document = json!({
        "from": from.id, "to": to.id, "from_number": from.number, "to_number": to.number,
        "drift": changes,
    });
    let output = session.output();
    if found.is_empty() {
        let (from, to) = (printable(&from.reference()), printable(&to.reference()));
        output.note(&format!("Nothing has drifted from {from} to {to}."));
        if !output.json {
            return Ok(());
        }
    }
    output.show(&document, || drift::table(&found))?;
    Ok(())
}
