//! A folder for one staged spoke, removed when it is no longer needed.

use std::path::{Path, PathBuf};

use crate::{SqliteManager, StoreError, WorkerId, provision, worker};

const PREFIX: &str = "staged-";

/// A folder among the temporary files, named after the process that made it.
#[derive(Debug)]
pub(super) struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    /// Makes the folder, and removes those that dead processes left.
    pub(super) async fn create(manager: &SqliteManager) -> Result<Self, StoreError> {
        let worker = manager.worker().await?.id().clone();
        let layout = manager.layout().clone();
        provision::blocking(move || {
            sweep(&layout)?;
            let folder = layout.temporary().join(format!(
                "{PREFIX}{worker}-{}",
                uuid::Uuid::now_v7().simple()
            ));
            std::fs::create_dir(&folder).map_err(StoreError::io("create the folder", &folder))?;
            Ok(Self { folder })
        })
        .await
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.join("project.db")
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::debug!(path = %self.folder.display(), %error, "a temporary folder stays until the next restore");
        }
    }
}

/// Removes the folders that dead processes left.
pub(super) fn sweep(layout: &crate::Layout) -> Result<(), StoreError> {
    let temporary = layout.temporary();
    let entries = std::fs::read_dir(&temporary).map_err(StoreError::io("list", &temporary))?;
    for entry in entries.flatten() {
        let abandoned = owner(&entry.path())
            .is_some_and(|owner| !worker::is_alive(layout, &owner).unwrap_or(true));
        if abandoned && let Err(error) = std::fs::remove_dir_all(entry.path()) {
            tracing::warn!(path = %entry.path().display(), %error, "a temporary folder of a dead process stays");
        }
    }
    Ok(())
}

fn owner(path: &Path) -> Option<WorkerId> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}
