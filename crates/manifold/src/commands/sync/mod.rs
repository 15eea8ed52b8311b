//! `manifold sync`

mod target;

use clap::{Args, Subcommand, ValueEnum};
use manifold_jobs::target::{Conflict, Deletes, SyncMode};
use manifold_store::{DataSources, Projects};

use self::target::{Manner, TargetArgs};
use crate::command_error::CommandError;
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
        arguments.dry_run
    }
}

/// Which source, where to, and how.
#[derive(Debug, Args)]
#[command(after_help = target::EXAMPLES)]
pub(crate) struct RunArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The source: its id, its name, or the beginning of its id
    source: String,
    #[command(flatten)]
    target: TargetArgs,
    /// How it is made equal
    #[arg(long, default_value = "full")]
    mode: ModeArgument,
    /// What becomes of rows that the source has no more
    #[arg(long, default_value = "hard")]
    deletes: DeletesArgument,
    /// The most rows of the table that may be deleted, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    max_deletes: u8,
    /// What becomes of rows that were changed on both sides, with --mode merge
    #[arg(long, value_name = "POLICY", default_value = "source")]
    on_conflict: ConflictArgument,
    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// How a table is made equal.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeArgument {
    /// All rows are written anew
    Full,
    /// Rows that are new are added, and nothing else changes
    Append,
    /// Rows are compared by the key of the source
    Merge,
}

/// What becomes of rows that the source has no more.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum DeletesArgument {
    /// They are deleted
    Hard,
    /// They stay, with the time in the column deleted_at
    Soft,
    /// They stay as they are
    None,
}

/// What becomes of rows that were changed on both sides.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ConflictArgument {
    /// They become those of the source
    Source,
    /// They stay those of the target
    Target,
    /// The later one by the column of --newest
    Newest,
    /// They stay, and are listed
    List,
}

impl RunArgs {
    fn manner(&self) -> Result<Manner, CommandError> {
        let on_conflict = match (self.on_conflict, &self.target.newest) {
            (ConflictArgument::Newest, Some(column)) => Conflict::Newest {
                column: column.clone(),
            },
            (ConflictArgument::Newest, None) => {
                let message = "--on-conflict newest needs --newest COLUMN".to_owned();
                return Err(CommandError::Usage { message });
            }
            (ConflictArgument::Target, _) => Conflict::Target,
            (ConflictArgument::List, _) => Conflict::List,
            (ConflictArgument::Source, _) => Conflict::Source,
        };
        Ok(Manner {
            mode: match self.mode {
                ModeArgument::Full => SyncMode::Full,
                ModeArgument::Append => SyncMode::Append,
                ModeArgument::Merge => SyncMode::Merge,
            },
            deletes: match self.deletes {
                DeletesArgument::Hard => Deletes::Hard,
                DeletesArgument::Soft => Deletes::Soft,
                DeletesArgument::None => Deletes::None,
            },
            max_deletes: self.max_deletes,
            on_conflict,
        })
    }
}

/// Runs one verb.
pub(crate) async fn run(command: SyncCommand, session: &Session) -> anyhow::Result<()> {
    let SyncCommand::Run(arguments) = command;
    let manner = arguments.manner()?;
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(&arguments.project).await?)?;
    let source = DataSources::new(store.clone())
        .find(&project, &arguments.source)
        .await?;
    let (target, dry_run) = (&arguments.target, arguments.dry_run);
    target::run_target(&project, &source, target, manner, dry_run, session).await
}
