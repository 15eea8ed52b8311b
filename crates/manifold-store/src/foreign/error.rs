//! Why the database of another program cannot be read.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::StoreError;
use crate::error::{plainly, tells_damage};

/// Why the database of another program cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignError {
    /// It is no SQLite database.
    #[error("{} is no SQLite database: {reason}", path.display())]
    NoDatabase {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// It cannot be opened.
    #[error(transparent)]
    Open {
        /// What is wrong.
        source: Box<StoreError>,
    },
    /// It is damaged.
    #[error("{} is damaged{} ({reason}): recover it first, for example with `sqlite3 FILE .recover`", path.display(), within(table.as_deref()))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The table that was read.
        table: Option<String>,
        /// What SQLite says.
        reason: String,
    },
    /// A row is larger than is read.
    #[error("{}: a row{} is larger than is imported", path.display(), within(table.as_deref()))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The table that was read.
        table: Option<String>,
    },
    /// It cannot be read.
    #[error("cannot read {}{}: {source}", path.display(), within(table.as_deref()))]
    Read {
        /// The file.
        path: PathBuf,
        /// The table that was read.
        table: Option<String>,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Another program wrote to the file meanwhile.
    #[error("{} was changed while it was read: import it again when nobody writes to it", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A statement would do something else than read.
    #[error("{}: the statement does not only read", path.display())]
    Writes {
        /// The file.
        path: PathBuf,
    },
    /// A statement is not understood, or fails.
    #[error("{}: {reason}", path.display())]
    Statement {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// A value does not fit where it is to go.
    #[error("{}: {reason}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// Another program writes to the file.
    #[error("another program writes to {}", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// It was asked to stop.
    #[error("reading was stopped")]
    Stopped,
}

fn within(table: Option<&str>) -> String {
    table.map_or_else(String::new, |table| format!(" in the table `{table}`"))
}

impl ForeignError {
    pub(super) fn open(source: StoreError) -> Self {
        match source {
            StoreError::NotOurs { path, reason } => Self::NoDatabase { path, reason },
            source => Self::Open {
                source: Box::new(source),
            },
        }
    }

    /// The error of a statement that somebody wrote.
    pub(super) fn of_statement(path: &Path, source: rusqlite::Error) -> Self {
        let (path, reason) = (path.to_owned(), plainly(&source));
        let code = match &source {
            rusqlite::Error::SqlInputError { error, .. } => Some(error.code),
            other => other.sqlite_error_code(),
        };
        match (&source, code) {
            (rusqlite::Error::MultipleStatement, _) => Self::Statement { path, reason },
            (_, Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly)) => {
                Self::Writes { path }
            }
            (_, Some(ErrorCode::Unknown)) => Self::Statement { path, reason },
            _ => Self::read(&path, None, source),
        }
    }

    pub(super) fn read(path: &Path, table: Option<&str>, source: rusqlite::Error) -> Self {
        let (path, table) = (path.to_owned(), table.map(str::to_owned));
        if super::is_stopped(&source) {
            return Self::Stopped;
        }
        if tells_damage(&source) {
            let reason = plainly(&source);
            return Self::Damaged {
                path,
                table,
                reason,
            };
        }
        match source.sqlite_error_code() {
            Some(ErrorCode::TooBig) => Self::TooLarge { path, table },
            _ => Self::Read {
                path,
                table,
                source,
            },
        }
    }
}
