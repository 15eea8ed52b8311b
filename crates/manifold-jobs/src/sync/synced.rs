//! What a sync did.

use serde::{Deserialize, Serialize};

use super::{SyncMode, Winner};
use crate::import::Imported;

/// What a sync did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synced {
    /// What became of the source's rows.
    #[serde(flatten)]
    pub imported: Imported,
    /// What became of the rows that came; `None` when nothing was pulled, or an earlier attempt had published already.
    pub mode: Option<SyncMode>,
    /// Whether all rows came that there are.
    pub whole: bool,
    /// Rows that are new.
    pub inserted: i64,
    /// Rows that are others now.
    pub updated: i64,
    /// Rows that are gone, or marked as deleted.
    pub deleted: i64,
    /// Those of them that are only marked.
    pub marked: i64,
    /// Rows that came and whose key a later row has that came; the later one holds.
    pub repeated: u64,
    /// Rows that were changed on both sides.
    pub conflicts: u64,
    /// Those of them that became what came.
    #[serde(default)]
    pub conflicts_taken: u64,
    /// The keys of the first 20 of them.
    pub conflict_keys: Vec<Vec<String>>,
    /// Which side holds of each of those.
    #[serde(default)]
    pub conflict_winners: Vec<Winner>,
    /// What people should know.
    pub warnings: Vec<String>,
}

impl Synced {
    /// That nothing was pulled, or an earlier attempt has published.
    pub(crate) fn of(imported: Imported) -> Self {
        Self {
            mode: None,
            whole: false,
            inserted: imported.added,
            updated: imported.changed,
            deleted: imported.removed,
            marked: 0,
            repeated: 0,
            conflicts: 0,
            conflicts_taken: 0,
            conflict_keys: Vec::new(),
            conflict_winners: Vec::new(),
            warnings: Vec::new(),
            imported,
        }
    }
}
