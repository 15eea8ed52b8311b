//! What a sync would do.

use serde::{Deserialize, Serialize};

use super::{MaxDeletes, SyncMode, Winner};

/// What a sync would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncPlan {
    /// The source.
    pub source_name: String,
    /// Nothing would be stored.
    pub unchanged: bool,
    /// What would become of the rows that come; `None` when none do.
    pub mode: Option<SyncMode>,
    /// Whether all rows come that there are.
    pub whole: bool,
    /// Rows that there would be.
    pub rows: u64,
    /// Rows that would be new.
    pub inserted: u64,
    /// Rows that would be others.
    pub updated: u64,
    /// Rows that would be gone, or marked as deleted.
    pub deleted: u64,
    /// Those of them that would only be marked.
    pub marked: u64,
    /// Rows that would stand at another place.
    pub moved: u64,
    /// Records that are no rows.
    pub rejected: u64,
    /// Rows that were changed on both sides.
    pub conflicts: u64,
    /// Those of them that would become what came.
    #[serde(default)]
    pub conflicts_taken: u64,
    /// The keys of the first 20 of them.
    pub conflict_keys: Vec<Vec<String>>,
    /// Which side holds of each of those.
    #[serde(default)]
    pub conflict_winners: Vec<Winner>,
    /// How many rows may be deleted.
    pub max_deletes: MaxDeletes,
    /// Whether more would be: the sync would fail.
    pub too_many_deletions: bool,
    /// What people should know.
    pub warnings: Vec<String>,
}

impl SyncPlan {
    /// That nothing would be stored.
    pub(crate) fn unchanged(source_name: String, max_deletes: MaxDeletes) -> Self {
        Self {
            source_name,
            unchanged: true,
            mode: None,
            whole: false,
            rows: 0,
            inserted: 0,
            updated: 0,
            deleted: 0,
            marked: 0,
            moved: 0,
            rejected: 0,
            conflicts: 0,
            conflicts_taken: 0,
            conflict_keys: Vec::new(),
            conflict_winners: Vec::new(),
            max_deletes,
            too_many_deletions: false,
            warnings: Vec::new(),
        }
    }
}
