//! `manifold backup schedule`

use std::sync::Arc;

use clap::Args;
use manifold_jobs::backup::{BackupOptions, refuse_store};
use manifold_jobs::jobs::{BackupProject, BackupStore};
use manifold_jobs::new_job;
use manifold_store::{NewJob, ProjectId, Projects, SqliteManager, StoreError};

use super::create::{TypeArgument, place};
use super::scheduled_job::ScheduledJob;
use crate::command_error::CommandError;
use crate::commands::schedule::made;
use crate::encryption_flags::EncryptionFlags;
use crate::keep::KeepFlags;
use crate::session::Session;
use crate::table::printable;
use crate::tables_flag::TablesFlag;
use crate::timing::TimingFlags;

/// When, what to save, and how.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold backup schedule aviation --cron '30 2 * * *'
  manifold backup schedule aviation --cron @weekly --name weekly --type full --compress --to /mnt/usb
  manifold backup schedule aviation --cron '0 * * * *' --keep-hourly 24 --keep-daily 7 --keep-monthly 12
  manifold backup schedule aviation --job drill --cron '0 4 * * sun'
  manifold backup schedule aviation --job prune --cron @daily --keep-daily 7 --keep-weekly 4
  manifold backup schedule aviation --cron '0 * * * *' --time-zone UTC --on-failure-command notify-send 'no backup'
  manifold backup schedule --all --cron '0 3 * * sun' --compress --to /mnt/usb --keep-weekly 8

The five fields are minute, hour, day of the month, month and day of the week. Each backup is read back and compared \
once it is made. With a --keep flag, what the policy does not keep is deleted then, as by `backup prune`.

--job verify and --job drill take, each time, the backup that was not verified or drilled for the longest time: first those \
that never were, of these the newest. Damage is a failure, each time until the backup is deleted.

With --all each backup is one of the whole store, and --job verify, drill and prune look at those alone.

With --tables the backup holds the rows of those sources alone; each must be there each time, or the backup fails. \
A project, and the whole store, has one schedule of a name: the same command again changes it. `manifold schedule` lists, \
switches off and deletes schedules.

The command on failure is run without a shell, with what failed in MANIFOLD_JOB_ID, MANIFOLD_PROJECT_ID, \
MANIFOLD_SCHEDULE, MANIFOLD_ERROR_CODE and MANIFOLD_ERROR_MESSAGE; `;` ends it where other flags follow.")]
pub(crate) struct ScheduleArgs {
    /// The project: its id, its name, or the beginning of its id
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    project: Option<String>,
    /// The whole store: every project, and what the hub knows
    #[arg(long, conflicts_with = "tables")]
    all: bool,
    /// What is done
    #[arg(long, value_enum, default_value = "backup")]
    job: ScheduledJob,
    #[command(flatten)]
    timing: TimingFlags,
    /// What the schedule is called [default: as the job]
    #[arg(long)]
    name: Option<String>,
    /// How it is saved [default: sqlite]
    #[arg(long, value_name = "TYPE")]
    r#type: Option<TypeArgument>,
    /// The folder in which the backups' own folders will be, or an address [default: `backups` in the data folder]
    #[arg(long, value_name = "DIR|URL")]
    to: Option<String>,
    /// Compress with zstd
    #[arg(long)]
    compress: bool,
    #[command(flatten)]
    encryption: EncryptionFlags,
    /// Save sources, columns and settings, but no rows
    #[arg(long)]
    without_data: bool,
    #[command(flatten)]
    tables: TablesFlag,
    /// Do not read each backup back; it never counts as verified then
    #[arg(long)]
    no_verify: bool,
    #[command(flatten)]
    keep: KeepFlags,
}

impl ScheduleArgs {
    /// What is done each time, to the whole store without a project.
    async fn job(
        &self,
        store: &Arc<SqliteManager>,
        project: Option<&ProjectId>,
    ) -> anyhow::Result<NewJob> {
        let scheduled = self.job;
        if scheduled != ScheduledJob::Backup {
            let of_backups = self.r#type.is_some()
                || self.to.is_some()
                || self.compress
                || self.without_data
                || self.tables.is_given()
                || self.no_verify
                || self.encryption.is_given();
            let keep = self.keep.policy_if_any();
            if of_backups || (keep.is_some() && scheduled != ScheduledJob::Prune) {
                let message = format!(
                    "--job {} makes no backup: leave out the flags that say how one is made",
                    scheduled.name()
                );
                return Err(CommandError::Usage { message }.into());
            }
        }
        Ok(match scheduled {
            ScheduledJob::Backup => self.backup(store, project).await?,
            ScheduledJob::Verify | ScheduledJob::Drill => scheduled.check(project)?,
            ScheduledJob::Prune => ScheduledJob::prune(project, self.keep.policy()?)?,
        })
    }

    /// The job that makes a backup.
    async fn backup(
        &self,
        store: &Arc<SqliteManager>,
        project: Option<&ProjectId>,
    ) -> anyhow::Result<NewJob> {
        let backup_type = self.r#type.unwrap_or(TypeArgument::Sqlite).into();
        let to = self.to.as_deref().map(place).transpose()?;
        let encryption = self.encryption.encryption()?;
        let options = BackupOptions {
            without_data: self.without_data,
            compress: self.compress,
        };
        let (verify, keep) = (!self.no_verify, self.keep.policy_if_any());
        let Some(project) = project else {
            refuse_store(backup_type)?;
            let job = BackupStore {
                to,
                encryption,
                options,
                verify,
                keep,
                ..BackupStore::each_time(backup_type)
            };
            return Ok(new_job(&job, None)?);
        };
        let job = BackupProject {
            sources: self.tables.sources(store, project, backup_type).await?,
            to,
            encryption,
            options,
            verify,
            keep,
            ..BackupProject::each_time(project.clone(), backup_type)
        };
        Ok(new_job(&job, Some(project.clone()))?)
    }
}

/// A project with its name, or the whole store without one.
pub(super) async fn subject(
    store: &Arc<SqliteManager>,
    project: Option<&str>,
) -> Result<(Option<ProjectId>, String), StoreError> {
    let Some(project) = project else {
        return Ok((None, "the whole store".to_owned()));
    };
    let project = Projects::new(store).find(project).await?;
    Ok((Some(Projects::id(&project)?), printable(&project.name)))
}

/// Makes a schedule for the backups of a project or of the whole store, or changes it.
pub(super) async fn run(arguments: ScheduleArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let (id, of) = subject(&store, arguments.project.as_deref()).await?;
    let job = arguments.job(&store, id.as_ref()).await?;
    let scheduled = arguments.job;
    let name = arguments
        .name
        .unwrap_or_else(|| scheduled.name().to_owned());
    let what = format!("{} of {of}", scheduled.what());
    made::set(arguments.timing.spec(name, job), &what, session).await
}
