//! `manifold project delete`

use clap::Args;
use manifold_store::{DatabaseManager as _, Projects, Settings, Trash};
use serde_json::json;

use super::trashed;
use crate::session::Session;
use crate::shapes::project::ProjectShape;
use crate::table::printable;
use crate::units::count;

/// Which project.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold project delete aviation --dry-run
  manifold project delete aviation
  manifold project undelete aviation

A deleted project lies in the trash, with everything in it, until `manifold project trash empty`. Its name is free at \
once. \
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
            "Delete the project {name}: {contents} (it can be brought back)"
        ))
        .await?;
    let deleted = projects.delete(&id).await?;
    let store = session.store().await?;
    let trash = Trash::new(&store).list().await.unwrap_or_default();
    let undelete = trashed::undelete_command(&trash, &deleted);
    let days = Settings::new(store.core()).trash_keep_days().await?;
    let deleted = ProjectShape::new(deleted, projects);
    output.confirm(&json!({ "project": deleted }), || {
        format!("Deleted the project {name}: {contents}.")
    })?;
    output.note(&format!(
        "It lies in the trash; `{undelete}` brings it back. `manifold project trash empty --expired` removes it for good \
         after {}.",
        count(days.into(), "day")
    ));
    Ok(())
}
