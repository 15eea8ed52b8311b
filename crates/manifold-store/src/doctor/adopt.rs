//! Shows a project that the hub does not know.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use entity_core::enums::ProjectState;
use entity_core::projects;
use sea_orm::{ActiveValue::Set, EntityTrait as _};

use super::spoke_file::{self, SpokeFile};
use crate::saga::{spoke_files, taken_name};
use crate::{
    Access, DatabaseManager as _, Layout, ProjectId, SqliteManager, StoreError, Timestamp, name,
    provision, quarantine,
};

/// Moves the file to its place, if it is not there, and gives the project its row in the hub. A crash between the
/// two leaves the file at its place, where it is found again.
pub(super) async fn adopt(
    manager: &SqliteManager,
    id: &ProjectId,
    file: PathBuf,
    in_use: bool,
) -> Result<(), StoreError> {
    let (layout, wanted) = (manager.layout().clone(), id.clone());
    let spoke = provision::blocking(move || take_in(&layout, &wanted, &file, in_use)).await?;
    let transaction = manager.core().begin().await?;
    if in_use {
        taken_name::refuse(&transaction, &spoke.name, id.as_str()).await?;
    }
    let made = DateTime::parse_from_rfc3339(&spoke.created_at)
        .map_or_else(|_| Timestamp::now(), |at| at.with_timezone(&Utc));
    let shown = spoke.shown.as_ref();
    transaction
        .exec(projects::Entity::insert(projects::ActiveModel {
            id: Set(id.to_string()),
            name_fold: Set(name::fold(&spoke.name)),
            name: Set(spoke.name.clone()),
            description: Set(shown.and_then(|shown| shown.description.clone())),
            state: Set(if in_use {
                ProjectState::Active
            } else {
                ProjectState::Trashed
            }),
            location: Set("local".to_owned()),
            namespace: Set(id.namespace()),
            epoch: Set(spoke.epoch),
            // Lower than what the file says, so that the projection replaces it.
            revision: Set(0),
            source_count: Set(shown.map_or(0, |shown| shown.source_count)),
            snapshot_count: Set(shown.map_or(0, |shown| shown.snapshot_count)),
            row_count: Set(shown.map_or(0, |shown| shown.row_count)),
            created_at: Set(made),
            updated_at: Set(made),
            trashed_at: Set((!in_use).then(Timestamp::now)),
            last_proven_restore_at: Set(None),
        }))
        .await?;
    transaction.commit().await?;
    if in_use {
        manager.project(id).await?; // brings the hub in step with the file
        manager.close(id).await?;
    }
    Ok(())
}

fn take_in(
    layout: &Layout,
    id: &ProjectId,
    file: &Path,
    in_use: bool,
) -> Result<SpokeFile, StoreError> {
    let namespace = id.namespace();
    let _held = quarantine::hold(layout, &namespace)?;
    let spoke =
        spoke_file::read(file, Access::ReadWrite).map_err(|problem| StoreError::Corrupt {
            path: file.to_owned(),
            reason: problem.reason,
        })?;
    if spoke.id != id.as_str() {
        return Err(StoreError::WrongProject {
            path: file.to_owned(),
            expected: id.clone(),
            found: spoke.id,
        });
    }
    let home = if in_use {
        layout.spoke(&namespace)
    } else {
        layout.trashed(&namespace)
    };
    if file != home {
        spoke_files::relocate(file, &home)?;
    }
    Ok(spoke)
}
