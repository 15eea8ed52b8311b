//! `manifold project trash`

mod empty;

use clap::Subcommand;
use manifold_store::{DatabaseManager as _, Projects, Settings, Trash};
use serde_json::json;

use self::empty::EmptyArgs;
use crate::session::Session;
use crate::shapes::project::ProjectShape;
use crate::shapes::trashed::{TrashTotals, TrashedShape};
use crate::table::printable;

/// What to do with the trash.
#[derive(Debug, Subcommand)]
pub(crate) enum TrashCommand {
    /// List the projects in the trash, last deleted first
    List,
    /// Remove projects for good
    Empty(EmptyArgs),
    /// Make a project of one in the trash, which stays there
    #[command(after_help = "\
Examples:
  manifold project trash clone aviation
  manifold project trash clone aviation \"aviation as it was\"")]
    Clone {
        /// The deleted project: its id, its name, or the beginning of its id
        project: String,
        /// The name of the clone; without one it gets the name of the deleted project
        name: Option<String>,
    },
    /// Say how much is in the trash
    Stats,
}

/// Runs a verb.
pub(super) async fn run(
    command: TrashCommand,
    projects: &Projects,
    session: &Session,
) -> anyhow::Result<()> {
    let store = session.store().await?;
    let (trash, output) = (Trash::new(&store), session.output());
    match command {
        TrashCommand::List => {
            let found = shapes(&trash, projects).await?;
            output.show(&json!({ "trash": found }), || TrashedShape::table(&found))?;
            if found.is_empty() {
                output.note("The trash is empty.");
            }
        }
        TrashCommand::Empty(arguments) => {
            empty::run(arguments, &trash, projects, session).await?;
        }
        TrashCommand::Clone { project, name } => {
            let made = trash.clone_project(&project, name.as_deref()).await?;
            let made = ProjectShape::new(made, projects);
            output.confirm(&json!({ "project": made }), || {
                format!(
                    "Made the project {} ({}) of one in the trash: {}.",
                    printable(&made.name),
                    made.id,
                    made.contents()
                )
            })?;
        }
        TrashCommand::Stats => {
            let keep_days = Settings::new(store.core()).trash_keep_days().await?;
            let totals = TrashTotals::of(&shapes(&trash, projects).await?, keep_days);
            output.show(&json!({ "stats": totals }), || totals.fields())?;
        }
    }
    Ok(())
}

async fn shapes(trash: &Trash, projects: &Projects) -> anyhow::Result<Vec<TrashedShape>> {
    let found = trash.list().await?.into_iter();
    Ok(found
        .map(|trashed| TrashedShape::new(trashed, projects))
        .collect())
}
