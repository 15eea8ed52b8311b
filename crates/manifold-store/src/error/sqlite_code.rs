//! What SQLite's result codes mean, whichever driver reports them.

use std::path::PathBuf;

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_DATA;
use sea_orm::{DbErr, RuntimeErr};

use super::StoreError;
use crate::connection::Stalled;

/// What a page with a wrong checksum means.
const WRONG_CHECKSUM: &str = "a page of it does not have the content that was written: the disk changed it, or another \
                              program that knows nothing of its checksums";

/// What an error says; SQLite calls a page with a wrong checksum just a disk error.
pub(crate) fn plainly(error: &rusqlite::Error) -> String {
    if is_wrong_checksum(error) {
        WRONG_CHECKSUM.to_owned()
    } else {
        error.to_string()
    }
}

fn is_wrong_checksum(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(failure, _)
        if failure.extended_code == SQLITE_IOERR_DATA)
}

/// Whether the error tells that the file is damaged.
pub(crate) fn tells_damage(error: &rusqlite::Error) -> bool {
    is_wrong_checksum(error)
        || matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        )
}

/// Whether the error tells of the disk, and nothing of what is on it.
pub(crate) fn tells_disk(error: &rusqlite::Error) -> bool {
    !is_wrong_checksum(error)
        && matches!(
            error.sqlite_error_code(),
            // A file that could not be opened for writing is opened for reading by SQLite.
            Some(
                ErrorCode::SystemIoFailure
                    | ErrorCode::CannotOpen
                    | ErrorCode::ReadOnly
                    | ErrorCode::DiskFull
            )
        )
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let sqlx = match &error {
            DbErr::Exec(RuntimeErr::SqlxError(sqlx))
            | DbErr::Query(RuntimeErr::SqlxError(sqlx))
            | DbErr::Conn(RuntimeErr::SqlxError(sqlx)) => sqlx,
            DbErr::ConnectionAcquire(_) => {
                return Self::Busy {
                    what: "the database connection".to_owned(),
                    holder: None,
                };
            }
            _ => return Self::Database(error),
        };
        if let Some(stalled) = Stalled::of(sqlx) {
            return Self::StreamStalled {
                file: stalled.file.clone(),
                seconds: stalled.limit.as_secs(),
            };
        }
        let database = match sqlx.as_ref() {
            sqlx::Error::Database(database) => database,
            // Where SQLite ends a transaction by itself, sqlx finds none.
            sqlx::Error::Io(_) | sqlx::Error::BeginFailed => {
                return Self::Disk {
                    path: None,
                    reason: sqlx.to_string(),
                };
            }
            _ => return Self::Database(error),
        };
        let code = database.code().and_then(|code| code.parse::<i32>().ok());
        match code.and_then(|code| Self::by_code(code, database.message())) {
            Some(meaning) => meaning,
            None => Self::Database(error),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let meaning = match &error {
            rusqlite::Error::SqliteFailure(failure, message) => Self::by_code(
                failure.extended_code,
                message.as_deref().unwrap_or_default(),
            ),
            _ => None,
        };
        meaning.unwrap_or_else(|| Self::Database(DbErr::Custom(error.to_string())))
    }
}

impl StoreError {
    /// The meaning of an (extended) result code of SQLite.
    fn by_code(code: i32, message: &str) -> Option<Self> {
        let named = |prefix: &str| message.strip_prefix(prefix).unwrap_or(message).to_owned();
        let reason = || message.to_owned();
        Some(match (code, code & 0xff) {
            (1555 | 2067 | 2579, _) => Self::Unique {
                constraint: named("UNIQUE constraint failed: "),
            },
            (275, _) => Self::Check {
                constraint: named("CHECK constraint failed: "),
            },
            (787, _) => Self::ForeignKey,
            (SQLITE_IOERR_DATA, _) => Self::Corrupt {
                path: PathBuf::new(),
                reason: WRONG_CHECKSUM.to_owned(),
            },
            (_, 5 | 6) => Self::Busy {
                what: "the database file".to_owned(),
                holder: None,
            },
            (_, 8) => Self::ReadOnly { path: None },
            (_, 9) => Self::Interrupted,
            (_, 11) => Self::Corrupt {
                path: PathBuf::new(),
                reason: reason(),
            },
            // 4874: the index of a write-ahead log could not be made larger.
            (4874, _) | (_, 13) => Self::DiskFull,
            (_, 10 | 14) => Self::Disk {
                path: None,
                reason: reason(),
            },
            (_, 26) => Self::NotOurs {
                path: PathBuf::new(),
                reason: reason(),
            },
            _ => return None,
        })
    }
}
