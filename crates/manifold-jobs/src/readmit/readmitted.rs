//! What taking records back has done, or would do.

use manifold_store::rows::SnapshotSummary;
use serde::{Deserialize, Serialize};

use crate::import::Imported;

/// Which records of a list are taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readmission {
    /// Records that are rows now, or would be.
    pub taken: u64,
    /// Records that were edited and are no rows yet; they stay as they are stored.
    pub still_rejected: Vec<StillRejected>,
    /// Records that are listed as they are stored.
    pub unedited: u64,
    /// Edited records that the latest snapshot does not reject: they were taken back before, or the file has changed.
    pub gone: u64,
}

/// An edited record that is no row yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StillRejected {
    /// Its id in the list.
    pub id: i64,
    /// The line at which it started in the input, from 1.
    pub line: i64,
    /// Why, as it was edited.
    pub reason: String,
}

/// What taking records back has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readmitted {
    /// The snapshot that was made, or the latest one if no record could be taken back.
    #[serde(flatten)]
    pub imported: Imported,
    /// Which records were taken back.
    pub readmission: Readmission,
}

/// What taking records back would do.
#[derive(Debug, Clone, Serialize)]
pub struct ReadmitPlan {
    /// The source that they would be taken back into.
    pub source_name: String,
    /// Which records would be taken back.
    pub readmission: Readmission,
    /// Rows that the source would have.
    pub rows: i64,
    /// Records that would stay rejected.
    pub rejected: i64,
    /// Rows that the latest snapshot does not have.
    pub added: i64,
    /// Rows that only the latest snapshot has.
    pub removed: i64,
    /// Rows with the same key and other values.
    pub changed: i64,
    /// Rows that would stand at another place.
    pub moved: i64,
    /// Rows that repeat the key of an earlier row; `None` without a key, or when no record would be taken back.
    pub duplicate_keys: Option<u64>,
}

impl ReadmitPlan {
    pub(crate) fn new(
        source_name: String,
        readmission: Readmission,
        summary: &SnapshotSummary,
    ) -> Self {
        let counts = summary.counts;
        Self {
            source_name,
            readmission,
            rows: counts.row_count,
            rejected: counts.rejected,
            added: counts.added,
            removed: counts.removed,
            changed: counts.changed,
            moved: counts.moved,
            duplicate_keys: summary.duplicate_keys,
        }
    }
}
