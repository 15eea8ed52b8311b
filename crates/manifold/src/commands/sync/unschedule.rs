//! `manifold sync unschedule`

use clap::Args;
use manifold_store::Projects;

use super::schedule::source_of;
use super::source;
use crate::commands::schedule::{made, schedules};
use crate::session::Session;
use crate::table::printable;

/// Which schedules.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold sync unschedule aviation weather
  manifold sync unschedule aviation weather --name nightly

The rows stay, and so does where the last sync ended.")]
pub(crate) struct UnscheduleArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The source: its id, its name, or the beginning of its id
    source: String,
    /// Only the schedule of this name [default: all that sync the source]
    #[arg(long)]
    name: Option<String>,
}

/// Deletes schedules for a source.
pub(super) async fn run(arguments: UnscheduleArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::new(&store).find(&arguments.project).await?;
    let id = Projects::id(&project)?;
    let (source, _) = source(&store, &id, &arguments.source).await?;
    let mut found = schedules(&store).list(Some(&id)).await?;
    found.retain(|row| {
        let is_named = arguments.name.as_ref().is_none_or(|name| *name == row.name);
        is_named && source_of(row) == Some(&source.id)
    });
    let what = format!(
        "{} of {}",
        printable(&source.name),
        printable(&project.name)
    );
    let wanted = arguments.name.unwrap_or(arguments.source);
    made::delete(found, &what, wanted, session).await
}
