//! `manifold backup unschedule`

use clap::Args;
use manifold_store::Projects;

use super::scheduled_job::ScheduledJob;
use crate::commands::schedule::{made, schedules};
use crate::session::Session;
use crate::table::printable;

/// Which schedules.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold backup unschedule aviation
  manifold backup unschedule aviation --name weekly
  manifold backup unschedule aviation --job drill

Backups that were made stay.")]
pub(crate) struct UnscheduleArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// What is done no more
    #[arg(long, value_enum, default_value = "backup")]
    job: ScheduledJob,
    /// Only the schedule of this name [default: all of the project that do this]
    #[arg(long)]
    name: Option<String>,
}

/// Deletes schedules for the backups of a project.
pub(super) async fn run(arguments: UnscheduleArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::new(&store).find(&arguments.project).await?;
    let mut found = schedules(&store)
        .list(Some(&Projects::id(&project)?))
        .await?;
    found.retain(|row| {
        let is_named = arguments.name.as_ref().is_none_or(|name| *name == row.name);
        arguments.job.is_of(row) && is_named
    });
    let what = format!("{} of {}", arguments.job.what(), printable(&project.name));
    let wanted = arguments.name.unwrap_or(arguments.project);
    made::delete(found, &what, wanted, session).await
}
