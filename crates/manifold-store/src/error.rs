//! What can go wrong in the store, by meaning.

use std::io;
use std::path::PathBuf;

use sea_orm::{DbErr, RuntimeErr};

use crate::ProjectId;
use crate::connection::Stalled;

/// An error of the store. Each variant says what to do; [`StoreError::code`] is its stable name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another task or process held a lock for longer than the deadline.
    #[error("{what} is in use{}; try again when it is done", holder.as_ref().map_or(String::new(), |by| format!(" by {by}")))]
    Busy {
        /// What is locked.
        what: String,
        /// Process id and command of who holds it, where known.
        holder: Option<String>,
    },
    /// A row with this key exists.
    #[error("there is already a row with this {constraint}")]
    Unique {
        /// The columns, as SQLite names them.
        constraint: String,
    },
    /// A value is not allowed in its column.
    #[error("a value is not allowed: {constraint}")]
    Check {
        /// The constraint, as SQLite names it.
        constraint: String,
    },
    /// A row refers to another that does not exist.
    #[error("a row refers to another that does not exist")]
    ForeignKey,
    /// Nothing has this id, name or id prefix.
    #[error("no {what} has the id, name or id prefix `{name}`; `manifold {what} list` shows them")]
    NotFound {
        /// `project`, `source`, `snapshot`, ...
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// A name or id prefix fits several.
    #[error("`{name}` fits {} {what}s: {}; use an id", candidates.len(), candidates.join(", "))]
    Ambiguous {
        /// `project`, `source`, ...
        what: &'static str,
        /// What was asked for.
        name: String,
        /// `id (name)` of each.
        candidates: Vec<String>,
    },
    /// The name is taken.
    #[error("a {what} named `{name}` exists ({id}); choose another name")]
    NameTaken {
        /// `project`, `source`, ...
        what: &'static str,
        /// The name.
        name: String,
        /// Who has it.
        id: String,
    },
    /// The name cannot be used.
    #[error("`{name}` cannot be the name of a {what}: {reason}")]
    InvalidName {
        /// `project`, `source`, ...
        what: &'static str,
        /// The name, shortened.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// A config holds a secret as a literal.
    #[error(
        "`{key}` looks like a secret and would be stored as it is; write `${{env:NAME}}` or `${{secret:NAME}}` instead of the value"
    )]
    SecretLiteral {
        /// The path of the key in the config.
        key: String,
    },
    /// A value given by the user cannot be used.
    #[error("{what} cannot be `{value}`: {reason}")]
    InvalidValue {
        /// What was being set.
        what: String,
        /// The value, shortened.
        value: String,
        /// Why not, and what can be.
        reason: String,
    },
    /// The project's file is not there.
    #[error("the file of project {project} is missing: {}; put it back, or restore the project from a backup", path.display())]
    Gone {
        /// The project.
        project: ProjectId,
        /// Where its file should be.
        path: PathBuf,
    },
    /// The file holds another project.
    #[error("{} holds project {found}, not {expected}; move the right file there", path.display())]
    WrongProject {
        /// The file.
        path: PathBuf,
        /// The project that should be in it.
        expected: ProjectId,
        /// The id found inside.
        found: String,
    },
    /// The file is not one of ours.
    #[error("{} is not a Manifold database ({reason}); put the right file there, or restore from a backup", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        reason: String,
    },
    /// The file is damaged.
    #[error("{} is damaged ({reason}); restore it from a backup, other projects are not affected", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// The file was written by a newer program.
    #[error("{} has schema version {found}, this program knows {known}; use a newer manifold", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        known: u32,
    },
    /// Another process migrated the file after it was opened here.
    #[error("{} was migrated from version {opened} to {found} by another process; run the command again", path.display())]
    SchemaMoved {
        /// The file.
        path: PathBuf,
        /// Its version when it was opened.
        opened: u32,
        /// Its version now.
        found: i64,
    },
    /// A migration would break or lose rows.
    #[error("the migration of {} was undone: {reason}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// What would have been lost or broken.
        reason: String,
    },
    /// The disk is full.
    #[error("the disk is full; nothing was changed, free some space and try again")]
    DiskFull,
    /// The linked SQLite has a bug that loses commits.
    #[error(
        "this program is linked with SQLite {found}, which can lose commits; 3.51.3 or newer is needed"
    )]
    OldSqlite {
        /// The number of the library, such as 3051003.
        found: i32,
    },
    /// The folder is on a file system without working locks.
    #[error("file locks do not work in {}: {reason}; use a local file system", path.display())]
    NoLocks {
        /// The data folder.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// More spokes were asked for at once than may be open.
    #[error(
        "{wanted} projects were asked for at once, at most {limit} can be open; raise the limit of open files (`ulimit -n`)"
    )]
    TooManyProjects {
        /// How many were asked for.
        wanted: usize,
        /// How many can be open.
        limit: usize,
    },
    /// A file operation failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody took the rows of a stream for too long; its connection was needed by others.
    #[error(
        "a query on {file} was stopped because its rows were not taken for {seconds} s; read on without waiting for anything else, or in pages"
    )]
    StreamStalled {
        /// The database file.
        file: String,
        /// How long they were left.
        seconds: u64,
    },
    /// A statement that waits was stopped.
    #[error("the statement was stopped")]
    Interrupted,
    /// The work would have changed the database but may not.
    #[error("the database is read-only")]
    ReadOnly,
    /// A JSON value in the database does not have the shape this program expects.
    #[error("a stored value cannot be read: {0}")]
    Decode(String),
    /// Anything else the database said.
    #[error("the database failed: {0}")]
    Database(#[source] DbErr),
}

