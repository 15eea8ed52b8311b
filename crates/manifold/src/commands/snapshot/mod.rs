//! `manifold snapshot`

mod delete;
mod diff;
mod drift;
mod history;
mod profile;
mod prune;
mod rejects;
mod rows;

use std::sync::Arc;

use clap::Subcommand;
use manifold_store::{DataSources, ProjectId, Projects, Snapshots, SqliteManager};
use serde_json::json;

use self::delete::DeleteArgs;
use self::diff::DiffArgs;
use self::drift::DriftArgs;
use self::history::HistoryArgs;
use self::profile::ProfileArgs;
use self::prune::PruneArgs;
use self::rejects::RejectsArgs;
use self::rows::RowsArgs;
use crate::session::Session;
use crate::shapes::snapshot::SnapshotShape;

/// What to do with snapshots.
#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotCommand {
    /// List the snapshots of a project, newest first
    #[command(after_help = "\
Examples:
  manifold snapshot list aviation
  manifold snapshot list aviation --source planes")]
    List {
        /// The project: its id, its name, or the beginning of its id
        project: String,
        /// Only those of this source: its id, its name, or the beginning of its id
        #[arg(long)]
        source: Option<String>,
    },
    /// Show a snapshot and its columns
    #[command(after_help = "\
Examples:
  manifold snapshot show aviation planes@latest
  manifold snapshot show aviation planes@1")]
    Show {
        /// The project: its id, its name, or the beginning of its id
        project: String,
        /// The snapshot: SOURCE@latest, SOURCE@N, its id, or the beginning of its id
        snapshot: String,
    },
    /// Write the rows of a snapshot in their original order
    Rows(RowsArgs),
    /// Compare two snapshots of a source
    Diff(DiffArgs),
    /// Show what the columns of a snapshot hold: NULLs, different values, range, frequent values
    Profile(ProfileArgs),
    /// Show how what the columns hold has changed between two snapshots of a source
    Drift(DriftArgs),
    /// Show every version of one row of a source with a key
    History(HistoryArgs),
    /// List the records of a snapshot's input that are no rows
    Rejects(RejectsArgs),
    /// Delete a snapshot; deleting the latest of a source undoes its import
    Delete(DeleteArgs),
    /// Delete the snapshots that a policy does not keep
    Prune(PruneArgs),
}

impl SnapshotCommand {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::List { .. }
                | Self::Show { .. }
                | Self::Rows(_)
                | Self::Diff(_)
                | Self::Profile(_)
                | Self::Drift(_)
                | Self::History(_)
                | Self::Rejects(_)
        )
    }
}

/// Runs a verb.
pub(crate) async fn run(command: SnapshotCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        SnapshotCommand::List { project, source } => {
            list(&project, source.as_deref(), session).await
        }
        SnapshotCommand::Show { project, snapshot } => {
            let (_, found) = find(&session.store().await?, &project, &snapshot).await?;
            session
                .output()
                .show(&json!({ "snapshot": found }), || found.fields())?;
            Ok(())
        }
        SnapshotCommand::Rows(arguments) => rows::run(arguments, session).await,
        SnapshotCommand::Diff(arguments) => diff::run(arguments, session).await,
        SnapshotCommand::Profile(arguments) => profile::run(arguments, session).await,
        SnapshotCommand::Drift(arguments) => drift::run(arguments, session).await,
        SnapshotCommand::History(arguments) => history::run(arguments, session).await,
        SnapshotCommand::Delete(arguments) => delete::run(arguments, session).await,
        SnapshotCommand::Prune(arguments) => prune::run(arguments, session).await,
        SnapshotCommand::Rejects(arguments) => rejects::run(arguments, session).await,
    }
}

async fn list(project: &str, source: Option<&str>, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(project).await?)?;
    let source = match source {
        Some(source) => Some(
            DataSources::new(store.clone())
                .find(&project, source)
                .await?,
        ),
        None => None,
    };
    let found = Snapshots::new(store)
        .list(&project, source.as_ref())
        .await?;
    let found: Vec<_> = found.into_iter().map(SnapshotShape::from).collect();
    let output = session.output();
    output.show(&json!({ "snapshots": found }), || {
        SnapshotShape::table(&found)
    })?;
    if found.is_empty() {
        output
            .note("There is no snapshot yet; `manifold import FILE --project PROJECT` makes one.");
    }
    Ok(())
}

/// The snapshot that a command line points at, and its project.
async fn find(
    store: &Arc<SqliteManager>,
    project: &str,
    snapshot: &str,
) -> anyhow::Result<(ProjectId, SnapshotShape)> {
    let project = Projects::id(&Projects::new(store).find(project).await?)?;
    let found = Snapshots::new(store.clone())
        .find(&project, snapshot)
        .await?;
    Ok((project, found.into()))
}
