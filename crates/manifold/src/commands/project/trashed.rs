//! A project that is not found may lie in the trash.

use entity_core::projects;
use manifold_store::{StoreError, Trash, TrashedProject, name};

use crate::command_error::CommandError;
use crate::session::Session;
use crate::table::{printable, word};
use crate::units::time_or_dash;

/// Projects of the trash that are listed.
const MOST_LISTED: usize = 10;

/// The error, or that the project lies in the trash, if that is why it was not found.
pub(in crate::commands) async fn explain(error: anyhow::Error, session: &Session) -> anyhow::Error {
    let Some(StoreError::NotFound {
        what: "project",
        name: wanted,
    }) = error.downcast_ref()
    else {
        return error;
    };
    // Where the trash cannot be read, the error that there is says enough.
    let Ok(store) = session.store().await else {
        return error;
    };
    let trash = Trash::new(&store).list().await.unwrap_or_default();
    match meant(&trash, wanted) {
        Some(project) => CommandError::ProjectInTrash {
            name: project.name.clone(),
            deleted: time_or_dash(project.trashed_at),
            command: undelete_command(&trash, project),
        }
        .into(),
        None => error,
    }
}

/// The project that somebody who writes `wanted` means: the last deleted with this name, or the only one whose id
/// begins so.
fn meant<'a>(trash: &'a [TrashedProject], wanted: &str) -> Option<&'a projects::Model> {
    let mut all = trash.iter().map(|trashed| &trashed.project);
    if let Some(named) = all.find(|project| project.name_fold == name::fold(wanted)) {
        return Some(named);
    }
    let mut prefixed = trash
        .iter()
        .map(|trashed| &trashed.project)
        .filter(|project| !wanted.is_empty() && project.id.starts_with(wanted));
    prefixed.next().filter(|_| prefixed.next().is_none())
}

/// The command that brings a project back.
pub(super) fn undelete_command(trash: &[TrashedProject], project: &projects::Model) -> String {
    let of_its_name = trash
        .iter()
        .filter(|other| other.project.name_fold == project.name_fold);
    let reference = if of_its_name.count() > 1 {
        project.id.clone()
    } else {
        word(&project.name)
    };
    format!("manifold project undelete {reference}")
}

/// What is in the trash, in a sentence.
pub(super) fn listing(trash: &[TrashedProject]) -> String {
    if trash.is_empty() {
        return "the trash is empty".to_owned();
    }
    let mut listed: Vec<_> = trash
        .iter()
        .take(MOST_LISTED)
        .map(|TrashedProject { project, .. }| {
            let (name, deleted) = (printable(&project.name), time_or_dash(project.trashed_at));
            format!("{name} ({}, deleted {deleted})", project.id)
        })
        .collect();
    if trash.len() > MOST_LISTED {
        listed.push(format!("and {} more", trash.len() - MOST_LISTED));
    }
    format!("in the trash: {}", listed.join(", "))
}
