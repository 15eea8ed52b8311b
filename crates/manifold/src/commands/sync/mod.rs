//! `manifold sync`

mod target;

use clap::{Args, Subcommand};
use manifold_store::{DataSources, Projects};

use self::target::TargetArgs;
use crate::session::Session;

/// What to make equal.
#[derive(Debug, Subcommand)]
pub(crate) enum SyncCommand {
    /// Make a table of a database elsewhere equal to the latest snapshot of a source
    Run(RunArgs),
}

impl SyncCommand {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        let Self::Run(arguments) = self;
        arguments.target.dry_run
    }
}

/// Which source, and where to.
#[derive(Debug, Args)]
#[command(after_help = target::EXAMPLES)]
pub(crate) struct RunArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The source: its id, its name, or the beginning of its id
    source: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// Runs one verb.
pub(crate) async fn run(command: SyncCommand, session: &Session) -> anyhow::Result<()> {
    let SyncCommand::Run(arguments) = command;
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(&arguments.project).await?)?;
    let source = DataSources::new(store.clone())
        .find(&project, &arguments.source)
        .await?;
    target::run_target(&project, &source, &arguments.target, session).await
}
