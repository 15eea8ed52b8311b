//! Where backups lie: files by name, in folders, nothing else.

mod folder;
mod remote;

use std::fmt::Debug;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use super::BackupError;

pub(crate) use folder::Folder;
pub(crate) use remote::{PART, Remote, part_size, read_part};

/// A place that keeps complete files under names such as `segments/p1/ab12.db.zst`: parts of letters that every
/// system takes, between slashes.
///
/// A file is there whole or not at all, and stays through a power cut, when a method returns. Methods block. A place that
/// cannot be reached is [`BackupError::Unreachable`], and never taken for one without files.
pub(crate) trait Repository: Debug + Send + Sync {
    /// The place as people write it: a path or an address.
    fn location(&self) -> String;

    /// Every file whose name begins with `folder` and a slash, in no order. What is still being written is none of
    /// them.
    ///
    /// # Errors
    /// [`BackupError::Io`] with the place.
    fn list(&self, folder: &str) -> Result<Vec<StoredFile>, BackupError>;

    /// The names of the folders directly in it, in no order.
    ///
    /// # Errors
    /// [`BackupError::Io`] with the place.
    fn folders(&self) -> Result<Vec<String>, BackupError>;

    /// The size of a file in bytes; `None` when there is none.
    ///
    /// # Errors
    /// [`BackupError::Io`] with the file.
    fn size(&self, name: &str) -> Result<Option<u64>, BackupError>;

    /// The bytes of a file.
    ///
    /// # Errors
    /// [`BackupError::MissingFile`], [`BackupError::Io`].
    fn open(&self, name: &str) -> Result<Box<dyn Read + Send>, BackupError>;

    /// Keeps what is in the local file `from` under `name`; one that is there is replaced. `from` may be moved away.
    ///
    /// # Errors
    /// [`BackupError::Io`]; the name then holds what it held.
    fn put(&self, name: &str, from: &Path) -> Result<(), BackupError>;

    /// Keeps these bytes under `name`, as [`Self::put`] keeps a file.
    ///
    /// # Errors
    /// As [`Self::put`].
    fn write(&self, name: &str, bytes: Vec<u8>) -> Result<(), BackupError>;

    /// Removes a file. One that is not there is no error.
    ///
    /// # Errors
    /// [`BackupError::Io`].
    fn remove(&self, name: &str) -> Result<(), BackupError>;

    /// As [`Self::remove`], from wherever it is called; nobody waits for it, and nobody hears when it fails.
    fn remove_soon(&self, name: &str);

    /// Removes what [`Self::write`] left directly in `folder` when its process died, as far as `is_dead` says so: it is told how the
    /// name of the file begins that was to be, at least its first 40 letters, and for how long nothing was written to it.
    ///
    /// # Errors
    /// [`BackupError::Io`].
    fn clear(
        &self,
        folder: &str,
        is_dead: &dyn Fn(&str, Duration) -> bool,
    ) -> Result<(), BackupError>;
}

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredFile {
    /// Its name in the repository.
    pub(crate) name: String,
    /// Its size, in bytes.
    pub(crate) size: u64,
}
