//! `manifold project delete`

use clap::Args;
use manifold_store::Projects;
use serde_json::json;

use super::trashed;
use crate::session::Session;
use crate::shapes::project::ProjectShape;
use crate::table::printable;

/// A deleted project can be brought back for so many days, and longer while nobody empties the trash.
const DAYS_IN_TRASH: u32 = 30;

/// Which project.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold project delete aviation --dry-run
  manifold project delete aviation
  manifold project undelete aviation

A deleted project lies in the trash, with everything in it, for 30 days at least. Its name is free at once. \
A project that another process has open is not deleted: the message names the process.")]
pub(crate) struct DeleteArgs {
    /// Its id, its name, or the beginning of its id
    project: String,
    /// Say what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
}

/// Moves a project into the trash.
pub(super) async fn run(
    arguments: DeleteArgs,
    projects: &Projects,
    session: &Session,
) -> anyhow::Result<()> {
    let found = projects.find(&arguments.project).await?;
    let id = Projects::id(&found)?;
    let found = ProjectShape::new(found, projects);
    let (name, contents) = (printable(&found.name), found.contents());
    let output = session.output();
    if arguments.dry_run {
        output.show(&json!({ "plan": { "project": found } }), || {
            format!("The project {name} would be moved into the trash: {contents}.")
        })?;
        output.note("Nothing was changed.");
        return Ok(());
    }
    session
        .confirm(format!(
            "Delete the project {name}: {contents} (it can be brought back for {DAYS_IN_TRASH} days)"
        ))
        .await?;
    let deleted = projects.delete(&id).await?;
    let undelete = trashed::undelete_command(&projects.trash().await.unwrap_or_default(), &deleted);
    let deleted = ProjectShape::new(deleted, projects);
    output.confirm(&json!({ "project": deleted }), || {
        format!("Deleted the project {name}: {contents}.")
    })?;
    output.note(&format!(
        "It lies in the trash for at least {DAYS_IN_TRASH} days; `{undelete}` brings it back."
    ));
    Ok(())
}