impl StoreError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "busy",
            Self::Unique { .. } => "unique",
            Self::Check { .. } => "check",
            Self::ForeignKey => "foreign_key",
            Self::NotFound { .. } => "not_found",
            Self::Ambiguous { .. } => "ambiguous",
            Self::NameTaken { .. } => "name_taken",
            Self::InvalidName { .. } => "invalid_name",
            Self::SecretLiteral { .. } => "secret_literal",
            Self::InvalidValue { .. } => "invalid_value",
            Self::Gone { .. } => "project_file_missing",
            Self::WrongProject { .. } => "wrong_project",
            Self::NotOurs { .. } => "not_a_manifold_database",
            Self::Corrupt { .. } => "corrupt",
            Self::NewerSchema { .. } => "newer_schema",
            Self::SchemaMoved { .. } => "schema_moved",
            Self::Migration { .. } => "migration_undone",
            Self::DiskFull => "disk_full",
            Self::OldSqlite { .. } => "old_sqlite",
            Self::NoLocks { .. } => "no_locks",
            Self::TooManyProjects { .. } => "too_many_projects",
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => "disk_full",
            Self::Io { .. } => "io",
            Self::StreamStalled { .. } => "stream_stalled",
            Self::Interrupted => "interrupted",
            Self::ReadOnly => "read_only",
            Self::Decode(_) => "decode",
            Self::Database(_) => "database",
        }
    }

    /// Wraps an I/O error with what was being done to which path.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// The same error, naming the file where SQLite did not.
    pub(crate) fn at(self, path: &std::path::Path) -> Self {
        match self {
            Self::Corrupt {
                reason,
                path: known,
            } if known.as_os_str().is_empty() => Self::Corrupt {
                path: path.to_owned(),
                reason,
            },
            Self::NotOurs {
                reason,
                path: known,
            } if known.as_os_str().is_empty() => Self::NotOurs {
                path: path.to_owned(),
                reason,
            },
            Self::Busy { holder, .. } => Self::Busy {
                what: path.display().to_string(),
                holder,
            },
            other => other,
        }
    }
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
        let sqlx::Error::Database(database) = sqlx.as_ref() else {
            return Self::Database(error);
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
            (_, 5 | 6) => Self::Busy {
                what: "the database file".to_owned(),
                holder: None,
            },
            (_, 8) => Self::ReadOnly,
            (_, 9) => Self::Interrupted,
            (_, 11) => Self::Corrupt {
                path: PathBuf::new(),
                reason: reason(),
            },
            (_, 13) => Self::DiskFull,
            (_, 26) => Self::NotOurs {
                path: PathBuf::new(),
                reason: reason(),
            },
            _ => return None,
        })
    }
}
