//! `manifold project`

mod adopt;
mod clone;
mod delete;
mod export_file;
mod list;
mod salvage;
mod stats;
mod trash;
pub(super) mod trashed;
mod undelete;

use clap::Subcommand;
use manifold_store::{NewProject, Projects};
use serde_json::json;

use self::adopt::AdoptArgs;
use self::clone::CloneArgs;
use self::delete::DeleteArgs;
use self::export_file::ExportFileArgs;
use self::list::ListArgs;
use self::salvage::SalvageArgs;
use self::stats::StatsArgs;
use self::trash::TrashCommand;
use self::undelete::UndeleteArgs;
use crate::session::Session;
use crate::shapes::project::ProjectShape;

/// What to do with projects.
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// Make a project
    #[command(after_help = "\
Examples:
  manifold project create aviation
  manifold project create aviation --description \"flights from New York\"")]
    Create {
        /// Its name, unique without regard to case
        name: String,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// List the projects, by name
    List(ListArgs),
    /// Show a project
    Show {
        /// Its id, its name, or the beginning of its id
        project: String,
    },
    /// Show what a project holds and what room it takes
    Stats(StatsArgs),
    /// Give a project another name
    #[command(after_help = "\
Examples:
  manifold project rename aviation \"New York 2013\"")]
    Rename {
        /// Its id, its name, or the beginning of its id
        project: String,
        /// The new name
        name: String,
    },
    /// Say what a project is for
    #[command(after_help = "\
Examples:
  manifold project describe aviation \"flights from New York\"
  manifold project describe aviation \"\"                        take the description away")]
    Describe {
        /// Its id, its name, or the beginning of its id
        project: String,
        /// The description; an empty one takes it away
        description: String,
    },
    /// Move a project into the trash
    Delete(DeleteArgs),
    /// Take a project out of the trash
    Undelete(UndeleteArgs),
    /// What was deleted: list, empty, clone, stats
    #[command(subcommand)]
    Trash(TrashCommand),
    /// Make a project with everything that another one holds
    Clone(CloneArgs),
    /// Write a project as one file
    ExportFile(ExportFileArgs),
    /// Make a project of a file that export-file wrote
    Adopt(AdoptArgs),
    /// Make a new project of what can still be read of a damaged one
    Salvage(SalvageArgs),
}

impl ProjectCommand {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::List(_)
                | Self::Show { .. }
                | Self::Stats(_)
                | Self::Trash(TrashCommand::List | TrashCommand::Stats)
        )
    }
}

/// Runs a verb.
pub(crate) async fn run(command: ProjectCommand, session: &Session) -> anyhow::Result<()> {
    let projects = Projects::new(&session.store().await?);
    let output = session.output();
    match command {
        ProjectCommand::Create { name, description } => {
            let description = description.filter(|description| !description.is_empty());
            let made = projects.create(NewProject { name, description }).await?;
            let made = ProjectShape::new(made, &projects);
            output.confirm(&json!({ "project": made }), || {
                format!("Made the project {} ({}).", made.name, made.id)
            })?;
        }
        ProjectCommand::List(arguments) => list::run(arguments, &projects, session).await?,
        ProjectCommand::Show { project } => {
            let found = ProjectShape::new(projects.find(&project).await?, &projects);
            output.show(&json!({ "project": found }), || found.fields())?;
        }
        ProjectCommand::Stats(arguments) => stats::run(arguments, &projects, session).await?,
        ProjectCommand::Rename { project, name } => {
            let found = projects.find(&project).await?;
            let renamed = projects.rename(&Projects::id(&found)?, &name).await?;
            let renamed = ProjectShape::new(renamed, &projects);
            output.confirm(&json!({ "project": renamed }), || {
                format!("Renamed the project {} to {}.", found.name, renamed.name)
            })?;
        }
        ProjectCommand::Describe {
            project,
            description,
        } => {
            let found = Projects::id(&projects.find(&project).await?)?;
            let description = Some(description).filter(|description| !description.is_empty());
            let described =
                ProjectShape::new(projects.describe(&found, description).await?, &projects);
            output.confirm(&json!({ "project": described }), || {
                format!("Described the project {}.", described.name)
            })?;
        }
        ProjectCommand::Delete(arguments) => delete::run(arguments, &projects, session).await?,
        ProjectCommand::Undelete(arguments) => {
            undelete::run(arguments, &projects, session).await?;
        }
        ProjectCommand::Salvage(arguments) => salvage::run(arguments, &projects, session).await?,
        ProjectCommand::Trash(command) => trash::run(command, &projects, session).await?,
        ProjectCommand::Clone(arguments) => clone::run(arguments, &projects, session).await?,
        ProjectCommand::ExportFile(arguments) => {
            export_file::run(arguments, &projects, session).await?;
        }
        ProjectCommand::Adopt(arguments) => adopt::run(arguments, &projects, session).await?,
    }
    Ok(())
}
