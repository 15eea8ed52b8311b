//! `manifold backup`

mod create;
mod delete;
mod list;
mod prune;
mod reference;
mod schedule;
mod show;
mod unschedule;
mod verify;

use clap::Subcommand;

use self::create::CreateArgs;
use self::delete::DeleteArgs;
use self::prune::PruneArgs;
pub(crate) use self::reference::FoundBackup;
use self::schedule::ScheduleArgs;
use self::unschedule::UnscheduleArgs;
use crate::session::Session;

/// What to do with backups.
#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Make a backup of a project
    Create(CreateArgs),
    /// List backups, newest first
    List {
        /// Only those of this project: its id, its name, or the beginning of its id
        project: Option<String>,
    },
    /// Show a backup
    Show {
        /// The backup: its id, the beginning of its id, or its folder
        backup: String,
    },
    /// Check that a backup can be restored, by reading all of it back
    #[command(after_help = "\
Examples:
  manifold backup verify 0199
  manifold backup verify /mnt/usb/aviation-sqlite-20261101T120000Z-0199

Every file is compared with the manifest, then all rows are read back and compared, table by table. Nothing is \
changed but the time of the check. Exit code 1 when the backup is damaged.")]
    Verify {
        /// The backup: its id, the beginning of its id, or its folder
        backup: String,
        /// Only write the job down, for a worker to do
        #[arg(long)]
        detach: bool,
    },
    /// Delete a backup, with its files
    Delete(DeleteArgs),
    /// Delete the backups that a policy does not keep
    Prune(PruneArgs),
    /// Make backups of a project again and again
    Schedule(ScheduleArgs),
    /// Make no more backups of a project by schedule
    Unschedule(UnscheduleArgs),
}

impl BackupCommand {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Show { .. })
    }
}

/// Runs a verb.
pub(crate) async fn run(command: BackupCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        BackupCommand::Create(arguments) => create::run(arguments, session).await,
        BackupCommand::List { project } => list::run(project.as_deref(), session).await,
        BackupCommand::Show { backup } => show::run(&backup, session).await,
        BackupCommand::Verify { backup, detach } => verify::run(&backup, detach, session).await,
        BackupCommand::Delete(arguments) => delete::run(arguments, session).await,
        BackupCommand::Prune(arguments) => prune::run(arguments, session).await,
        BackupCommand::Schedule(arguments) => schedule::run(arguments, session).await,
        BackupCommand::Unschedule(arguments) => unschedule::run(arguments, session).await,
    }
}
