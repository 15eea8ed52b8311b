//! Looks into a database file without changing it, whoever else has it open.

use std::path::Path;

use rusqlite::Connection;

use super::FindingClass;
use crate::error::tells_damage;
use crate::peek::peek;
use crate::sqlite::{APPLICATION_ID, BUSY_TIMEOUT};
use crate::{Access, Kind, StoreError};

/// How many of the things wrong with a damaged file are told.
const MOST_REASONS: u32 = 3;

/// A database file that is ours and sound, as far as it was looked at.
pub(crate) struct DatabaseFile {
    /// One state of the file, whatever others write.
    pub(super) connection: Connection,
    /// The schema version, at most the one this program knows.
    pub(super) version: i64,
    /// The size that was too large to be read through, in bytes.
    pub(super) unchecked: Option<u64>,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) class: FindingClass,
    pub(crate) reason: String,
}

impl DatabaseFile {
    /// Looks into the file at `path`, which is read through unless it is larger than `largest`, in bytes. Only
    /// SQLite opens it: closing a file opened in another way would drop the locks that SQLite holds on it in this
    /// process.
    pub(crate) fn read<K: Kind>(
        path: &Path,
        access: Access,
        largest: Option<u64>,
    ) -> Result<Self, Problem> {
        let size = match std::fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Problem::new(FindingClass::MissingFile, "it is not there"));
            }
            Err(error) => return Err(Problem::new(FindingClass::Unreadable, error)),
        };
        if size == 0 {
            return Err(Problem::new(FindingClass::NotSqlite, "it is empty"));
        }
        let connection = peek(path, access, BUSY_TIMEOUT)?;
        connection.execute_batch("BEGIN DEFERRED")?;
        let application: i64 =
            connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        if application != APPLICATION_ID {
            let reason = format!("its application id is {application:#x}, not {APPLICATION_ID:#x}");
            return Err(Problem::new(FindingClass::NotManifold, reason));
        }
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version > i64::from(K::VERSION) {
            let reason = format!(
                "it has schema version {version}, this program knows {}",
                K::VERSION
            );
            return Err(Problem::new(FindingClass::NewerSchema, reason));
        }
        let unchecked = largest
            .is_some_and(|largest| size > largest)
            .then_some(size);
        if unchecked.is_none() {
            check(&connection)?;
        }
        Ok(Self {
            connection,
            version,
            unchecked,
        })
    }
}

fn check(connection: &Connection) -> Result<(), Problem> {
    let mut statement = connection.prepare(&format!("PRAGMA quick_check({MOST_REASONS})"))?;
    let reasons = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    if reasons == ["ok"] {
        return Ok(());
    }
    Err(Problem::new(
        FindingClass::Corrupt,
        reasons.join(", ").replace('\n', " "),
    ))
}

impl Problem {
    pub(super) fn new(class: FindingClass, reason: impl std::fmt::Display) -> Self {
        Self {
            class,
            reason: reason.to_string(),
        }
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        let refused = !tells_damage(&error)
            && matches!(
                error.sqlite_error_code(),
                Some(
                    rusqlite::ErrorCode::CannotOpen
                        | rusqlite::ErrorCode::SystemIoFailure
                        | rusqlite::ErrorCode::PermissionDenied
                        | rusqlite::ErrorCode::ReadOnly
                )
            );
        if refused {
            return Self::new(FindingClass::Unreadable, error);
        }
        match StoreError::from(error) {
            StoreError::NotOurs { reason, .. } => Self::new(FindingClass::NotSqlite, reason),
            error @ StoreError::Busy { .. } => Self::new(FindingClass::Unchecked, error),
            StoreError::Corrupt { reason, .. } => Self::new(FindingClass::Corrupt, reason),
            error => Self::new(FindingClass::Corrupt, error),
        }
    }
}
