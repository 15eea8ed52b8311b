//! `manifold sync schedule`

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, ValueEnum};
use entity_core::enums::OverlapPolicy;
use entity_core::job_schedules;
use manifold_jobs::jobs::{ExportData, SyncSource, SyncTarget};
use manifold_jobs::schedule::{Missed, OnFailure, ScheduleSpec};
use manifold_jobs::sync::can_sync;
use manifold_jobs::{Job as _, new_job};
use manifold_store::{Projects, SourceId};
use serde_json::json;

use super::how::How;
use super::target::{Target, TargetArgs};
use super::{file, source};
use crate::command_error::CommandError;
use crate::commands::schedule::{NEEDS_WORKER, schedules, shape};
use crate::config;
use crate::session::Session;
use crate::table::printable;

/// When, what to sync, and how.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold sync schedule aviation weather --cron '*/15 * * * *'
  manifold sync schedule aviation planes --cron '30 2 * * *' --time-zone UTC --mode merge --deletes soft
  manifold sync schedule aviation planes --cron @hourly --to sqlite:/srv/fleet.db --table planes --mode merge
  manifold sync schedule aviation planes --cron @hourly --on-failure-url 'https://example.com/${secret:HOOK}'

The five fields are minute, hour, day of the month, month and day of the week. What would delete more rows than --max-deletes \
allows fails each time and changes nothing.

A source has one schedule of a name: the same command again changes it. `manifold schedule` lists, switches off and deletes \
schedules, and runs their jobs at once.

The command on failure is run without a shell, with what failed in MANIFOLD_JOB_ID, MANIFOLD_PROJECT_ID, \
MANIFOLD_SCHEDULE, MANIFOLD_ERROR_CODE and MANIFOLD_ERROR_MESSAGE; `;` ends it where other flags follow.")]
pub(crate) struct ScheduleArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The source: its id, its name, or the beginning of its id
    source: String,
    /// When, as a cron expression
    #[arg(long, value_name = "EXPR")]
    cron: String,
    /// By whose clock, such as Europe/Berlin [default: that of this machine]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// What the schedule is called [default: sync SOURCE]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    how: How,
    /// What becomes of slots for which no worker ran
    #[arg(long, value_name = "POLICY", default_value = "run_once")]
    missed: MissedArgument,
    /// How many minutes late a slot may be begun, with --missed skip
    #[arg(long, value_name = "MINUTES", default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=525_600))]
    missed_grace: u64,
    /// What becomes of a slot while a sync of the schedule goes on: skip it, queue it behind that one, or allow both
    #[arg(long, value_name = "POLICY", default_value = "skip", value_parser = PossibleValuesParser::new(OverlapPolicy::VALUES).try_map(|policy| policy.parse::<OverlapPolicy>()))]
    overlap: OverlapPolicy,
    /// What is run when a sync fails: a program and its arguments
    #[arg(long, value_name = "WORD", num_args = 1.., value_terminator = ";", allow_hyphen_values = true)]
    on_failure_command: Vec<String>,
    /// Where a POST with JSON goes when a sync fails; `${secret:NAME}` and `${env:NAME}` stand for what must not be stored
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
}

/// The source that a schedule syncs, if it does that.
pub(super) fn source_of(schedule: &job_schedules::Model) -> Option<&str> {
    let key = match schedule.kind.as_str() {
        SyncSource::KIND | SyncTarget::KIND => "source_id",
        ExportData::KIND => "follows",
        _ => return None,
    };
    schedule.payload[key].as_str()
}

/// What the schedule of a source is called.
fn default_name(source: &str, id: &SourceId, target: Option<&Target>) -> String {
    let to = match target {
        None => String::new(),
        Some(Target::Table(target)) => format!(" to {}", target.table),
        Some(Target::File(to)) => format!(" to {}", to.shown()),
    };
    let name = format!("sync {source}{to}");
    match name.chars().count() {
        0..=100 => name,
        _ => format!("sync {id}"),
    }
}

/// Makes a schedule for a source, or changes it.
pub(super) async fn run(arguments: ScheduleArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::new(&store).find(&arguments.project).await?;
    let id = Projects::id(&project)?;
    let (source, source_id) = source(&store, &id, &arguments.source).await?;
    let target = arguments
        .target
        .target(&id, source_id.clone(), &arguments.how)?;
    if target.is_none() && !can_sync(&id, &source) {
        let message = format!(
            "the config of {} does not say where its rows come from, so it cannot be synced; `manifold sync run --dry-run` \
             says what is missing",
            printable(&source.name)
        );
        return Err(CommandError::Usage { message }.into());
    }
    let name = arguments.name;
    let name = name.unwrap_or_else(|| default_name(&source.name, &source_id, target.as_ref()));
    let job = match &target {
        Some(Target::Table(target)) => new_job(target, Some(id))?,
        Some(Target::File(to)) => new_job(&file::job(to, &store, &id, &source).await?, Some(id))?,
        None => {
            let request = arguments.how.request(id.clone(), source_id)?;
            new_job(&SyncSource { request }, Some(id))?
        }
    };
    let command = arguments.on_failure_command;
    let spec = ScheduleSpec {
        time_zone: arguments.time_zone.unwrap_or_else(config::time_zone),
        missed: match arguments.missed {
            MissedArgument::Skip => Missed::Skip {
                grace: Duration::from_secs(60 * arguments.missed_grace),
            },
            MissedArgument::RunOnce => Missed::RunOnce,
        },
        overlap: arguments.overlap,
        on_failure: match arguments.on_failure_url {
            Some(url) => Some(OnFailure::webhook(url)),
            None => (!command.is_empty()).then(|| OnFailure::command(command)),
        },
        ..ScheduleSpec::new(name, arguments.cron, job)
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
            printable(&source.name),
            printable(&project.name),
            shape.id,
            shape.next()
        )
    })?;
    output.note(NEEDS_WORKER);
    Ok(())
}
