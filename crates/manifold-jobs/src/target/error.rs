//! Why a target could not be written.

use manifold_format::UnknownEncoding;
use manifold_store::{RowLogError, StoreError};

use crate::JobError;
use crate::database::DatabaseError;
use crate::sync::MaxDeletes;

/// Why a target could not be written. Nothing was changed in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The database could not be reached, read or written.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The store could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rows could not be read.
    #[error(transparent)]
    Rows(#[from] RowLogError),
    /// The rows were stored by a newer version.
    #[error(transparent)]
    NewerRows(#[from] UnknownEncoding),
    /// The source has no rows yet.
    #[error("{source_name} has no snapshot yet; import into it first")]
    NoSnapshot {
        /// The source.
        source_name: String,
    },
    /// What was asked for does not go together.
    #[error("{reason}")]
    Options {
        /// What does not.
        reason: String,
    },
    /// The source has no key.
    #[error(
        "{source_name} has no key that says which rows are the same; give it one with `source update --key`, or use another mode"
    )]
    NoKey {
        /// The source.
        source_name: String,
    },
    /// The key does not tell rows apart.
    #[error("the key ({key}) does not tell rows of {table} apart: {reason}")]
    KeyNotUnique {
        /// The columns.
        key: String,
        /// The table.
        table: String,
        /// What was found.
        reason: String,
    },
    /// What was written last is not known any more.
    #[error(
        "snapshot {number} of {source_name}, which {table} was made equal to last, is not there any more, so nobody knows what changed in which of them; write it anew with the mode full"
    )]
    BaseGone {
        /// The source.
        source_name: String,
        /// The number of the snapshot.
        number: i64,
        /// The table.
        table: String,
    },
    /// More rows would be deleted than is allowed.
    #[error(
        "{deleted} of {rows} rows of {table} would be deleted, more than {most}: if that is right, run it with --max-deletes {enough}; nothing was changed"
    )]
    TooManyDeletions {
        /// The table.
        table: String,
        /// Rows that would be deleted.
        deleted: u64,
        /// Rows that are there.
        rows: u64,
        /// What is allowed.
        most: MaxDeletes,
        /// What would allow it.
        enough: MaxDeletes,
    },
    /// The table cannot take part in a transaction.
    #[error(
        "{table} is a table of the engine {engine}, which knows no transactions; make it an InnoDB table"
    )]
    NotTransactional {
        /// The table.
        table: String,
        /// Its engine.
        engine: String,
    },
    /// A name cannot be one there.
    #[error(
        "{name} cannot be the name of a column or a table there: {reason}; rename it in the source"
    )]
    Name {
        /// The name.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

impl TargetError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Database(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Rows(error) => error.code(),
            Self::NewerRows(_) => "newer_rows",
            Self::NoSnapshot { .. } => "no_snapshot",
            Self::Options { .. } => "sync_options",
            Self::NoKey { .. } => "no_key",
            Self::KeyNotUnique { .. } => "sync_key_not_unique",
            Self::BaseGone { .. } => "sync_base_gone",
            Self::TooManyDeletions { .. } => "too_many_deletions",
            Self::NotTransactional { .. } => "target_not_transactional",
            Self::Name { .. } => "target_name",
        }
    }
}

impl From<TargetError> for JobError {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::Database(error) => error.into(),
            TargetError::Store(error) => error.into(),
            TargetError::Rows(error) => error.into(),
            other => Self::failed(other.code(), &other),
        }
    }
}
