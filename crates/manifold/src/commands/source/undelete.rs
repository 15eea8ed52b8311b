//! `manifold source undelete`

use clap::Args;
use manifold_store::{
    DataSources, ProjectId, Projects, SourceTrash, StoreError, TrashedSource, name,
};
use serde_json::json;

use super::shape;
use crate::command_error::CommandError;
use crate::session::Session;
use crate::table::{printable, word};
use crate::units::time;

/// Sources of the trash that are listed.
const MOST_LISTED: usize = 10;

/// Which source.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold source undelete aviation planes
  manifold source undelete aviation planes --as old-planes      if its name is taken by now

Its view has the name that it had, or one with a number behind it where another source has that by now.")]
pub(crate) struct UndeleteArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The deleted source: its id, its name, or the beginning of its id
    source: String,
    /// Another name for it
    #[arg(long, value_name = "NEW_NAME")]
    r#as: Option<String>,
}

/// Takes a source out of the trash.
pub(super) async fn run(arguments: UndeleteArgs, session: &Session) -> anyhow::Result<()> {
    let UndeleteArgs {
        project,
        source,
        r#as,
    } = arguments;
    let store = session.store().await?;
    let project = Projects::new(&store).find(&project).await?;
    let id = Projects::id(&project)?;
    let trash = SourceTrash::new(&store);
    let undeleted = match trash.undelete(&id, &source, r#as.as_deref()).await {
        Err(StoreError::NotFound {
            what: what @ StoreError::SOURCE_IN_TRASH,
            name,
        }) => {
            let hint = match DataSources::new(store.clone()).find(&id, &source).await {
                Ok(_) => "a source of the project has it, and it is not in the trash".to_owned(),
                Err(_) => listing(&trash.list(&id).await?),
            };
            return Err(CommandError::NotInTrash { what, name, hint }.into());
        }
        Err(StoreError::NameTaken { what, name, id, .. }) if r#as.is_none() => {
            let (of, source) = (word(&project.name), word(&source));
            let command = format!("manifold source undelete {of} {source} --as NEW_NAME");
            return Err(CommandError::NameTakenMeanwhile {
                what,
                name,
                id,
                command,
            }
            .into());
        }
        undeleted => shape(undeleted?, &id, &store).await?,
    };
    let output = session.output();
    output.confirm(&json!({ "source": undeleted }), || {
        format!(
            "Took the source {} out of the trash.",
            printable(&undeleted.name)
        )
    })?;
    if undeleted.view_name != undeleted.name {
        output.note(&format!(
            "In SQL it is called {}.",
            printable(&undeleted.view_name)
        ));
    }
    Ok(())
}

/// The error, or that the source lies in the trash, if that is why it was not found.
pub(super) async fn explain(
    error: anyhow::Error,
    project: &ProjectId,
    project_name: &str,
    session: &Session,
) -> anyhow::Error {
    let Some(StoreError::NotFound {
        what: "source",
        name: wanted,
    }) = error.downcast_ref()
    else {
        return error;
    };
    // Where the trash cannot be read, the error that there is says enough.
    let Ok(store) = session.store().await else {
        return error;
    };
    let trash = SourceTrash::new(&store)
        .list(project)
        .await
        .unwrap_or_default();
    let meant = trash.iter().find(|trashed| {
        trashed.source.id == *wanted || trashed.source.name_fold == name::fold(wanted)
    });
    match meant {
        None => error,
        Some(TrashedSource { source, .. }) => CommandError::SourceInTrash {
            name: source.name.clone(),
            deleted: time(source.trashed_at),
            command: format!(
                "manifold source undelete {} {}",
                word(project_name),
                word(wanted)
            ),
        }
        .into(),
    }
}

/// What is in the trash, in a sentence.
fn listing(trash: &[TrashedSource]) -> String {
    if trash.is_empty() {
        return "the trash of the project is empty".to_owned();
    }
    let mut listed: Vec<_> = trash
        .iter()
        .take(MOST_LISTED)
        .map(|TrashedSource { source, .. }| {
            let (name, deleted) = (printable(&source.name), time(source.trashed_at));
            format!("{name} ({}, deleted {deleted})", source.id)
        })
        .collect();
    if trash.len() > MOST_LISTED {
        listed.push(format!("and {} more", trash.len() - MOST_LISTED));
    }
    format!("in the trash: {}", listed.join(", "))
}
