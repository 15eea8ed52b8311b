//! `manifold backup schedule`

use std::sync::Arc;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, ValueEnum};
use entity_core::enums::OverlapPolicy;
use manifold_jobs::backup::BackupOptions;
use manifold_jobs::jobs::BackupProject;
use manifold_jobs::new_job;
use manifold_jobs::schedule::{Missed, OnFailure, ScheduleSpec};
use manifold_store::{NewJob, ProjectId, Projects, SqliteManager};
use serde_json::json;

use super::create::{TypeArgument, place};
use super::scheduled_job::ScheduledJob;
use crate::command_error::CommandError;
use crate::commands::schedule::{NEEDS_WORKER, schedules, shape};
use crate::config;
use crate::encryption_flags::EncryptionFlags;
use crate::keep::KeepFlags;
use crate::session::Session;
use crate::table::printable;
use crate::tables_flag::TablesFlag;

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
    /// When, as a cron expression
    #[arg(long, value_name = "EXPR")]
    cron: String,
    /// By whose clock, such as Europe/Berlin [default: that of this machine]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
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
    /// What becomes of slots for which no worker ran
    #[arg(long, value_name = "POLICY", default_value = "run_once")]
    missed: MissedArgument,
    /// How many missed slots are done at most, with --missed run_all
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    missed_max: u32,
    /// How many minutes late a slot may be begun, with --missed skip
    #[arg(long, value_name = "MINUTES", default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=525_600))]
    missed_grace: u64,
    /// What becomes of a slot while a backup of the schedule goes on: skip it, queue it behind that one, or allow both
    #[arg(long, value_name = "POLICY", default_value = "skip", value_parser = PossibleValuesParser::new(OverlapPolicy::VALUES).try_map(|policy| policy.parse::<OverlapPolicy>()))]
    overlap: OverlapPolicy,
    /// What is run when a backup fails: a program and its arguments
    #[arg(long, value_name = "WORD", num_args = 1.., value_terminator = ";", allow_hyphen_values = true)]
    on_failure_command: Vec<String>,
    /// Where a POST with JSON goes when a backup fails; `${secret:NAME}` and `${env:NAME}` stand for what must not be stored
    #[arg(long, value_name = "URL", conflicts_with = "on_failure_command")]
    on_failure_url: Option<String>,
}

/// What becomes of slots for which no worker ran.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum MissedArgument {
    /// They are left out; one that is a little late is done
    Skip,
    /// The latest is done
    RunOnce,
    /// The latest are done, one after the other
    RunAll,
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
    let command = arguments.on_failure_command;
    let spec = ScheduleSpec {
        time_zone: arguments.time_zone.unwrap_or_else(config::time_zone),
        missed: match arguments.missed {
            MissedArgument::Skip => Missed::Skip {
                grace: Duration::from_secs(60 * arguments.missed_grace),
            },
            MissedArgument::RunOnce => Missed::RunOnce,
            MissedArgument::RunAll => Missed::RunAll {
                max: arguments.missed_max,
            },
        },
        overlap: arguments.overlap,
        on_failure: match arguments.on_failure_url {
            Some(url) => Some(OnFailure::webhook(url)),
            None => (!command.is_empty()).then(|| OnFailure::command(command)),
        },
        ..ScheduleSpec::new(
            arguments
                .name
                .unwrap_or_else(|| arguments.job.name().to_owned()),
            arguments.cron,
            job,
        )
    };
    let schedules = schedules(&store);
    let (row, created) = schedules.set(spec).await?;
    let shape = shape(&schedules, row).await?;
    let output = session.output();
    let document = json!({ "schedule": shape, "created": created });
    output.confirm(&document, || {
        format!(
            "{} schedule {} for {} of {}.\n  id    {}\n  next  {}",
            if created { "Made" } else { "Changed" },
            printable(&shape.name),
            arguments.job.what(),
            printable(&project.name),
            shape.id,
            shape.next()
        )
    })?;
    output.note(NEEDS_WORKER);
    Ok(())
}
