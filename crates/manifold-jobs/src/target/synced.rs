//! What was done to a target.

use serde::{Deserialize, Serialize};

use crate::sync::SyncMode;

/// What was done to a target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncedTarget {
    /// The database, without secrets.
    pub to: String,
    /// The table.
    pub table: String,
    /// How it was made equal.
    pub mode: SyncMode,
    /// The snapshot that it was made equal to.
    pub snapshot_id: String,
    /// Its number.
    pub snapshot_number: i64,
    /// The number of the snapshot that it was made equal to before; `None` the first time.
    pub base_number: Option<i64>,
    /// Rows that are new there.
    pub inserted: u64,
    /// Rows that have other values there.
    pub updated: u64,
    /// Rows that are gone there, or marked as deleted.
    pub deleted: u64,
    /// Rows that were changed in the source and in the target too.
    pub conflicts: u64,
    /// The columns of the key.
    pub key: Vec<String>,
    /// The keys of the first hundred rows that both sides have changed.
    pub conflict_keys: Vec<Vec<Option<String>>>,
    /// Whether the table was made.
    pub created_table: bool,
    /// Columns that were added to the table.
    pub added_columns: Vec<String>,
    /// Whether nothing was to be done.
    pub unchanged: bool,
}
