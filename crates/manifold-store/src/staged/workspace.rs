//! A folder for one spoke that is no project, or another file on its way, removed when it is no longer needed.

use std::path::{Path, PathBuf};

use crate::{Layout, SqliteManager, StoreError, WorkerId, provision, scratch, worker};

/// What is in a folder, as its name begins.
const STAGED: &str = "staged-";
const STENCIL: &str = "stencil-";

/// A folder among the temporary files, named after the process that made it.
#[derive(Debug)]
pub(crate) struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    /// Makes the folder, and removes those that dead processes left.
    pub(crate) async fn create(manager: &SqliteManager) -> Result<Self, StoreError> {
        let worker = manager.worker().await?.id().clone();
        let layout = manager.layout().clone();
        provision::blocking(move || Self::make(&layout, STAGED, &worker)).await
    }

    /// Makes the folder of a stencil, and removes those that dead processes left. Blocks.
    pub(crate) fn for_stencil(layout: &Layout, worker: &WorkerId) -> Result<Self, StoreError> {
        Self::make(layout, STENCIL, worker)
    }

    fn make(layout: &Layout, prefix: &str, worker: &WorkerId) -> Result<Self, StoreError> {
        sweep(layout)?;
        let name = format!("{prefix}{worker}-{}", uuid::Uuid::now_v7().simple());
        let folder = layout.temporary().join(name);
        std::fs::create_dir(&folder).map_err(StoreError::io("create the folder", &folder))?;
        Ok(Self { folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("project.db")
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::debug!(path = %self.folder.display(), %error, "a temporary folder stays until its process has ended");
        }
    }
}

/// Removes the folders and files that dead processes left.
pub(super) fn sweep(layout: &Layout) -> Result<(), StoreError> {
    let temporary = layout.temporary();
    let entries = std::fs::read_dir(&temporary).map_err(StoreError::io("list", &temporary))?;
    for entry in entries.flatten() {
        let abandoned = owner(&entry.path())
            .is_some_and(|owner| !worker::is_alive(layout, &owner).unwrap_or(true));
        if !abandoned {
            continue;
        }
        let removed = match entry.path().is_dir() {
            true => std::fs::remove_dir_all(entry.path()),
            false => std::fs::remove_file(entry.path()),
        };
        if let Err(error) = removed {
            tracing::warn!(path = %entry.path().display(), %error, "what a dead process left among the temporary files stays");
        }
    }
    Ok(())
}

fn owner(path: &Path) -> Option<WorkerId> {
    let name = path.file_name()?.to_str()?;
    let prefixes = [STAGED, STENCIL, scratch::OWNED];
    let rest = prefixes
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))?;
    rest.split('-').next()?.parse().ok()
}
