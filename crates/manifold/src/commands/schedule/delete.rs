//! `manifold schedule delete`

use clap::Args;
use manifold_jobs::schedule::Schedules;
use serde_json::json;

use super::{schedules, shape};
use crate::session::Session;
use crate::table::printable;

/// Which schedule.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold schedule delete nightly --dry-run
  manifold schedule delete nightly --yes")]
pub(crate) struct DeleteArgs {
    /// The schedule: its id, its name, or the beginning of its id
    schedule: String,
    /// Say what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
}

/// Deletes a schedule.
pub(super) async fn run(arguments: DeleteArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let schedules = schedules(&store);
    let row = schedules.find(&arguments.schedule).await?;
    let id = Schedules::id(&row)?;
    let shape = shape(&schedules, row).await?;
    let what = format!("schedule {} ({id})", printable(&shape.name));
    let output = session.output();
    if arguments.dry_run {
        output.show(&json!({ "plan": { "schedule": shape } }), || {
            format!("Would delete {what}.")
        })?;
        output.note("Nothing was changed.");
        return Ok(());
    }
    session.confirm(format!("Delete {what}")).await?;
    schedules.delete(&id).await?;
    output.confirm(&json!({ "deleted": [shape] }), || {
        format!("Deleted {what}.")
    })?;
    Ok(())
}
