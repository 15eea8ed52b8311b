//! `manifold backup schedule`

use std::sync::Arc;

use clap::Args;
use manifold_jobs::backup::BackupOptions;
use manifold_jobs::jobs::BackupProject;
use manifold_jobs::new_job;
use manifold_store::{NewJob, ProjectId, Projects, SqliteManager};

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

The five fields are minute, hour, day of the month, month and day of the week. Each backup is read back and compared \
once it is made. With a --keep flag, what the policy does not keep is deleted then, as by `backup prune`.

--job verify and --job drill take, each time, the backup that was not verified or drilled for the longest time: first those \
that never were, of these the newest. Damage is a failure, each time until the backup is deleted.

With --tables the backup holds the rows of those sources alone; each must be there each time, or the backup fails. \
A project has one schedule of a name: the same command again changes it. `manifold schedule` lists, \
switches off and deletes schedules.

The command on failure is run without a shell, with what failed in MANIFOLD_JOB_ID, MANIFOLD_PROJECT_ID, \
MANIFOLD_SCHEDULE, MANIFOLD_ERROR_CODE and MANIFOLD_ERROR_MESSAGE; `;` ends it where other flags follow.")]
pub(crate) struct ScheduleArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
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
    /// What is done each time.
    async fn job(&self, store: &Arc<SqliteManager>, project: &ProjectId) -> anyhow::Result<NewJob> {
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
            ScheduledJob::Backup => {
                let backup_type = self.r#type.unwrap_or(TypeArgument::Sqlite).into();
                let job = BackupProject {
                    sources: self.tables.sources(store, project, backup_type).await?,
                    to: self.to.as_deref().map(place).transpose()?,
                    encryption: self.encryption.encryption()?,
                    options: BackupOptions {
                        without_data: self.without_data,
                        compress: self.compress,
                    },
                    verify: !self.no_verify,
                    keep: self.keep.policy_if_any(),
                    ..BackupProject::each_time(project.clone(), backup_type)
                };
                new_job(&job, Some(project.clone()))?
            }
            ScheduledJob::Verify | ScheduledJob::Drill => scheduled.check(project)?,
            ScheduledJob::Prune => ScheduledJob::prune(project, self.keep.policy()?)?,
        })
    }
}

/// Makes a schedule for the backups of a project, or changes it.
pub(super) async fn run(arguments: ScheduleArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::new(&store).find(&arguments.project).await?;
    let id = Projects::id(&project)?;
    let job = arguments.job(&store, &id).await?;
    let scheduled = arguments.job;
    let name = arguments
        .name
        .unwrap_or_else(|| scheduled.name().to_owned());
    let what = format!("{} of {}", scheduled.what(), printable(&project.name));
    made::set(arguments.timing.spec(name, job), &what, session).await
}
