//! Why a source could not be synced.

use std::io;

use crate::JobError;
use crate::import::ImportFileError;

use super::MaxDeletes;

/// Why a source could not be synced. Nothing was published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// Nothing says where its rows come from.
    #[error(
        "nothing says where the rows of source `{name}` come from: give its config an address, a query or \
         {{\"from\": {{\"project\": .., \"source\": ..}}}}, or import files into it"
    )]
    NoOrigin {
        /// The source.
        name: String,
    },
    /// Rows are to be merged by a key that there is not.
    #[error(
        "rows of source `{name}` cannot be merged, because it has no key: `manifold source update --key` gives it one"
    )]
    NoKey {
        /// The source.
        name: String,
    },
    /// What came has no such column.
    #[error("key column `{key}` is not in what came, which has: {}", columns.join(", "))]
    MissingKeyColumn {
        /// The key column.
        key: String,
        /// The columns that came.
        columns: Vec<String>,
    },
    /// What has no key cannot be found again.
    #[error(
        "row {row} of what came has nothing in key column `{column}`, so it would be lost among others"
    )]
    NullKey {
        /// Its number, from 1.
        row: u64,
        /// The column.
        column: String,
    },
    /// A row that came has several rows that it could replace.
    #[error(
        "the latest snapshot of source `{name}` has several rows with the key {key}, and one came for it: \
         --mode full --whole takes only what comes, or give the source another key"
    )]
    RepeatedKey {
        /// The source.
        name: String,
        /// The cells of the key.
        key: String,
    },
    /// The column that says when a row was deleted comes from elsewhere.
    #[error(
        "what came has a column `{column}` of its own, which says when rows were deleted here: use --deletes hard or none"
    )]
    DeletedAtTaken {
        /// The column.
        column: String,
    },
    /// What came has no column that says which row is the later one.
    #[error(
        "column `{column}`, which is to say which row is the newer one, is not in what came, which has: {}; name another one with \
         --newest",
        columns.join(", ")
    )]
    MissingNewestColumn {
        /// The column.
        column: String,
        /// The columns that came.
        columns: Vec<String>,
    },
    /// Which row is the later one cannot be told.
    #[error(
        "the row with the key {key} was changed on both sides, and of its column `{column}` nobody can tell which is newer: here it is \
         `{here}`, there `{there}`; numbers without an exponent and times as ISO 8601 writes them can be compared"
    )]
    Incomparable {
        /// The column.
        column: String,
        /// The cells of the key.
        key: String,
        /// The value here.
        here: String,
        /// The value that came.
        there: String,
    },
    /// More rows would be deleted than may be.
    #[error(
        "{deleted} of {rows} rows of source `{name}` would be deleted, more than {most}: if that is right, run it with \
         --max-deletes {enough}; nothing was changed"
    )]
    TooManyDeletions {
        /// The source.
        name: String,
        /// Rows that would be deleted.
        deleted: u64,
        /// Rows of the latest snapshot.
        rows: u64,
        /// What is allowed.
        most: MaxDeletes,
        /// What would allow it.
        enough: MaxDeletes,
    },
    /// More rows were changed here than are remembered.
    #[error("more than {most} rows were changed here: --on-conflict source takes what came")]
    TooManyConflicts {
        /// How many are remembered.
        most: usize,
    },
    /// What came could not be read.
    #[error(transparent)]
    Input(#[from] ImportFileError),
    /// A temporary file could not be written or read.
    #[error(
        "a temporary file for the rows that came could not be used: {0}; free space in the data folder's file system"
    )]
    Temporary(#[from] io::Error),
    /// The store could not be reached.
    #[error(transparent)]
    Store(#[from] manifold_store::StoreError),
    /// It is to stop.
    #[error("the sync was cancelled; nothing of it is visible")]
    Stopped,
}

impl SyncError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoOrigin { .. } => "no_origin",
            Self::NoKey { .. } => "no_key",
            Self::MissingKeyColumn { .. } => "missing_key_column",
            Self::NullKey { .. } => "null_key",
            Self::RepeatedKey { .. } => "repeated_key",
            Self::DeletedAtTaken { .. } => "deleted_at_taken",
            Self::MissingNewestColumn { .. } => "missing_newest_column",
            Self::Incomparable { .. } => "incomparable_values",
            Self::TooManyDeletions { .. } => "too_many_deletions",
            Self::TooManyConflicts { .. } => "too_many_conflicts",
            Self::Input(error) => error.code(),
            Self::Temporary(error) if error.kind() == io::ErrorKind::StorageFull => "disk_full",
            Self::Temporary(_) => "temporary_file",
            Self::Store(error) => error.code(),
            Self::Stopped => "cancelled",
        }
    }
}

impl From<SyncError> for JobError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Stopped => Self::Cancelled,
            SyncError::Store(error) => error.into(),
            SyncError::Input(error) => error.into(),
            error => Self::of(error.code(), &error),
        }
    }
}
