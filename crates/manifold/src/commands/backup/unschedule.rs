//! `manifold backup unschedule`

use clap::Args;
use manifold_jobs::schedule::Schedules;
use manifold_store::{Projects, StoreError};
use serde_json::json;

use super::scheduled_job::ScheduledJob;
use crate::commands::schedule::{schedules, shape};
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
    let schedules = schedules(&store);
    let mut found = schedules.list(Some(&Projects::id(&project)?)).await?;
    found.retain(|row| {
        let is_named = arguments.name.as_ref().is_none_or(|name| *name == row.name);
        arguments.job.is_of(row) && is_named
    });
    if found.is_empty() {
        let name = arguments.name.unwrap_or(arguments.project);
        return Err(StoreError::NotFound {
            what: "schedule",
            name,
        }
        .into());
    }
    let mut deleted = Vec::new();
    for row in found {
        let id = Schedules::id(&row)?;
        let shape = shape(&schedules, row).await?;
        schedules.delete(&id).await?;
        deleted.push(shape);
    }
    let names: Vec<_> = deleted.iter().map(|shape| printable(&shape.name)).collect();
    session
        .output()
        .confirm(&json!({ "deleted": deleted }), || {
            format!(
                "Deleted what was scheduled for {} of {}: {}.",
                arguments.job.what(),
                printable(&project.name),
                names.join(", ")
            )
        })?;
    Ok(())
}
