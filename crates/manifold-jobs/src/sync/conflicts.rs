//! Rows that were changed both here and where they come from.

use std::collections::BTreeSet;

use manifold_format::TypedCell;
use serde_json::{Value as Json, json};

use super::SyncError;

/// How many conflicts are remembered at most.
const MOST: usize = 10_000;

/// How many of them are named.
const NAMED: usize = 20;

/// What identifies the key of a row, or its content.
pub(super) type Hash = [u8; 16];

/// What is done with a row that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It becomes what it is on the other side.
    Take,
    /// It stays: only here it has changed.
    Keep,
    /// It stays: it has changed on both sides.
    Conflict,
}

/// What is done with a row that is `here`, `there`, and was `before` when both sides agreed; `None`: it is, or was, not there.
/// `is_open`: whether it was a conflict when the other side was looked at last.
pub(super) fn decide(
    here: Option<Hash>,
    before: Option<Hash>,
    there: Option<Hash>,
    is_open: bool,
) -> Decision {
    if here == there || here == before && !is_open {
        Decision::Take
    } else if is_open || there != before {
        Decision::Conflict
    } else {
        Decision::Keep
    }
}

/// Conflicts that are left.
#[derive(Debug, Default)]
pub(crate) struct Conflicts {
    /// Those that were left before.
    before: BTreeSet<String>,
    /// Keys that were met now.
    now: BTreeSet<String>,
    named: Vec<Vec<String>>,
}

impl Conflicts {
    /// Those that a state of the source remembers.
    pub(super) fn remembered(state: Option<&Json>) -> Self {
        let keys = state.and_then(Json::as_array).into_iter().flatten();
        Self {
            before: keys.filter_map(Json::as_str).map(str::to_owned).collect(),
            ..Self::default()
        }
    }

    /// Whether the row with this key was a conflict before; it is no more, unless it is [added](Self::add) again.
    pub(super) fn was_open(&mut self, key: Hash) -> bool {
        !self.before.is_empty() && self.before.remove(&hex(key))
    }

    /// Notes a conflict over the row with this key, which has these cells.
    pub(super) fn add<'a>(
        &mut self,
        key: Hash,
        cells: impl Iterator<Item = TypedCell<'a>>,
    ) -> Result<(), SyncError> {
        if self.now.len() >= MOST {
            return Err(SyncError::TooManyConflicts { most: MOST });
        }
        if self.now.insert(hex(key)) && self.named.len() < NAMED {
            self.named.push(cells.map(shown).collect());
        }
        Ok(())
    }

    /// How many there are now.
    pub(crate) fn count(&self) -> u64 {
        self.now.len() as u64
    }

    /// The keys of the first of them.
    pub(crate) fn named(&self) -> &[Vec<String>] {
        &self.named
    }

    /// What is to be remembered: those that are there now, and, unless every row was looked at, those that were not.
    pub(super) fn to_remember(&self, all_seen: bool) -> Option<Json> {
        let mut open = self.now.clone();
        if !all_seen {
            open.extend(self.before.iter().cloned());
        }
        (!open.is_empty()).then(|| json!(open))
    }
}

/// The cells of a key, for people.
pub(super) fn shown(cell: TypedCell<'_>) -> String {
    match cell {
        TypedCell::Null => "NULL".to_owned(),
        cell => String::from_utf8_lossy(cell.bytes())
            .chars()
            .take(100)
            .collect(),
    }
}

fn hex(hash: Hash) -> String {
    format!("{:032x}", u128::from_be_bytes(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_on_both_sides_is_a_conflict() {
        use Decision::{Conflict, Keep, Take};
        let [a, b, c] = [Some([1; 16]), Some([2; 16]), Some([3; 16])];
        for (here, before, there, expected) in [
            (a, a, b, Take),
            (b, a, a, Keep),
            (b, a, b, Take),
            (b, a, c, Conflict),
            (a, a, None, Take),     // deleted there
            (b, a, None, Conflict), // changed here, deleted there
            (b, None, None, Keep),  // new here
            (None, None, b, Take),  // new there
            (None, a, a, Keep),     // deleted here
            (None, a, b, Conflict), // deleted here, changed there
            (a, None, b, Conflict), // new on both sides
        ] {
            assert_eq!(
                decide(here, before, there, false),
                expected,
                "{here:?} {before:?} {there:?}"
            );
        }
        // One that was left stays until both sides are the same.
        assert_eq!(decide(b, b, c, true), Conflict);
        assert_eq!(decide(c, c, c, true), Take);
    }

    #[test]
    fn conflicts_are_remembered() {
        let mut first = Conflicts::default();
        first
            .add([1; 16], [TypedCell::Number(b"1")].into_iter())
            .unwrap();
        first.add([2; 16], [TypedCell::Null].into_iter()).unwrap();
        assert_eq!(first.named(), [["1"], ["NULL"]]);
        let state = first.to_remember(true).unwrap();
        let mut second = Conflicts::remembered(Some(&state));
        assert!(second.was_open([1; 16]) && !second.was_open([9; 16]));
        assert_eq!(second.to_remember(true), None);
        assert_eq!(second.to_remember(false), Some(json!(["02".repeat(16)])));
    }
}
