//! How much a statement may use.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::limits::Limit;

use crate::Access;

/// Largest value or row that a query may read or make, in bytes: the largest cell an import takes.
pub const MAX_VALUE: usize = 64 * 1024 * 1024;

/// Longest SQL text, in bytes.
pub const MAX_SQL: usize = 1_000_000;

/// The bounds of the SQL language inside one statement.
const LIMITS: &[(Limit, i32)] = &[
    (Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE as i32),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, MAX_SQL as i32),
    (Limit::SQLITE_LIMIT_COLUMN, 2_000),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 500),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 500),
    // 24 bytes each: a union of 100 snapshots of 2,000 columns fits.
    (Limit::SQLITE_LIMIT_VDBE_OP, 5_000_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 500),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    // A match costs up to text length times pattern length and cannot be stopped.
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 500),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 32_766),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

/// What one [`Sandbox`](super::Sandbox) allows and listens to.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Time for one run, counted from its start; `None` for no bound. Default: 60 s.
    pub timeout: Option<Duration>,
    /// Set to true from any thread to stop the run; it stays stopped until set back.
    pub cancel: Arc<AtomicBool>,
    /// Whether files may be made beside the project's. Default: they may.
    pub access: Access,
    /// How long to wait for a lock that another connection holds. Default: 5 s.
    pub busy_timeout: Duration,
    /// Bytes of temporary files that a run may fill, for sorting and grouping. Default: 8 GiB.
    ///
    /// A run also stops when it has used four fifths of the space that was free. Watched on Linux;
    /// on other systems temporary data stays in memory, under `heap_limit`.
    pub temp_limit: u64,
    /// Bytes of memory that SQLite may hold **in the whole process**, for all its connections.
    /// Default: 1 GiB.
    ///
    /// SQLite has no smaller scope than the process. It is set when a sandbox opens and can be
    /// lowered, never raised. At the limit SQLite first gives back page caches, then the statement
    /// that asks for more fails, which is a user's query in all but unlucky cases.
    pub heap_limit: u64,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            timeout: Some(Duration::from_secs(60)),
            cancel: Arc::default(),
            access: Access::default(),
            busy_timeout: Duration::from_secs(5),
            temp_limit: 8 << 30,
            heap_limit: 1 << 30,
        }
    }
}

/// Sets the bounds of the SQL language.
///
/// # Errors
///
/// SQLite's error if a limit does not exist.
pub(super) fn apply(connection: &Connection) -> rusqlite::Result<()> {
    for &(limit, value) in LIMITS {
        connection.set_limit(limit, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SQLite silently cuts a limit to its compiled maximum.
    #[test]
    fn every_limit_is_in_force() {
        let connection = Connection::open_in_memory().unwrap();
        apply(&connection).unwrap();
        for &(limit, value) in LIMITS {
            assert_eq!(connection.limit(limit).unwrap(), value, "{limit:?}");
        }
    }
}
