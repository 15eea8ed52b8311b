//! What a query needed too much of.

use super::limits::MAX_VALUE;

/// What a query needed too much of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Excess {
    /// One text, blob or row.
    #[error(
        "a value or row is larger than {MAX_VALUE} bytes; select fewer or shorter columns, or substr() of them"
    )]
    Value,
    /// Temporary files.
    #[error(
        "the query filled {used} bytes of temporary files, {limit} are allowed; sort or group fewer rows or columns"
    )]
    TemporaryFiles {
        /// Bytes in use when it was stopped.
        used: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// The disk of the temporary files.
    #[error(
        "the query was about to fill the disk of the temporary files ({available} bytes left); sort or group fewer rows, or free space"
    )]
    Disk {
        /// Bytes left when it was stopped; 0 if the disk was full.
        available: u64,
    },
    /// SQLite's memory.
    #[error(
        "the query needs more than {limit} bytes of memory; collect fewer or shorter values into one"
    )]
    Memory {
        /// Bytes that SQLite may use in this process.
        limit: u64,
    },
    /// The statement itself.
    #[error(
        "the statement is too large: {detail}; split it, or use a source instead of long lists"
    )]
    Statement {
        /// What of it.
        detail: String,
    },
}
