//! `manifold worker`

mod install;
mod run;
mod unit;

use clap::{Args, Subcommand};

use self::install::{InstallArgs, UninstallArgs};
use self::run::RunArgs;
use crate::session::Session;

/// How to work, or where to be installed.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  manifold worker
  manifold worker --concurrency 4 --queue default --queue nightly
  manifold worker --once
  manifold worker install

The first Ctrl-C or SIGTERM begins no further job; those that run may end for 10 seconds, then they stop at a safe point \
and wait for another worker. The second leaves at once; what ran is begun again by the next worker. Any number of \
workers, in any number of processes, may serve one data folder."
)]
pub(crate) struct WorkerArgs {
    #[command(subcommand)]
    command: Option<WorkerCommand>,
    #[command(flatten)]
    run: RunArgs,
}

/// What to do with the worker that the system starts.
#[derive(Debug, Subcommand)]
enum WorkerCommand {
    /// Have a worker for this data folder started by the system, when you log in
    Install(InstallArgs),
    /// Remove what `install` wrote
    Uninstall(UninstallArgs),
}

impl WorkerArgs {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        self.command.is_some()
    }
}

/// Works, or installs what does.
pub(crate) async fn run(arguments: WorkerArgs, session: &Session) -> anyhow::Result<()> {
    match arguments.command {
        None => run::run(arguments.run, session).await,
        Some(WorkerCommand::Install(arguments)) => install::install(arguments, session).await,
        Some(WorkerCommand::Uninstall(arguments)) => install::uninstall(&arguments, session),
    }
}
