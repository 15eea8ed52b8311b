//! `manifold backup`

mod create;
mod create_all;
mod delete;
mod list;
mod prune;
mod reference;
mod scan;
mod schedule;
mod scheduled_job;
mod show;
mod stats;
mod unschedule;
mod verify;

use clap::Subcommand;

use self::create::CreateArgs;
use self::delete::DeleteArgs;
use self::prune::PruneArgs;
pub(crate) use self::reference::{FoundBackup, of_project};
use self::scan::ScanArgs;
use self::schedule::ScheduleArgs;
use self::unschedule::UnscheduleArgs;
use self::verify::VerifyArgs;
use crate::session::Session;

/// What to do with backups.
#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Make a backup of a project, or of the whole store
    Create(CreateArgs),
    /// List backups, newest first
    List {
        /// Only those of this project: its id, its name, or the beginning of its id
        project: Option<String>,
    },
    /// Show a backup
    Show {
        /// The backup: its id, the beginning of its id, its folder, or its address
        backup: String,
    },
    /// Check that a backup can be restored, by reading all of it back
    Verify(VerifyArgs),
    /// How many backups there are, how large, and when last proven
    Stats {
        /// Only those of this project: its id, its name, or the beginning of its id
        project: Option<String>,
    },
    /// Delete a backup, with its files
    Delete(DeleteArgs),
    /// Look for backups in a folder or at an address, and add them to the list
    Scan(ScanArgs),
    /// Delete the backups that a policy does not keep
    Prune(PruneArgs),
    /// Make, verify, drill or prune backups again and again
    Schedule(ScheduleArgs),
    /// Do that no more
    Unschedule(UnscheduleArgs),
}

impl BackupCommand {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        match self {
            Self::List { .. } | Self::Show { .. } | Self::Stats { .. } => true,
            Self::Scan(arguments) => arguments.only_reads(),
            _ => false,
        }
    }
}

/// Runs a verb.
pub(crate) async fn run(command: BackupCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        BackupCommand::Create(arguments) => create::run(arguments, session).await,
        BackupCommand::List { project } => list::run(project.as_deref(), session).await,
        BackupCommand::Show { backup } => show::run(&backup, session).await,
        BackupCommand::Verify(arguments) => verify::run(arguments, session).await,
        BackupCommand::Stats { project } => stats::run(project.as_deref(), session).await,
        BackupCommand::Delete(arguments) => delete::run(arguments, session).await,
        BackupCommand::Scan(arguments) => scan::run(arguments, session).await,
        BackupCommand::Prune(arguments) => prune::run(arguments, session).await,
        BackupCommand::Schedule(arguments) => schedule::run(arguments, session).await,
        BackupCommand::Unschedule(arguments) => unschedule::run(arguments, session).await,
    }
}
