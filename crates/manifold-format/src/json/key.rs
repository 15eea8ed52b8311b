//! Which member identifies the rows of a table, if there are rows within them.

use super::scalar::KeyCell;
use super::value::{members, unescaped};
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

/// The names of members that identify a row, best first.
const NAMES: [&str; 5] = ["id", "_id", "uuid", "guid", "key"];

/// How many rows are looked at for one that repeats a key: 32 MB of hashes.
const MOST_ROWS: usize = 2_000_000;

/// A member that may identify the rows of a table: it was in every row so far, and no value twice.
#[derive(Debug, Default)]
pub(super) struct Key {
    member: Option<Vec<u8>>,
    refuted: bool,
    seen: HashSet<u64>,
    hasher: RandomState,
}

impl Key {
    /// Looks at a row, which is a checked value. The key of the row, unless the member is refuted.
    pub(super) fn learn(&mut self, row: &[u8], table: &str) -> Option<KeyCell> {
        if self.refuted {
            return None;
        }
        let found = self.find(row, table);
        let is_new = found.as_ref().is_some_and(|key| {
            self.seen.len() < MOST_ROWS && self.seen.insert(self.hasher.hash_one(tagged(key)))
        });
        if is_new {
            return found;
        }
        self.refuted = true;
        self.seen = HashSet::new();
        None
    }

    fn find(&mut self, row: &[u8], table: &str) -> Option<KeyCell> {
        if row.first() != Some(&b'{') {
            return None;
        }
        if self.member.is_none() {
            let rank = |key: &[u8]| {
                let name = String::from_utf8_lossy(key).to_lowercase();
                let own = name.strip_prefix(&table.to_lowercase());
                let own = matches!(own, Some("id" | "_id")) && !table.is_empty();
                let known = NAMES.iter().position(|known| *known == name);
                known.or(own.then_some(NAMES.len()))
            };
            let best = members(row)
                .filter_map(|(key, _)| {
                    let key = unescaped(key);
                    Some((rank(&key)?, key.into_owned()))
                })
                .min();
            self.member = best.map(|(_, key)| key);
        }
        self.of(row)
    }

    /// The key of a row.
    pub(super) fn of(&self, row: &[u8]) -> Option<KeyCell> {
        let member = self.member.as_deref()?;
        let (_, value) = members(row).find(|(key, _)| *unescaped(key) == *member)?;
        KeyCell::of(value)
    }

    /// The member, unless it is refuted.
    pub(super) fn member(&self) -> Option<&[u8]> {
        self.member.as_deref().filter(|_| !self.refuted)
    }

    /// Forgets what was seen.
    pub(super) fn settle(&mut self) {
        self.seen = HashSet::new();
    }
}

fn tagged(key: &KeyCell) -> (bool, &[u8]) {
    (matches!(key, KeyCell::Number(_)), key.cell().bytes())
}
