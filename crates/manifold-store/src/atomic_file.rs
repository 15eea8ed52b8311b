//! Files that appear under their final name complete, or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::StoreError;

/// A file being written beside its final place.
///
/// [`commit`](AtomicFile::commit) presses it onto the disk and renames it; a crash before that, or
/// dropping it, leaves nothing under the final name. The temporary name starts with `.tmp-` and the final one, in the
/// same folder, so that the rename never crosses file systems.
#[derive(Debug)]
pub struct AtomicFile {
    temporary: NamedTempFile,
    target: PathBuf,
}

impl AtomicFile {
    /// How the names of temporary files begin.
    pub const PREFIX: &str = ".tmp-";

    /// Starts a file that will appear at `target`, readable by its owner only.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the folder does not exist or cannot be written.
    pub fn create(target: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let target = target.into();
        let folder = folder_of(&target);
        let temporary = tempfile::Builder::new()
            .prefix(&prefix(&target))
            .tempfile_in(folder)
            .map_err(StoreError::io("create a file in", folder))?;
        Ok(Self { temporary, target })
    }

    /// Where the bytes are until [`Self::commit`].
    #[must_use]
    pub fn temporary_path(&self) -> &Path {
        self.temporary.path()
    }

    /// Removes what crashes left of earlier files for `target`. Only who keeps others from making it may call this.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn clear(target: &Path) -> Result<(), StoreError> {
        let (folder, prefix) = (folder_of(target), prefix(target));
        let entries = fs::read_dir(folder).map_err(StoreError::io("list", folder))?;
        for entry in entries {
            let path = entry.map_err(StoreError::io("list", folder))?.path();
            let name = path.file_name().unwrap_or_default();
            if name.as_encoded_bytes().starts_with(prefix.as_bytes()) {
                fs::remove_file(&path).map_err(StoreError::io("remove", path))?;
            }
        }
        Ok(())
    }

    /// Makes the file appear: fsync, rename, fsync of the folder. An existing file is replaced.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the target is then as it was.
    pub fn commit(self) -> Result<(), StoreError> {
        let Self { temporary, target } = self;
        temporary
            .as_file()
            .sync_all()
            .map_err(StoreError::io("write", &target))?;
        temporary
            .persist(&target)
            .map_err(|error| StoreError::io("rename a file to", &target)(error.error))?;
        sync_folder(folder_of(&target))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.flush()
    }
}

/// How the temporary names for a target begin. A file name has at most 255 bytes, so a long one is cut.
fn prefix(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let cut: String = name.chars().take(40).collect();
    format!("{}{cut}-", AtomicFile::PREFIX)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Presses the names in a folder onto the disk, so that a renamed or removed file stays so.
///
/// # Errors
/// [`StoreError::Io`].
pub fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(StoreError::io("write", folder))
}

/// Moves a complete file to another name in the same file system, durably.
///
/// # Errors
/// [`StoreError::Io`]; the file is then under one of the two names.
pub fn rename_durably(from: &Path, to: &Path) -> Result<(), StoreError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the durable rename that the ban points to"
    )]
    fs::rename(from, to).map_err(StoreError::io("rename", from))?;
    sync_folder(folder_of(to))?;
    if folder_of(from) != folder_of(to) {
        sync_folder(folder_of(from))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appears_only_when_committed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("list.json");
        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"one").unwrap();
        assert!(!target.exists());
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        let left = AtomicFile::create(&target).unwrap();
        let other = AtomicFile::create(folder.path().join("list.js")).unwrap();
        let (_, left) = left.temporary.keep().unwrap();
        AtomicFile::clear(&target).unwrap();
        assert!(!left.exists() && other.temporary_path().exists());
        drop(other);

        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"two").unwrap();
        file.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"two");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = AtomicFile::create("/nowhere/at/all").unwrap_err();
        assert!(error.to_string().contains("/nowhere/at"), "{error}");
    }
}
