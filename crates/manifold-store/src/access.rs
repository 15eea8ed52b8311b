//! Whether the files of a store may be written, and how one is opened when they may not.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::{Connection, OpenFlags};

use crate::{StoreError, sqlite};

/// What may be done with the files of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// They are read and written.
    #[default]
    ReadWrite,
    /// They are only read, and nothing is made beside them: no lock, no log, no temporary file. The folder may be
    /// one that cannot be written.
    ReadOnly,
}

/// How one database file is opened.
///
/// SQLite reads a file in WAL mode through an index in shared memory, a file that it makes beside it. Where
/// nothing may be made, a file without a log is complete by itself and is opened as one that does not
/// change ([`Self::Still`]); that it did not is checked at the end. One with a log is in use, or was left by a crash;
/// its index is there and is used ([`Self::Live`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileAccess {
    /// For reading and writing.
    Write,
    /// For reading, beside processes that write it.
    Live,
    /// For reading, as a file that nobody changes.
    Still(Stamp),
}

/// What tells whether a file was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}

impl Access {
    /// How to open the file at `path`. One that this user may not write is only read: SQLite would make a log beside
    /// it that nobody may write either, and that stays in the way when the file may be written again.
    pub(crate) fn to(self, path: &Path) -> FileAccess {
        if self == Self::ReadWrite && may_be_written(path) {
            return FileAccess::Write;
        }
        // The stamp first: a log that is written afterwards does not change what it is about.
        let stamp = Stamp::of(path);
        let has_log = std::fs::metadata(log(path)).is_ok_and(|metadata| metadata.len() > 0);
        match stamp {
            Some(stamp) if !has_log => FileAccess::Still(stamp),
            _ => FileAccess::Live,
        }
    }
}

impl FileAccess {
    /// Whether the file may be written.
    pub(crate) fn writes(self) -> bool {
        self == Self::Write
    }

    /// Opens the file for reading.
    pub(crate) fn open(self, path: &Path) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        match self {
            Self::Write => sqlite::connect(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE),
            Self::Live => sqlite::connect(path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY),
            Self::Still(_) => sqlite::connect(
                unchanging(path),
                flags | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
            ),
        }
    }

    /// Says so when a file that was taken for one that does not change has changed.
    ///
    /// # Errors
    /// [`StoreError::ChangedWhileRead`].
    pub(crate) fn check(self, path: &Path) -> Result<(), StoreError> {
        match self {
            Self::Still(stamp) if Stamp::of(path) != Some(stamp) => {
                Err(StoreError::ChangedWhileRead {
                    path: path.to_owned(),
                })
            }
            _ => Ok(()),
        }
    }
}

/// Whether this user may write the file; true when it is not there, which whoever opens it tells better.
#[cfg(unix)]
pub(crate) fn may_be_written(path: &Path) -> bool {
    use rustix::io::Errno;
    let wanted = rustix::fs::Access::WRITE_OK;
    !matches!(
        rustix::fs::access(path, wanted),
        Err(Errno::ACCESS | Errno::PERM | Errno::ROFS)
    )
}

#[cfg(not(unix))]
pub(crate) fn may_be_written(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.permissions().readonly())
}

/// The write-ahead log of the file at `path`.
pub(crate) fn log(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// The URI by which SQLite opens a file without locks and without a log.
fn unchanging(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for &byte in OsStr::as_encoded_bytes(path.as_os_str()) {
        match byte {
            b'/' | b'.' | b'-' | b'_' => uri.push(char::from(byte)),
            letter if letter.is_ascii_alphanumeric() => uri.push(char::from(letter)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}
