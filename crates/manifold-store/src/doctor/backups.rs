//! Backups that are listed are there.

use std::path::Path;

use entity_core::backups;
use entity_core::enums::BackupState;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::{Finding, FindingClass};
use crate::{DatabaseManager as _, SqliteManager, StoreError};

pub(super) async fn examine(manager: &SqliteManager) -> Result<Vec<Finding>, StoreError> {
    let completed =
        backups::Entity::find().filter(backups::Column::State.eq(BackupState::Completed));
    let mut found = Vec::new();
    for backup in manager.core().all(completed).await? {
        let folder = Path::new(&backup.location);
        // What cannot be looked at now, such as a drive that is not mounted readable, may well be there.
        if folder.try_exists().unwrap_or(true) {
            continue;
        }
        let explanation = format!(
            "backup {} of project {} is listed, but its folder is gone",
            backup.id, backup.project_id,
        );
        let repair = format!(
            "put it back, or take it off the list with `manifold backup delete {}`",
            backup.id
        );
        found.push(
            Finding::new(FindingClass::MissingBackup, explanation, repair)
                .of(&backup.project_id)
                .at(folder),
        );
    }
    Ok(found)
}
