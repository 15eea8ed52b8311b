//! The trash: projects that were deleted and can be undeleted.

use std::path::PathBuf;

use entity_core::enums::ProjectState;
use entity_core::projects;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, Select};

use crate::{CoreDatabase, DatabaseManager as _, SqliteManager, StoreError, name, reference};

/// A project in the trash.
#[derive(Debug, Clone)]
pub struct TrashedProject {
    /// The project as it was; `trashed_at` says when it was deleted.
    pub project: projects::Model,
    /// Its file.
    pub path: PathBuf,
    /// The size of the file, in bytes; 0 when it is missing.
    pub size_bytes: u64,
}

/// The projects in the trash, last deleted first.
pub(crate) async fn list(manager: &SqliteManager) -> Result<Vec<TrashedProject>, StoreError> {
    let newest = trashed()
        .order_by_desc(projects::Column::TrashedAt)
        .order_by_desc(projects::Column::Id);
    let rows = manager.core().all(newest).await?;
    let trashed = rows.into_iter().map(|project| {
        let path = manager.layout().trashed(&project.namespace);
        let size_bytes = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        TrashedProject {
            project,
            path,
            size_bytes,
        }
    });
    Ok(trashed.collect())
}

/// The project in the trash with this exact id, exact name, or unique id prefix.
pub(crate) async fn find(
    core: &CoreDatabase,
    reference: &str,
) -> Result<projects::Model, StoreError> {
    if let Some(exact) = core
        .one(trashed().filter(projects::Column::Id.eq(reference)))
        .await?
    {
        return Ok(exact);
    }
    let named = core
        .all(trashed().filter(projects::Column::NameFold.eq(name::fold(reference))))
        .await?;
    if let Some(found) = reference::by_name("project", reference, named)? {
        return Ok(found);
    }
    let prefixed = reference::prefixed(trashed(), projects::Column::Id, reference);
    match reference::by_prefix("project", reference, core.all(prefixed).await?) {
        // The list of projects in use would be the wrong place to look.
        Err(StoreError::NotFound { name, .. }) => Err(StoreError::NotFound {
            what: StoreError::IN_TRASH,
            name,
        }),
        found => found,
    }
}

fn trashed() -> Select<projects::Entity> {
    projects::Entity::find().filter(projects::Column::State.eq(ProjectState::Trashed))
}
