//! `manifold backup unschedule`

use clap::Args;
use manifold_store::ProjectId;

use super::schedule::subject;
use super::scheduled_job::ScheduledJob;
use crate::commands::schedule::{made, schedules};
use crate::session::Session;

/// Which schedules.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold backup unschedule aviation
  manifold backup unschedule aviation --name weekly
  manifold backup unschedule aviation --job drill
  manifold backup unschedule --all

Backups that were made stay.")]
pub(crate) struct UnscheduleArgs {
    /// The project: its id, its name, or the beginning of its id
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    project: Option<String>,
    /// The whole store
    #[arg(long)]
    all: bool,
    /// What is done no more
    #[arg(long, value_enum, default_value = "backup")]
    job: ScheduledJob,
    /// Only the schedule of this name [default: all of the project that do this]
    #[arg(long)]
    name: Option<String>,
}

/// Deletes schedules for the backups of a project, or of the whole store.
pub(super) async fn run(arguments: UnscheduleArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let (id, of) = subject(&store, arguments.project.as_deref()).await?;
    let mut found = schedules(&store).list(id.as_ref()).await?;
    found.retain(|row| {
        let is_of_subject = row.project_id.as_deref() == id.as_ref().map(ProjectId::as_str);
        let is_named = arguments.name.as_ref().is_none_or(|name| *name == row.name);
        is_of_subject && arguments.job.is_of(row) && is_named
    });
    let what = format!("{} of {of}", arguments.job.what());
    let wanted = arguments.name.or(arguments.project).unwrap_or(of);
    made::delete(found, &what, wanted, session).await
}
