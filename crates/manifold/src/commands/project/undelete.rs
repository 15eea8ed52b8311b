//! `manifold project undelete`

use clap::Args;
use manifold_store::{Projects, StoreError, Trash};
use serde_json::json;

use super::trashed;
use crate::command_error::CommandError;
use crate::session::Session;
use crate::shapes::project::ProjectShape;
use crate::table::{printable, word};

/// Which project.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold project undelete aviation
  manifold project undelete aviation --as aviation-2013      if its name is taken by now")]
pub(crate) struct UndeleteArgs {
    /// The deleted project: its id, its name, or the beginning of its id
    project: String,
    /// Another name for it
    #[arg(long, value_name = "NEW_NAME")]
    r#as: Option<String>,
}

/// Takes a project out of the trash.
pub(super) async fn run(
    arguments: UndeleteArgs,
    projects: &Projects,
    session: &Session,
) -> anyhow::Result<()> {
    let UndeleteArgs { project, r#as } = arguments;
    let undeleted = match projects.undelete(&project, r#as.as_deref()).await {
        Err(StoreError::NotFound {
            what: StoreError::IN_TRASH,
            name,
        }) => {
            let hint = match projects.find(&project).await {
                Ok(_) => "a project that is in use has it, and it is not in the trash".to_owned(),
                Err(_) => trashed::listing(&Trash::new(&session.store().await?).list().await?),
            };
            let what = StoreError::IN_TRASH;
            return Err(CommandError::NotInTrash { what, name, hint }.into());
        }
        Err(StoreError::NameTaken { name, id, .. }) if r#as.is_none() => {
            let command = format!("manifold project undelete {} --as NEW_NAME", word(&project));
            return Err(CommandError::NameTakenMeanwhile {
                what: "project",
                name,
                id,
                command,
            }
            .into());
        }
        undeleted => ProjectShape::new(undeleted?, projects),
    };
    let output = session.output();
    output.confirm(&json!({ "project": undeleted }), || {
        format!(
            "Took the project {} out of the trash: {}.",
            printable(&undeleted.name),
            undeleted.contents()
        )
    })?;
    Ok(())
}
