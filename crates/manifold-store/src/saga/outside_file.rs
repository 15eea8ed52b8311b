//! A project's file that no process has open through this store: one that a user has, or one in the trash. It is only
//! read.

use std::fs::Metadata;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::freeze::{CopyWatch, copy_project};
use crate::sqlite::{self, APPLICATION_ID, BUSY_TIMEOUT};
use crate::{Kind as _, Project, StoreError};

/// What every SQLite database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Where the header says that the file has a write-ahead log when it is in use, and how.
const WRITE_VERSION: usize = 18;
const WAL: u8 = 2;

/// A project's file with its state held.
#[derive(Debug)]
pub(super) struct OutsideFile {
    connection: Connection,
    path: PathBuf,
    /// What the file was when it was opened without locks.
    unlocked: Option<Metadata>,
}

/// What a file says that it is.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) id: String,
    pub(super) name: String,
}

impl OutsideFile {
    /// Opens a file for reading, as SQLite reads it: with what is in the write-ahead log beside it. Nothing is written
    /// into either. Only where there is a log may SQLite leave the index of it (`-shm`) beside it.
    ///
    /// # Errors
    /// [`StoreError::NotOurs`], [`StoreError::NewerSchema`], [`StoreError::Io`]; others by meaning.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
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
        let opened = Self {
            connection,
            path: path.to_owned(),
            unlocked: alone.then_some(metadata),
        };
        opened.check_versions()?;
        Ok(opened)
    }

    fn check_versions(&self) -> Result<(), StoreError> {
        let number = |pragma: &str| -> Result<i64, StoreError> {
            self.connection
                .query_row(pragma, [], |row| row.get(0))
                .map_err(|error| StoreError::from(error).at(&self.path))
        };
        let application = number("PRAGMA application_id")?;
        if application != APPLICATION_ID {
            let reason = format!("its application id is {application:#x}, not {APPLICATION_ID:#x}");
            return Err(StoreError::NotOurs {
                path: self.path.clone(),
                reason,
            });
        }
        let found = number("PRAGMA user_version")?;
        // The versions of a hub count apart, so that of a hub says nothing here.
        let projects =
            number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'project'")?;
        if projects == 0 {
            return Err(self.names_no_project());
        }
        if found > i64::from(Project::VERSION) {
            return Err(StoreError::NewerSchema {
                path: self.path.clone(),
                found,
                known: Project::VERSION,
            });
        }
        Ok(())
    }

    /// The project in it.
    ///
    /// # Errors
    /// [`StoreError::NotOurs`] when there is none; others by meaning.
    pub(super) fn inside(&self) -> Result<Inside, StoreError> {
        let read = self
            .connection
            .query_row("SELECT id, name FROM project LIMIT 1", [], |row| {
                Ok(Inside {
                    id: row.get(0)?,
                    name: row.get(1)?,
                })
            });
        read.map_err(|error| match StoreError::from(error).at(&self.path) {
            // No such table, no row, or something that is no text.
            StoreError::Database(_) => self.names_no_project(),
            other => other,
        })
    }

    fn names_no_project(&self) -> StoreError {
        StoreError::NotOurs {
            path: self.path.clone(),
            reason: "it names no project; a hub or a backup's catalogue is none".to_owned(),
        }
    }

    /// Copies the state into a new file at `to`, without its trash.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when somebody wrote meanwhile to a file that nobody had open; others by meaning.
    pub(super) fn copy_to(self, to: &Path, watch: &CopyWatch) -> Result<(), StoreError> {
        copy_project(&self.connection, to, watch).map_err(|error| error.at(&self.path))?;
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
    super::spoke_files::exists(Path::new(&log))
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
