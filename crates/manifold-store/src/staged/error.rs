//! Why a spoke cannot be staged.

use std::path::PathBuf;

use crate::StoreError;
use crate::rows::RowsError;

/// Why what was read back is no project. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StagedError {
    /// A table came back with other rows than were saved.
    #[error(
        "table `{table}` came back with {found_rows} rows ({found_hash}), but {expected_rows} were saved \
         ({expected_hash}); use another backup"
    )]
    Differs {
        /// The table.
        table: String,
        /// Rows that were saved.
        expected_rows: i64,
        /// Their logical hash.
        expected_hash: String,
        /// Rows that came back.
        found_rows: i64,
        /// Their logical hash.
        found_hash: String,
    },
    /// A snapshot came back with other rows than it had when it was taken.
    #[error(
        "snapshot {number} of source `{source_name}` came back with {found} rows, and {expected} are written down for it; \
         use another backup"
    )]
    SnapshotRows {
        /// The name of the source.
        source_name: String,
        /// The public number of the snapshot.
        number: i64,
        /// The rows that are written down.
        expected: i64,
        /// The rows that it has.
        found: i64,
    },
    /// What a snapshot shows is not what the live project shows, though it is in the state that was saved.
    #[error(
        "table `{table}` differs from that of the live project, which is still in the state that was saved; use another backup"
    )]
    NotAsLive {
        /// The table.
        table: String,
    },
    /// A table that was saved did not come back.
    #[error("table `{table}` was saved and did not come back; use another backup")]
    Missing {
        /// The table.
        table: String,
    },
    /// A table came back that was not saved, or holds rows though none were saved.
    #[error("table `{table}` has rows that were not saved; use another backup")]
    Unexpected {
        /// The table.
        table: String,
    },
    /// The catalogue has no such table, or another shape.
    #[error("table `{table}` cannot be restored: {reason}; use another backup")]
    Table {
        /// The table.
        table: String,
        /// What does not fit.
        reason: String,
    },
    /// It is another project than the one that was saved.
    #[error("it holds project {found}, and {expected} was saved; use another backup")]
    OtherProject {
        /// The id that was saved.
        expected: String,
        /// The id that came back.
        found: String,
    },
    /// The file holds something that no project has.
    #[error("{} is no project ({reason}); use another backup", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The views of the sources cannot be made.
    #[error("the view of a source cannot be made: {0}; use another backup")]
    Views(#[source] RowsError),
    /// The file cannot be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StagedError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Differs { .. }
            | Self::SnapshotRows { .. }
            | Self::NotAsLive { .. }
            | Self::Missing { .. }
            | Self::Unexpected { .. } => "backup_differs",
            Self::Table { .. }
            | Self::OtherProject { .. }
            | Self::Foreign { .. }
            | Self::Views(_) => "backup_damaged",
            Self::Store(error) => error.code(),
        }
    }
}
