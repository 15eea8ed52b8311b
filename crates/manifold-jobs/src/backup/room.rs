//! The room on the disk that a backup or a restore takes. It is asked for before anything is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use entity_core::enums::BackupType;
use manifold_store::{Contents, Layout, Projects, SqliteManager, free_space};

use super::{BackupError, BackupRequest, Manifest};

/// The room on the disk that a restore takes, and what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The safety copy of what is replaced, in bytes; `None` where nothing is.
    pub safety_copy_bytes: Option<u64>,
    /// What is needed at least for a time, with the safety copy, in bytes.
    pub needed_bytes: u64,
    /// What is free, where the system says it, in bytes.
    pub free_bytes: Option<u64>,
}

impl Room {
    /// For a restore of this backup that replaces a project whose file has `replaced` bytes, if it replaces any.
    #[must_use]
    pub fn of(manifest: &Manifest, layout: &Layout, replaced: Option<u64>) -> Self {
        let files = manifest.totals().size_bytes;
        // Text takes more room than what it becomes; what is compressed becomes larger.
        let staged = match manifest.backup_type {
            BackupType::Csv | BackupType::Full if !manifest.compressed => files / 2,
            _ => files,
        };
        // A live file is replaced through its write-ahead log.
        let needed = match replaced {
            Some(live) => staged.saturating_mul(2).saturating_add(live),
            None => staged,
        };
        Self {
            safety_copy_bytes: replaced,
            needed_bytes: needed,
            free_bytes: free_space(&layout.temporary()),
        }
    }

    /// Refuses a restore for which there is certainly too little.
    ///
    /// # Errors
    /// [`BackupError::NoRoom`].
    pub fn check(&self) -> Result<(), BackupError> {
        match self.free_bytes {
            Some(free) if free < self.needed_bytes => Err(BackupError::NoRoom {
                needed: self.needed_bytes,
                free,
            }),
            _ => Ok(()),
        }
    }
}

/// Fails when the disk of a folder has less room than a copy of the project's file takes, compressed or not: the file is
/// copied before it is compressed. What CSV and JSON take is not known before; such a backup may take more. An increment, which writes
/// only what is new, asks by itself.
pub(super) async fn check(
    manager: &Arc<SqliteManager>,
    request: &BackupRequest,
    folder: &Path,
) -> Result<(), BackupError> {
    if request.contents() != Contents::WithData {
        return Ok(());
    }
    let project = Projects::new(manager)
        .find(request.project_id.as_str())
        .await?;
    check_for(vec![manager.layout().spoke(&project.namespace)], folder).await
}

/// As [`check`], for copies of all of these files.
pub(super) async fn check_for(files: Vec<PathBuf>, folder: &Path) -> Result<(), BackupError> {
    let folder = folder.to_owned();
    super::blocking(move || {
        let needed = files.iter().map(|file| size(file)).sum();
        check_bytes(needed, &folder)
    })
    .await
}

/// Fails when the disk of a folder has less room than that. Blocks.
pub(super) fn check_bytes(needed: u64, folder: &Path) -> Result<(), BackupError> {
    // The folder may not be there yet.
    let there = folder.ancestors().find(|above| above.is_dir());
    match there.and_then(free_space) {
        Some(free) if free < needed => Err(BackupError::NoSpace {
            path: folder.to_owned(),
            free,
            needed,
        }),
        _ => Ok(()),
    }
}

/// The size of a file, in bytes. One that cannot be looked at has none.
pub(super) fn size(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_certainly_does_not_fit_is_refused() {
        let room = |free_bytes| Room {
            safety_copy_bytes: None,
            needed_bytes: 100,
            free_bytes,
        };
        for enough in [Some(100), Some(u64::MAX), None] {
            assert!(room(enough).check().is_ok());
        }
        let error = room(Some(99)).check().unwrap_err();
        assert_eq!(error.code(), "disk_full");
        assert!(error.to_string().contains("99"), "{error}");
    }
}
