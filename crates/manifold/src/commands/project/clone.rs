//! `manifold project clone`

use clap::Args;
use manifold_jobs::jobs::CloneProject;
use manifold_store::Projects;
use serde_json::json;

use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::shapes::project::ProjectShape;
use crate::table::printable;

/// Which project, and what the clone is called.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold project clone aviation \"aviation, to try things\"

The clone has every source, snapshot and import of the project as it is at this moment, and is a project of its own \
from then on. Deleted sources stay behind. Secrets belong to the data folder: both use the same ones. Backups stay those of the original.")]
pub(crate) struct CloneArgs {
    /// Its id, its name, or the beginning of its id
    project: String,
    /// The name of the clone
    name: String,
    /// Only write the job down, for a worker to do
    #[arg(long)]
    detach: bool,
}

/// Makes a project with everything that another one holds.
pub(super) async fn run(
    arguments: CloneArgs,
    projects: &Projects,
    session: &Session,
) -> anyhow::Result<()> {
    let original = projects.find(&arguments.project).await?;
    let id = Projects::id(&original)?;
    let job = CloneProject {
        project_id: id.clone(),
        name: arguments.name,
    };
    if arguments.detach {
        let document = |job: &JobShape| json!({ "project": null, "job": job });
        return session.detach(&job, Some(id), document).await;
    }
    let title = format!("clone of {}", original.name);
    let ran = session.foreground(title, job, Some(id)).await?;
    let output = session.output();
    let made = match ran.outcome {
        Ok(made) => projects.find(&made.project_id).await?,
        Err(error) => {
            output.document(&json!({ "project": null, "job": ran.job }))?;
            return Err(error);
        }
    };
    let made = ProjectShape::new(made, projects);
    let document = json!({ "project": made, "job": ran.job });
    output.confirm(&document, || {
        format!(
            "Cloned the project {} as {} ({}): {}.",
            printable(&original.name),
            printable(&made.name),
            made.id,
            made.contents()
        )
    })?;
    Ok(())
}
