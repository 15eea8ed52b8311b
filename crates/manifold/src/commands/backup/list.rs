//! `manifold backup list`

use std::collections::HashMap;
use std::sync::Arc;

use entity_core::backups;
use manifold_store::{Backups, ProjectId, Projects, SqliteManager, StoreError};
use serde_json::json;

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
            let name = names.get(&row.project_id).cloned();
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

async fn of_project(
    store: &Arc<SqliteManager>,
    reference: &str,
) -> Result<Vec<backups::Model>, StoreError> {
    let backups = Backups::new(store);
    let not_found = match Projects::new(store).find(reference).await {
        Ok(project) => return backups.list(Some(&Projects::id(&project)?)).await,
        Err(error @ StoreError::NotFound { .. }) => error,
        Err(error) => return Err(error),
    };
    // A project that is gone is known by its id alone.
    match reference.parse::<ProjectId>() {
        Ok(id) => {
            let found = backups.list(Some(&id)).await?;
            if found.is_empty() {
                Err(not_found)
            } else {
                Ok(found)
            }
        }
        Err(_) => Err(not_found),
    }
}
