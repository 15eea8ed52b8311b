//! `manifold job`

mod cancel;
mod explain;
mod list;
mod logs;
mod prune;
mod queue;
mod retry;
mod show;
mod stats;
mod watch;

use clap::Subcommand;
use manifold_store::{DEFAULT_QUEUE, IdError, JobId, StoreError};

use self::cancel::CancelArgs;
use self::list::ListArgs;
use self::logs::LogsArgs;
use self::prune::PruneArgs;
use self::retry::RetryArgs;
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

Where the project's file is not within reach, what the job wrote down there is missing in the checkpoints.")]
    Show {
        /// Its id, or the beginning of its id
        job: String,
    },
    /// Show what a job said while it ran
    Logs(LogsArgs),
    /// Follow a job that another process runs, until it ends
    #[command(after_help = "\
Examples:
  manifold job watch 019f3a7c

Ends as the job does: exit code 0 when it is completed, 1 when it failed or was cancelled. Ctrl-C ends only the \
watching; the job goes on.")]
    Watch {
        /// Its id, or the beginning of its id
        job: String,
    },
    /// Ask a job to stop, whatever process runs it
    Cancel(CancelArgs),
    /// Have a job that failed or was cancelled done again
    Retry(RetryArgs),
    /// Say why a job does not run, or who runs it
    #[command(after_help = "Examples:\n  manifold job explain 019f3a7c")]
    Explain {
        /// Its id, or the beginning of its id
        job: String,
    },
    /// Count jobs by kind and state, and say how long they took
    Stats,
    /// Let no further job of a queue begin; what runs goes on
    #[command(after_help = "Examples:\n  manifold job pause\n  manifold job resume")]
    Pause {
        /// The queue
        #[arg(default_value = DEFAULT_QUEUE)]
        queue: String,
    },
    /// Let jobs of a paused queue begin again
    Resume {
        /// The queue
        #[arg(default_value = DEFAULT_QUEUE)]
        queue: String,
    },
    /// Remove jobs that ended long ago, and what they said
    Prune(PruneArgs),
}

impl JobCommand {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        !matches!(
            self,
            Self::Cancel(_)
                | Self::Retry(_)
                | Self::Prune(_)
                | Self::Pause { .. }
                | Self::Resume { .. }
        )
    }
}

/// Runs a verb.
pub(crate) async fn run(command: JobCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        JobCommand::List(arguments) => list::run(arguments, session).await,
        JobCommand::Show { job } => show::run(&job, session).await,
        JobCommand::Logs(arguments) => logs::run(arguments, session).await,
        JobCommand::Watch { job } => watch::run(&job, session).await,
        JobCommand::Cancel(arguments) => cancel::run(arguments, session).await,
        JobCommand::Retry(arguments) => retry::run(arguments, session).await,
        JobCommand::Explain { job } => explain::run(&job, session).await,
        JobCommand::Stats => stats::run(session).await,
        JobCommand::Pause { queue } => queue::pause(&queue, session).await,
        JobCommand::Resume { queue } => queue::resume(&queue, session).await,
        JobCommand::Prune(arguments) => prune::run(&arguments, session).await,
    }
}

/// The id in a row of the hub.
fn id(row: &str) -> Result<JobId, StoreError> {
    row.parse()
        .map_err(|error: IdError| StoreError::Decode(error.to_string()))
}
