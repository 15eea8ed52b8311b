//! A database file that no process has open through this store. It is only read.

use std::fs::Metadata;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::StoreError;
use crate::sqlite::{self, BUSY_TIMEOUT};

/// What every SQLite database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Where the header says that the file has a write-ahead log when it is in use, and how.
const WRITE_VERSION: usize = 18;
const WAL: u8 = 2;

/// A database file with its state held.
#[derive(Debug)]
pub(crate) struct Outside {
    connection: Connection,
    path: PathBuf,
    /// What the file was when it was opened without locks.
    unlocked: Option<Metadata>,
}

impl Outside {
    /// Opens a file for reading, as SQLite reads it: with what is in the write-ahead log beside it. Nothing is written
    /// into either. Only where there is a log may SQLite leave the index of it (`-shm`) beside it.
    ///
    /// # Errors
    /// [`StoreError::NotOurs`] for what is no database, [`StoreError::Io`]; others by meaning.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut head = Vec::new();
        let file = std::fs::File::open(path).map_err(StoreError::io("read", path))?;
        let metadata = file.metadata().map_err(StoreError::io("look at", path))?;
        file.take(100)
            .read_to_end(&mut head)
            .map_err(StoreError::io("read", path))?;
        if !head.starts_with(MAGIC) {
            let reason = if head.is_empty() {
                "it is empty"
            } else {
                "it does not begin as a SQLite database does"
            };
            return Err(StoreError::NotOurs {
                path: path.to_owned(),
                reason: reason.to_owned(),
            });
        }
        // Opening a file in this mode makes a log beside it, which a reader cannot remove. Where there is none, nobody
        // has the file open, and it can be read as it lies.
        let alone = head.get(WRITE_VERSION) == Some(&WAL) && !log_of(path)?;
        let named = |error: rusqlite::Error| StoreError::from(error).at(path);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = if alone {
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            sqlite::connect_foreign(path, immutable(path)?, flags).map_err(named)?
        } else {
            sqlite::connect_foreign(path, path, flags).map_err(named)?
        };
        connection.busy_timeout(BUSY_TIMEOUT).map_err(named)?;
        connection
            .execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; BEGIN DEFERRED")
            .map_err(named)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            unlocked: alone.then_some(metadata),
        })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Fails when somebody wrote meanwhile to a file that nobody had open.
    ///
    /// # Errors
    /// [`StoreError::Busy`]; [`StoreError::Io`].
    pub(crate) fn check_unchanged(&self) -> Result<(), StoreError> {
        if let Some(before) = &self.unlocked {
            let now =
                std::fs::metadata(&self.path).map_err(StoreError::io("look at", &self.path))?;
            let same = (before.len(), before.modified().ok()) == (now.len(), now.modified().ok());
            if !same || log_of(&self.path)? {
                return Err(StoreError::Busy {
                    what: self.path.display().to_string(),
                    holder: None,
                });
            }
        }
        Ok(())
    }
}

/// Whether there is a write-ahead log beside the file.
fn log_of(path: &Path) -> Result<bool, StoreError> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    Path::new(&log)
        .try_exists()
        .map_err(StoreError::io("look for", Path::new(&log)))
}

/// The file as an address that tells SQLite to take it as it lies.
fn immutable(path: &Path) -> Result<String, StoreError> {
    let path = std::path::absolute(path).map_err(StoreError::io("find", path))?;
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                uri.push(char::from(*byte));
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    Ok(uri)
}
