//! `manifold backup create`

use clap::{Args, ValueEnum};
use entity_core::enums::BackupType;
use manifold_jobs::backup::{BackupError, BackupOptions, Location};
use manifold_jobs::jobs::BackupProject;
use manifold_store::Projects;
use serde_json::json;

use super::create_all;
use crate::encryption_flags::EncryptionFlags;
use crate::session::Session;
use crate::shapes::backup::BackupShape;
use crate::shapes::job::JobShape;
use crate::table::printable;
use crate::tables_flag::TablesFlag;

/// What to save, and how.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold backup create aviation
  manifold backup create aviation --type full --compress --to /mnt/usb
  manifold backup create aviation --type csv --without-data --description 'the sources alone'
  manifold backup create aviation --type csv --tables airports,airlines
  manifold backup create aviation --compress --to s3://bucket/backups --encrypt-to age1..
  manifold backup create --all --compress --to s3://bucket/backups --encrypt-to age1..

The backup holds one state of the project, however much is written meanwhile. It is a folder; it appears when it is \
complete. `manifold restore` brings it back, in this data folder or another.

With --tables the definitions of all sources are saved, and the snapshots and rows of those that are named: by id, name or the beginning of \
the id. It becomes a project of its own, in which the other sources are empty; it never replaces one in place.

--to takes a folder or an address: s3://bucket/prefix, gs://bucket/prefix, az://container/prefix. Its credentials are taken from \
variables such as AWS_ACCESS_KEY_ID where the job runs, or from secrets with these names. A backup that was interrupted goes on with \
what was sent.

With --all every project and the hub are saved under one id, in one folder: projects that were taken at one moment \
are told by `manifold backup show`. One into which somebody imports is waited for, a minute at most. One that is damaged \
does not keep the others from being saved: it is named, and the exit code is 1. --type incremental is not for --all.

The files of an encrypted backup are files of age. Their key lies beside them in `keys`, encrypted for the recipients, and in the data \
folder, which therefore needs nobody to make, verify or restore them.")]
pub(crate) struct CreateArgs {
    /// The project: its id, its name, or the beginning of its id
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    project: Option<String>,
    /// Save the whole store: every project, and what the hub knows
    #[arg(long, conflicts_with = "tables")]
    all: bool,
    /// How it is saved
    #[arg(long, value_name = "TYPE", default_value = "sqlite")]
    pub(super) r#type: TypeArgument,
    /// The folder in which the backup's own folder will be, or an address [default: `backups` in the data folder]
    #[arg(long, value_name = "DIR|URL")]
    pub(super) to: Option<String>,
    /// Compress with zstd
    #[arg(long)]
    pub(super) compress: bool,
    #[command(flatten)]
    pub(super) encryption: EncryptionFlags,
    /// Save sources, columns and settings, but no rows
    #[arg(long)]
    pub(super) without_data: bool,
    #[command(flatten)]
    pub(super) tables: TablesFlag,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,
    /// Only write the job down, for a worker to do
    #[arg(long)]
    pub(super) detach: bool,
}

/// How a project is saved.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum TypeArgument {
    /// The database file itself; the fastest
    Sqlite,
    /// A CSV file for each table
    Csv,
    /// One JSON document
    Full,
    /// What changed since the last backup of this type; all of them share what they have in common
    Incremental,
}

/// Makes a backup.
pub(super) async fn run(arguments: CreateArgs, session: &Session) -> anyhow::Result<()> {
    let Some(project) = arguments.project.clone() else {
        return create_all::run(arguments, session).await;
    };
    let store = session.store().await?;
    let project = Projects::new(&store).find(&project).await?;
    let id = Projects::id(&project)?;
    let backup_type = arguments.r#type.into();
    let job = BackupProject {
        sources: arguments.tables.sources(&store, &id, backup_type).await?,
        to: arguments.to.as_deref().map(place).transpose()?,
        encryption: arguments.encryption.encryption()?,
        options: BackupOptions {
            without_data: arguments.without_data,
            compress: arguments.compress,
        },
        description: arguments.description.filter(|text| !text.is_empty()),
        ..BackupProject::new(id.clone(), backup_type)
    };
    if arguments.detach {
        let document = |job: &JobShape| json!({ "job": job, "backup": null });
        return session.detach(&job, Some(id), document).await;
    }
    let title = format!("backup of {}", project.name);
    let ran = session.foreground(title, job, Some(id)).await?;
    let output = session.output();
    match ran.outcome {
        Ok(made) => {
            let made = BackupShape::new(made, Some(project.name));
            let made = made.measured(session.places()?).await;
            output.confirm(&json!({ "job": ran.job, "backup": made }), || {
                format!(
                    "Made {}.\n  id      {}\n  folder  {}",
                    made.summary(),
                    made.id,
                    printable(&made.location)
                )
            })?;
            output.note(&format!("Check it: manifold backup verify {}", made.id));
            Ok(())
        }
        Err(error) => {
            output.document(&json!({ "job": ran.job, "backup": null }))?;
            Err(error)
        }
    }
}

/// The place, wherever the program is started the next time.
pub(super) fn place(given: &str) -> Result<Location, BackupError> {
    Location::from(given).checked()
}

impl From<TypeArgument> for BackupType {
    fn from(argument: TypeArgument) -> Self {
        match argument {
            TypeArgument::Sqlite => Self::Sqlite,
            TypeArgument::Csv => Self::Csv,
            TypeArgument::Full => Self::Full,
            TypeArgument::Incremental => Self::Incremental,
        }
    }
}
