//! The command line: nouns and global flags. The verbs of a noun stand in its file under `commands/`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ColorChoice, Parser, Subcommand};

use crate::commands::backup::BackupCommand;
use crate::commands::completions::CompletionsArgs;
use crate::commands::doctor::DoctorArgs;
use crate::commands::export::ExportArgs;
use crate::commands::import::ImportArgs;
use crate::commands::import_history::ImportHistoryArgs;
use crate::commands::job::JobCommand;
use crate::commands::log::LogArgs;
use crate::commands::migrate::MigrateCommand;
use crate::commands::project::ProjectCommand;
use crate::commands::query::QueryArgs;
use crate::commands::restore::RestoreArgs;
use crate::commands::schedule::ScheduleCommand;
use crate::commands::settings::SettingsCommand;
use crate::commands::snapshot::SnapshotCommand;
use crate::commands::source::SourceCommand;
use crate::commands::sync::SyncCommand;
use crate::commands::undo::UndoArgs;
use crate::commands::worker::WorkerArgs;
use crate::output::Output;

/// A local-first store for data-integration work: every import is a version
#[derive(Debug, Parser)]
#[command(name = "manifold", version, max_term_width = 110, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// The global flags.
    #[command(flatten)]
    pub(crate) global: Global,
    /// The noun.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  manifold import planes.csv --project aviation --create-project
  manifold query aviation 'SELECT manufacturer, count(*) FROM planes GROUP BY 1'
  manifold snapshot diff aviation planes@1 planes@latest

Exit codes: 0 done; 1 what was asked for failed; 2 wrong usage or internal error; 130 interrupted";

/// Flags that every command takes, before or after the verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The data folder [default: MANIFOLD_DATA_DIR, manifold.toml, or the platform's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Write one JSON document to stdout, and errors as JSON to stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but results and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Show on stderr what is done
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// Colour the output
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    /// Answer every question with yes
    #[arg(long, short, global = true)]
    pub(crate) yes: bool,
    /// Write nothing into the data folder, which need not be writable; what would is refused
    #[arg(long, global = true)]
    pub(crate) read_only: bool,
}

/// The nouns.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the data folder; safe to repeat
    Init,
    /// Projects: create, list, show, clone, adopt, delete, salvage and more
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Data sources of a project: create, list, show, update, index, secret
    #[command(subcommand)]
    Source(SourceCommand),
    /// Import files as snapshots
    Import(ImportArgs),
    /// List imports, newest first
    ImportHistory(ImportHistoryArgs),
    /// Snapshots, the versions of a source: list, show, rows, diff, history, rejects
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Run one SELECT on a project
    Query(QueryArgs),
    /// Export rows to a file
    Export(ExportArgs),
    /// Pull sources from where their rows come from: run, schedule, list, unschedule
    #[command(subcommand)]
    Sync(SyncCommand),
    /// Backups of projects: create, list, verify, stats, delete, prune, schedule and more
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Restore a project from a backup
    Restore(RestoreArgs),
    /// Undo what was done to a project last
    Undo(UndoArgs),
    /// Jobs, the work that takes time: list, show, watch, cancel, retry, explain and more
    #[command(subcommand)]
    Job(JobCommand),
    /// Do the jobs that wait, until it is stopped
    Worker(WorkerArgs),
    /// What went wrong lately: warnings and errors of jobs and of changes of projects
    Log(LogArgs),
    /// Schedules of jobs: list, show, enable, disable, run, delete
    #[command(subcommand)]
    Schedule(ScheduleCommand),
    /// Settings of the data folder: list, get, set, unset
    #[command(subcommand)]
    Settings(SettingsCommand),
    /// Schema versions of the hub and of every project: status, up
    #[command(subcommand)]
    Migrate(MigrateCommand),
    /// Find what is wrong with the data folder and its projects, and repair it
    Doctor(DoctorArgs),
    /// Write a script that completes commands in a shell
    Completions(CompletionsArgs),
}

impl Command {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        match self {
            Self::Project(command) => command.only_reads(),
            Self::Source(command) => command.only_reads(),
            Self::Snapshot(command) => command.only_reads(),
            Self::Sync(command) => command.only_reads(),
            Self::Backup(command) => command.only_reads(),
            Self::Settings(command) => command.only_reads(),
            Self::Migrate(command) => command.only_reads(),
            Self::ImportHistory(_) | Self::Query(_) | Self::Export(_) | Self::Completions(_) => {
                true
            }
            Self::Job(command) => command.only_reads(),
            Self::Schedule(command) => command.only_reads(),
            Self::Worker(arguments) => arguments.only_reads(),
            Self::Undo(arguments) => arguments.only_reads(),
            Self::Log(_) => true,
            Self::Doctor(arguments) => arguments.only_reads(),
            Self::Init | Self::Import(_) | Self::Restore(_) => false,
        }
    }
}

impl Global {
    /// How to write results and talk.
    pub(crate) fn output(&self) -> Output {
        Output {
            json: self.json,
            quiet: self.quiet,
        }
    }
}

/// The output that a command line asks for which cannot be parsed.
pub(crate) fn output_wanted(arguments: &[OsString]) -> Output {
    let json = arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument == "--json");
    Output { json, quiet: false }
}
