//! Rows that were changed both here and where they come from.

use std::collections::BTreeMap;

use manifold_format::TypedCell;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::SyncError;

/// Of how many rows it is remembered at most that they differ.
const MOST: usize = 100_000;

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

/// What is done with a row that is `here`, `there`, and was `before` on the other side when it was looked at last; `None`: it is, or was,
/// not there. `is_open`: whether it was a conflict when the other side was looked at last.
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

/// Which side of a conflict holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Winner {
    /// The row becomes what came.
    Source,
    /// The row stays as it is here.
    Target,
}

/// What is remembered of a row that differs from what it is where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    /// It was changed on both sides.
    Conflict,
    /// It was changed here, when the other side had this.
    Kept(Option<Hash>),
}

/// Rows that were changed here, or on both sides.
#[derive(Debug, Default)]
pub(crate) struct Conflicts {
    /// Those that were left before.
    before: BTreeMap<String, Open>,
    /// Those that are left now.
    now: BTreeMap<String, Open>,
    left: u64,
    taken: u64,
    named: Vec<(Vec<String>, Winner)>,
}

impl Conflicts {
    /// Those that a state of the source remembers: a key, and behind `=` what the other side had where only this one has changed.
    pub(super) fn remembered(state: Option<&Json>) -> Self {
        let texts = state.and_then(Json::as_array).into_iter().flatten();
        let open = texts
            .filter_map(Json::as_str)
            .map(|text| match text.split_once('=') {
                None => (text.to_owned(), Open::Conflict),
                Some((key, there)) => (key.to_owned(), Open::Kept(unhex(there))),
            });
        Self {
            before: open.collect(),
            ..Self::default()
        }
    }

    /// What was remembered of the row with this key; it is forgotten, unless it is added again.
    pub(super) fn take(&mut self, key: Hash) -> Option<Open> {
        match self.before.is_empty() {
            true => None,
            false => self.before.remove(&hex(key)),
        }
    }

    /// Notes that the row with this key was changed here only; the other side has this.
    pub(super) fn keep(&mut self, key: Hash, there: Option<Hash>) -> Result<(), SyncError> {
        self.remember(key, Open::Kept(there)).map(drop)
    }

    /// Notes that what was a conflict before is one still, and no matter now.
    pub(super) fn leave(&mut self, key: Hash) -> Result<(), SyncError> {
        self.remember(key, Open::Conflict).map(drop)
    }

    /// Notes a conflict over the row with this key, which has these cells.
    pub(super) fn add<'a>(
        &mut self,
        key: Hash,
        cells: impl Iterator<Item = TypedCell<'a>>,
        winner: Winner,
    ) -> Result<(), SyncError> {
        match winner {
            Winner::Source => self.taken += 1,
            Winner::Target if self.remember(key, Open::Conflict)? => self.left += 1,
            Winner::Target => return Ok(()),
        }
        if self.named.len() < NAMED {
            self.named.push((cells.map(shown).collect(), winner));
        }
        Ok(())
    }

    /// Whether it is another one.
    fn remember(&mut self, key: Hash, open: Open) -> Result<bool, SyncError> {
        if self.now.len() >= MOST {
            return Err(SyncError::TooManyConflicts { most: MOST });
        }
        Ok(self.now.insert(hex(key), open).is_none())
    }

    /// How many there are now.
    pub(crate) fn count(&self) -> u64 {
        self.left + self.taken
    }

    /// How many of them became what came.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// The keys of the first of them.
    pub(crate) fn keys(&self) -> Vec<Vec<String>> {
        self.named.iter().map(|(key, _)| key.clone()).collect()
    }

    /// Which side holds of each of them.
    pub(crate) fn winners(&self) -> Vec<Winner> {
        self.named.iter().map(|(_, winner)| *winner).collect()
    }

    /// What is to be remembered: what differs now, and, unless every row was looked at, what was not.
    pub(super) fn to_remember(&self, all_seen: bool) -> Option<Json> {
        let mut open = self.now.clone();
        if !all_seen {
            for (key, before) in &self.before {
                open.entry(key.clone()).or_insert(*before);
            }
        }
        let texts = open.into_iter().map(|(key, open)| match open {
            Open::Conflict => key,
            Open::Kept(there) => format!("{key}={}", there.map(hex).unwrap_or_default()),
        });
        let texts: Vec<_> = texts.collect();
        (!texts.is_empty()).then(|| json!(texts))
    }
}

/// How many rows that were changed on both sides a state of a source remembers.
#[must_use]
pub fn open_conflicts(state: &Json) -> usize {
    let open = Conflicts::remembered(Some(state)).before.into_values();
    open.filter(|open| *open == Open::Conflict).count()
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

/// `None` for nothing.
fn unhex(text: &str) -> Option<Hash> {
    u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes)
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
    fn what_differs_is_remembered() {
        let mut first = Conflicts::default();
        let number = || [TypedCell::Number(b"1")].into_iter();
        let null = [TypedCell::Null].into_iter();
        first.add([1; 16], number(), Winner::Target).unwrap();
        first.add([1; 16], number(), Winner::Target).unwrap();
        first.add([2; 16], null, Winner::Target).unwrap();
        first.add([3; 16], number(), Winner::Source).unwrap();
        first.keep([4; 16], Some([9; 16])).unwrap();
        first.keep([5; 16], None).unwrap();
        assert_eq!(first.keys(), [["1"], ["NULL"], ["1"]]);
        assert_eq!((first.count(), first.taken()), (3, 1));
        let state = first.to_remember(true).unwrap();
        assert_eq!(open_conflicts(&state), 2);
        let mut second = Conflicts::remembered(Some(&state));
        assert_eq!(second.take([1; 16]), Some(Open::Conflict));
        assert_eq!(second.take([3; 16]), None);
        assert_eq!(second.take([4; 16]), Some(Open::Kept(Some([9; 16]))));
        assert_eq!(second.take([5; 16]), Some(Open::Kept(None)));
        assert_eq!(second.to_remember(true), None);
        assert_eq!(second.to_remember(false), Some(json!(["02".repeat(16)])));
    }
}
