//! Clone a project, in use or from the trash: one state of it, staged, becomes a project of its own.

use entity_core::enums::{OperationKind, ProjectState};
use entity_core::projects;
use sea_orm::EntityTrait as _;

use super::outside_file::OutsideFile;
use super::place::{self, Placement};
use super::taken_name;
use crate::staged::Staged;
use crate::{
    CopyWatch, DatabaseId, DatabaseManager as _, FileLock, ProjectId, Share, SqliteManager,
    StoreError, fail_point, name, projection,
};

/// Clones a project that is in use, as it is at this moment; whoever has it open goes on.
pub(crate) async fn clone_active(
    manager: &SqliteManager,
    id: &ProjectId,
    to_name: &str,
    watch: CopyWatch,
) -> Result<projects::Model, StoreError> {
    let to_name = free_name(manager, to_name).await?;
    let original = manager.layout().spoke(&id.namespace());
    let frozen = manager.freeze(DatabaseId::Project(id.clone())).await?;
    let followed = watch.clone();
    let staged = Staged::copy(manager, &original, move |path| {
        frozen.copy_watched(path, &followed)
    })
    .await?;
    watch.look(0, 0)?; // the last point at which nothing of it is visible
    place_clone(manager, staged, to_name, &watch).await
}

/// Clones a project that lies in the trash and stays there. Without a name the clone gets the one it had.
pub(crate) async fn clone_trashed(
    manager: &SqliteManager,
    row: &projects::Model,
    to_name: Option<&str>,
) -> Result<projects::Model, StoreError> {
    let to_name = free_name(manager, to_name.unwrap_or(&row.name)).await?;
    let id = projection::project_id(row)?;
    // Who takes it out of the trash, or empties it, needs this lock alone.
    let lock = manager.layout().spoke_lock(&row.namespace);
    let Some(_kept) = FileLock::try_take(&lock, Share::Shared)? else {
        return Err(StoreError::Busy {
            what: format!("project `{}`", row.name),
            holder: FileLock::holder(&lock),
        });
    };
    let now = manager
        .core()
        .one(projects::Entity::find_by_id(&row.id))
        .await?;
    if now.is_none_or(|now| now.state != ProjectState::Trashed) {
        return Err(StoreError::NotFound {
            what: StoreError::IN_TRASH,
            name: row.id.clone(),
        });
    }
    let original = manager.layout().trashed(&row.namespace);
    let file = original.clone();
    let staged = Staged::copy(manager, &original, move |path| {
        if !super::spoke_files::exists(&file)? {
            let path = file;
            return Err(StoreError::Gone { project: id, path });
        }
        OutsideFile::open(&file)?.copy_to(path, &CopyWatch::unwatched())
    })
    .await?;
    place_clone(manager, staged, to_name, &CopyWatch::unwatched()).await
}

async fn place_clone(
    manager: &SqliteManager,
    staged: Staged,
    name: String,
    watch: &CopyWatch,
) -> Result<projects::Model, StoreError> {
    fail_point!("clone-staged");
    let placement = Placement {
        kind: OperationKind::Clone,
        id: ProjectId::new(),
        name,
    };
    place::place(manager, staged, placement, watch).await
}

/// The name, if it can be had: better known before much is copied.
pub(super) async fn free_name(manager: &SqliteManager, wanted: &str) -> Result<String, StoreError> {
    let name = name::check("project", wanted)?;
    let transaction = manager.core().begin().await?;
    taken_name::refuse(&transaction, &name, "").await?;
    transaction.rollback().await?;
    Ok(name)
}
