//! `manifold sync schedule`

use clap::Args;
use entity_core::job_schedules;
use manifold_jobs::jobs::{ExportData, SyncSource, SyncTarget};
use manifold_jobs::sync::can_sync;
use manifold_jobs::{Job as _, new_job};
use manifold_store::{Projects, SourceId};

use super::how::How;
use super::target::{Target, TargetArgs};
use super::{file, source};
use crate::command_error::CommandError;
use crate::commands::schedule::made;
use crate::session::Session;
use crate::table::printable;
use crate::timing::TimingFlags;

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
    #[command(flatten)]
    timing: TimingFlags,
    /// What the schedule is called [default: sync SOURCE]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    how: How,
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
    let what = format!(
        "{} of {}",
        printable(&source.name),
        printable(&project.name)
    );
    made::set(arguments.timing.spec(name, job), &what, session).await
}
