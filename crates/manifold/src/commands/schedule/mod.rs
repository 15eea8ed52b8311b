//! `manifold schedule`

mod delete;
mod list;
pub(crate) mod made;
mod run_now;
mod show;
mod switch;

use std::collections::HashMap;
use std::sync::Arc;

use clap::Subcommand;
use entity_core::job_schedules;
use manifold_jobs::schedule::{ScheduleError, Schedules};
use manifold_store::{Jobs, Projects, SqliteManager, StoreError};

use self::delete::DeleteArgs;
use crate::session::Session;
use crate::shapes::schedule::ScheduleShape;

/// How a worker is started, for those who made something that waits for one.
pub(crate) const NEEDS_WORKER: &str =
    "Jobs of schedules are done while a worker runs: manifold worker";

/// What to do with schedules.
#[derive(Debug, Subcommand)]
pub(crate) enum ScheduleCommand {
    /// List schedules, with when each is due next
    List {
        /// Only those of this project: its id, its name, or the beginning of its id
        project: Option<String>,
    },
    /// Show a schedule, its next slots and its latest job
    Show {
        /// The schedule: its id, its name, or the beginning of its id
        schedule: String,
    },
    /// Switch a schedule on; what was due while it was off is not done
    Enable {
        /// The schedule: its id, its name, or the beginning of its id
        schedule: String,
    },
    /// Switch a schedule off; jobs that it has written down stay
    Disable {
        /// The schedule: its id, its name, or the beginning of its id
        schedule: String,
    },
    /// Write down a job of a schedule for now, whatever its slots
    #[command(after_help = "Examples:\n  manifold schedule run backup\n\nA worker does it.")]
    Run {
        /// The schedule: its id, its name, or the beginning of its id
        schedule: String,
    },
    /// Delete a schedule; its jobs and backups stay
    Delete(DeleteArgs),
}

impl ScheduleCommand {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Show { .. })
    }
}

/// Runs a verb.
pub(crate) async fn run(command: ScheduleCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        ScheduleCommand::List { project } => list::run(project.as_deref(), session).await,
        ScheduleCommand::Show { schedule } => show::run(&schedule, session).await,
        ScheduleCommand::Enable { schedule } => switch::run(&schedule, true, session).await,
        ScheduleCommand::Disable { schedule } => switch::run(&schedule, false, session).await,
        ScheduleCommand::Run { schedule } => run_now::run(&schedule, session).await,
        ScheduleCommand::Delete(arguments) => delete::run(arguments, session).await,
    }
}

/// The schedules of a store.
pub(crate) fn schedules(store: &Arc<SqliteManager>) -> Schedules {
    Schedules::new(&Jobs::new(store))
}

/// The shape of a schedule.
pub(crate) async fn shape(
    schedules: &Schedules,
    row: job_schedules::Model,
) -> Result<ScheduleShape, ScheduleError> {
    let latest = schedules.latest_job(&Schedules::id(&row)?).await?;
    Ok(ScheduleShape::new(row, latest))
}

/// The names of projects by their ids.
async fn names(store: &Arc<SqliteManager>) -> Result<HashMap<String, String>, StoreError> {
    let projects = Projects::new(store).list().await?;
    Ok(projects.into_iter().map(|row| (row.id, row.name)).collect())
}

/// What a schedule works on, for people.
fn project_of(names: &HashMap<String, String>, schedule: &ScheduleShape) -> String {
    match &schedule.project_id {
        Some(id) => names.get(id).unwrap_or(id).clone(),
        None => "-".to_owned(),
    }
}
