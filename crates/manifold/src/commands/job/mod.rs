//! `manifold job`

mod list;
mod logs;
mod prune;
mod show;

use clap::Subcommand;
use manifold_store::{IdError, JobId, StoreError};

use self::list::ListArgs;
use self::prune::PruneArgs;
use crate::session::Session;

/// What to do with jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// List jobs, newest first
    List(ListArgs),
    /// Show a job, the attempts at it and which process runs it
    #[command(after_help = "\
Examples:
  manifold job show 019f3a7c
  manifold job show 019f3a7c --json

Where the project's file is not within reach there are no checkpoints.")]
    Show {
        /// Its id, or the beginning of its id
        job: String,
    },
    /// Show what a job said while it ran
    #[command(after_help = "Examples:\n  manifold job logs 019f3a7c")]
    Logs {
        /// Its id, or the beginning of its id
        job: String,
    },
    /// Remove jobs that ended long ago, and what they said
    Prune(PruneArgs),
}

impl JobCommand {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        !matches!(self, Self::Prune(_))
    }
}

/// Runs a verb.
pub(crate) async fn run(command: JobCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        JobCommand::List(arguments) => list::run(arguments, session).await,
        JobCommand::Show { job } => show::run(&job, session).await,
        JobCommand::Logs { job } => logs::run(&job, session).await,
        JobCommand::Prune(arguments) => prune::run(&arguments, session).await,
    }
}

/// The id in a row of the hub.
fn id(row: &str) -> Result<JobId, StoreError> {
    row.parse()
        .map_err(|error: IdError| StoreError::Decode(error.to_string()))
}
