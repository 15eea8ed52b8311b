//! Backups that are listed are there.

use std::path::Path;

use entity_core::backups;
use entity_core::enums::BackupState;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::cure::Cure;
use super::{Finding, FindingClass};
use crate::{DatabaseManager as _, SqliteManager, StoreError};

pub(super) async fn examine(manager: &SqliteManager) -> Result<Vec<Finding>, StoreError> {
    // One that is being deleted and has no folder any more only needs to be taken off the list.
    let listed = [BackupState::Completed, BackupState::Deleting];
    let completed = backups::Entity::find().filter(backups::Column::State.is_in(listed));
    let mut found = Vec::new();
    for backup in manager.core().all(completed).await? {
        // What is elsewhere is not looked at: that it cannot be reached says nothing of it.
        if backup.location.contains("://") {
            continue;
        }
        let folder = Path::new(&backup.location);
        // What cannot be looked at now, such as a drive that is not mounted readable, may well be there.
        if folder.try_exists().unwrap_or(true) {
            continue;
        }
        let of_what = match &backup.project_id {
            Some(project) => format!("project {project}"),
            None => "the whole store".to_owned(),
        };
        let explanation = format!(
            "backup {} of {of_what} is listed, but its folder is gone",
            backup.id
        );
        let finding = |repair: String| {
            let finding = Finding::new(FindingClass::MissingBackup, explanation, repair).at(folder);
            match &backup.project_id {
                Some(project) => finding.of(project),
                None => finding,
            }
        };
        found.push(if is_place_there(folder) {
            finding("it is taken off the list; should its folder come back, `manifold restore` with the folder's name works".to_owned())
                .cured_by(Cure::Unlist { backup: backup.id.clone() })
        } else {
            finding(format!(
                "its drive may not be mounted: bring it back, or take the backup off the list with `manifold backup delete {}`",
                backup.id
            ))
        });
    }
    Ok(found)
}

/// Whether the place of a backup can be looked at: it holds something, so it is no empty mount point.
fn is_place_there(folder: &Path) -> bool {
    let entries = folder.parent().map(std::fs::read_dir);
    entries.is_some_and(|entries| entries.is_ok_and(|mut entries| entries.next().is_some()))
}
