//! How rows would change.

use manifold_store::rows::Outcome;
use serde::Serialize;

/// How rows would change, against the latest snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PlannedChanges {
    /// The file is the one of the latest snapshot: nothing would be done.
    pub unchanged: bool,
    /// Rows that the latest snapshot does not have.
    pub added: u64,
    /// Rows that only the latest snapshot has.
    pub removed: u64,
    /// Rows with the same key and other values.
    pub changed: u64,
    /// Rows that would stand at another place.
    pub moved: u64,
    /// Rows that repeat the key of an earlier row; `None` without a key, or for a new source.
    pub duplicate_keys: Option<u64>,
}

impl PlannedChanges {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let (Outcome::Planned(summary) | Outcome::Published(summary)) = outcome else {
            return Self {
                unchanged: true,
                ..Self::default()
            };
        };
        let counts = summary.counts;
        Self {
            unchanged: false,
            added: counts.added.unsigned_abs(),
            removed: counts.removed.unsigned_abs(),
            changed: counts.changed.unsigned_abs(),
            moved: counts.moved.unsigned_abs(),
            duplicate_keys: summary.duplicate_keys,
        }
    }
}
