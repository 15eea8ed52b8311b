//! `manifold backup list`

use std::collections::HashMap;

use manifold_store::{Backups, Projects};
use serde_json::json;

use super::reference::of_project;
use crate::session::Session;
use crate::shapes::backup::BackupShape;

/// Lists backups, also those of projects that are gone.
pub(super) async fn run(project: Option<&str>, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let found = match project {
        Some(project) => of_project(&store, project).await?,
        None => Backups::new(&store).list(None).await?,
    };
    let projects = Projects::new(&store).list().await?;
    let names: HashMap<_, _> = projects.into_iter().map(|row| (row.id, row.name)).collect();
    let found: Vec<_> = found
        .into_iter()
        .map(|row| {
            let id = row.project_id.as_ref();
            let name = id.and_then(|id| names.get(id)).cloned();
            BackupShape::new(row, name)
        })
        .collect();
    let output = session.output();
    output.show(&json!({ "backups": found }), || BackupShape::table(&found))?;
    if found.is_empty() {
        output.note("There is no backup; `manifold backup create PROJECT` makes one.");
    }
    Ok(())
}
