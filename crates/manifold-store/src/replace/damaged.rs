//! Replaces a file that is missing or cannot be opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use entity_core::enums::OperationKind;
use entity_core::projects;

use super::safety_copy::{self, CopyReason, with_suffix};
use crate::saga::Exclusive;
use crate::staged::Staged;
use crate::{
    Layout, ProjectId, SqliteManager, StoreError, fail_point, provision, rename_durably,
    sync_folder,
};

/// How long to wait until nobody has the file open.
const LOCK_DEADLINE: Duration = Duration::from_secs(30);

/// Puts the staged file where the damaged one is. There is no content to go on with in one transaction, so
/// nobody may have the file open. Its bytes are kept as a safety copy.
///
/// A crash leaves the damaged file, without its write-ahead log at worst, or the new one.
pub(super) async fn replace(
    manager: &SqliteManager,
    row: &projects::Model,
    id: &ProjectId,
    staged: Staged,
    reason: CopyReason,
) -> Result<Option<PathBuf>, StoreError> {
    let live = manager.layout().spoke(&row.namespace);
    let kind = OperationKind::Restore;
    let alone = Exclusive::take_openers(manager, row, id, kind, LOCK_DEADLINE).await?;
    let epoch = row.epoch.max(staged.project().epoch).saturating_add(1);
    let (layout, id, name) = (manager.layout().clone(), id.clone(), row.name.clone());
    let (replaced, alone) = provision::blocking(move || {
        let replace = || {
            staged.identify(&id, &name, epoch)?;
            staged.seal()?;
            swap(&layout, &id, &live, &staged, reason)
        };
        Ok((replace(), alone)) // nobody opens it before, also when nobody waits for the outcome any more
    })
    .await?;
    alone.done().await;
    replaced
}

fn swap(
    layout: &Layout,
    id: &ProjectId,
    live: &Path,
    staged: &Staged,
    reason: CopyReason,
) -> Result<Option<PathBuf>, StoreError> {
    let copy = safety_copy::take_bytes(layout, id, live, reason)?;
    fail_point!("restore-damaged-copied");
    // A log of the damaged file would be replayed into the new one.
    for suffix in ["-wal", "-shm", "-journal"] {
        let beside = with_suffix(live, suffix);
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", beside)(error));
            }
            _ => {}
        }
    }
    sync_folder(&layout.projects())?;
    rename_durably(&staged.path(), live)?;
    Ok(copy)
}
