//! What can go wrong with the row log.

use super::records::RecordsError;

/// Why a guard refused a write transaction; see [`super::Watch::guard`].
pub type GuardError = Box<dyn std::error::Error + Send + Sync>;

/// Why rows were not imported. Nothing of a failed import is visible, and the import may be
/// repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The catalogue could not be read or does not allow the operation.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The input has no column.
    #[error("the input has no columns: give a file with a header line")]
    NoColumns,
    /// The row table would need more columns than SQLite allows.
    #[error(
        "the source would need {needed} columns, of which {stored} are stored already, and at \
         most {limit} are possible: import fewer columns, or import into a new source"
    )]
    TooManyColumns {
        /// Columns that are or were stored, and the new ones.
        needed: i64,
        /// Columns that are or were stored.
        stored: i64,
        /// The most that are possible.
        limit: i64,
    },
    /// A key column is not in the input.
    #[error("key column `{key}` is not in the input, which has: {}", columns.join(", "))]
    MissingKeyColumn {
        /// The key column that was asked for.
        key: String,
        /// The columns of the input.
        columns: Vec<String>,
    },
    /// The input could not be read.
    #[error(transparent)]
    Records(RecordsError),
    /// A row has not as many cells as the input has columns.
    #[error(
        "line {line}: the reader gave {found} cells for {expected} columns; report this as a defect"
    )]
    WrongWidth {
        /// The line at which the row starts.
        line: u64,
        /// Cells in the row.
        found: usize,
        /// Columns of the input.
        expected: usize,
    },
    /// A column is to go on under another name, and the source has no snapshot.
    #[error(
        "there is no snapshot yet whose column `{column}` could go on under another name: leave --rename out"
    )]
    NothingToRename {
        /// Its name.
        column: String,
    },
    /// A column is to go on under another name that the latest snapshot does not have.
    #[error("the latest snapshot has no column `{column}`, its columns are: {}", columns.join(", "))]
    NoStoredColumn {
        /// The name that was given.
        column: String,
        /// Those that there are.
        columns: Vec<String>,
    },
    /// A column is to go on under a name that the input does not have.
    #[error("it has no column `{column}`, its columns are: {}", columns.join(", "))]
    NoIncomingColumn {
        /// The name that was given.
        column: String,
        /// Those that there are.
        columns: Vec<String>,
    },
    /// A column is to go on under another name, and both are there.
    #[error("`{stored}` cannot go on as `{incoming}`: {which} has both")]
    BothColumns {
        /// The name in the latest snapshot.
        stored: String,
        /// The name in the input.
        incoming: String,
        /// What has both.
        which: &'static str,
    },
    /// The watch asked to stop.
    #[error("the import was cancelled; nothing of it is visible")]
    Cancelled,
    /// More rows of the latest snapshot are missing than may be.
    #[error(
        "{removed} of {rows} rows would be deleted, more than {most}: if that is right, run it with --max-deletes {}%; \
         nothing was changed",
        (removed * 100 + rows - 1) / rows.max(&1)
    )]
    TooManyRemoved {
        /// Rows that are missing.
        removed: i64,
        /// Rows of the latest snapshot.
        rows: i64,
        /// The most that may be missing.
        most: i64,
    },
    /// Another writer changed the source while the input was read.
    #[error("source `{source_id}` was changed by another writer during the import: import again")]
    Moved {
        /// The source.
        source_id: String,
    },
}

/// Why stored rows could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowsError {
    /// There is no such source.
    #[error("no data source `{id}` in this project; list them to find the right id")]
    NoSource {
        /// The id that was asked for.
        id: String,
    },
    /// There is no such snapshot.
    #[error("no snapshot `{id}` in this project; list the source's snapshots to find the right id")]
    NoSnapshot {
        /// The id that was asked for.
        id: String,
    },
    /// The source has no snapshot.
    #[error("data source `{source_id}` has no snapshot yet: import into it first")]
    NothingPublished {
        /// The source.
        source_id: String,
    },
    /// The rows of the source are told apart by their content, not by a key.
    #[error(
        "the rows of `{source_name}` have no identity over versions: {reason}; import it into a source that was made with key columns"
    )]
    NoKey {
        /// The source's name in SQL.
        source_name: String,
        /// What is missing.
        reason: String,
    },
    /// Two snapshots of different sources cannot be compared.
    #[error("snapshots `{from}` and `{to}` belong to different sources: choose two of one source")]
    DifferentSources {
        /// The one snapshot.
        from: String,
        /// The other.
        to: String,
    },
    /// The rows were written by a newer version.
    #[error(
        "the rows of source `{source_id}` have format {found}, and this version reads {known}: upgrade to open it"
    )]
    NewerFormat {
        /// The source.
        source_id: String,
        /// The format that is stored.
        found: i64,
        /// The newest format that this version reads.
        known: i64,
    },
    /// All numbers for snapshots of this source are used up.
    #[error(
        "source `{source_id}` has used all its {limit} snapshot numbers: import into a new source"
    )]
    NoSnapshotNumbers {
        /// The source.
        source_id: String,
        /// How many snapshots one source can have in its life.
        limit: i64,
    },
    /// What is stored contradicts itself.
    #[error("source `{source_id}` is damaged: {what}; restore the project from a backup")]
    Damaged {
        /// The source.
        source_id: String,
        /// What does not fit.
        what: String,
    },
    /// The caller's condition for writing does not hold any more; nothing was written.
    #[error(transparent)]
    Guard(GuardError),
    /// Rows set aside in a temporary file could not be written or read back.
    #[error(
        "the temporary file beside the project cannot be used: {0}; free space there and try again"
    )]
    Spool(#[source] std::io::Error),
    /// SQLite refused a statement.
    #[error("{doing}: {}", crate::error::plainly(source))]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// SQLite's answer.
        source: rusqlite::Error,
    },
}

impl RowsError {
    /// What a statement says that was stopped; tests let steps fail with it.
    pub(super) fn interrupted() -> Self {
        let stopped = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT);
        Self::Sqlite {
            doing: "stopped by a test",
            source: rusqlite::Error::SqliteFailure(stopped, None),
        }
    }
}

/// Says what was being done when SQLite refused.
pub(super) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, RowsError>;
}

impl<T> Doing<T> for Result<T, rusqlite::Error> {
    fn doing(self, doing: &'static str) -> Result<T, RowsError> {
        self.map_err(|source| RowsError::Sqlite { doing, source })
    }
}

impl From<std::io::Error> for RowsError {
    fn from(error: std::io::Error) -> Self {
        Self::Spool(error)
    }
}

impl From<std::io::Error> for ImportError {
    fn from(error: std::io::Error) -> Self {
        Self::Rows(RowsError::Spool(error))
    }
}
