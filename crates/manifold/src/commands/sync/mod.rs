//! `manifold sync`

mod file;
mod how;
mod list;
mod plan;
mod run;
mod schedule;
mod target;
mod unschedule;

use std::sync::Arc;

use clap::Subcommand;
use entity_project::data_sources;
use manifold_store::{DataSources, IdError, ProjectId, SourceId, SqliteManager, StoreError};

use self::run::RunArgs;
use self::schedule::ScheduleArgs;
use self::unschedule::UnscheduleArgs;
use crate::session::Session;

/// What to do with syncs.
#[derive(Debug, Subcommand)]
pub(crate) enum SyncCommand {
    /// Pull a source as its next snapshot, or write it elsewhere
    Run(RunArgs),
    /// Do that again and again
    Schedule(ScheduleArgs),
    /// List the sources that can be synced, with when each was and will be next
    List {
        /// Only those of this project: its id, its name, or the beginning of its id
        project: Option<String>,
    },
    /// Do it no more by itself
    Unschedule(UnscheduleArgs),
}

impl SyncCommand {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        match self {
            Self::List { .. } => true,
            Self::Run(arguments) => arguments.only_reads(),
            Self::Schedule(_) | Self::Unschedule(_) => false,
        }
    }
}

/// Runs a verb.
pub(crate) async fn run(command: SyncCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        SyncCommand::Run(arguments) => run::run(arguments, session).await,
        SyncCommand::Schedule(arguments) => schedule::run(arguments, session).await,
        SyncCommand::List { project } => list::run(project.as_deref(), session).await,
        SyncCommand::Unschedule(arguments) => unschedule::run(arguments, session).await,
    }
}

/// A source and its id.
async fn source(
    store: &Arc<SqliteManager>,
    project: &ProjectId,
    reference: &str,
) -> Result<(data_sources::Model, SourceId), StoreError> {
    let sources = DataSources::new(store.clone());
    let source = sources.find(project, reference).await?;
    let id = source.id.parse();
    let id = id.map_err(|error: IdError| StoreError::Decode(error.to_string()))?;
    Ok((source, id))
}
