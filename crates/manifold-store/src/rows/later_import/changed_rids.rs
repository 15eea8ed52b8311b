//! Which stored rows an import has changed in place.

use super::super::epoch::Epoch;
use super::super::error::RowsError;
use rusqlite::Connection;
use std::ops::RangeInclusive;

/// The most ranges that are told apart.
const MOST: usize = 64;

/// Rids of changed rows, as ranges that hold all of them and as few others as a bounded number of ranges can.
#[derive(Debug, Default)]
pub(super) struct ChangedRids {
    /// Rising, with a rid between two that is in neither.
    ranges: Vec<RangeInclusive<i64>>,
}

impl ChangedRids {
    pub(super) fn add(&mut self, rid: i64) {
        let at = self.ranges.partition_point(|range| *range.end() < rid - 1);
        match self.ranges.get_mut(at) {
            Some(range) if *range.start() <= rid + 1 => {
                *range = rid.min(*range.start())..=rid.max(*range.end());
                self.join(at);
            }
            _ => self.ranges.insert(at, rid..=rid),
        }
        if self.ranges.len() > MOST {
            let gap = |at: usize| self.ranges[at + 1].start() - self.ranges[at].end();
            if let Some(narrowest) = (0..self.ranges.len() - 1).min_by_key(|&at| gap(at)) {
                self.merge(narrowest);
            }
        }
    }

    /// Makes the range and the one behind it one, if no rid is between them.
    fn join(&mut self, at: usize) {
        let behind = self.ranges.get(at + 1).map(|next| *next.start());
        if behind.is_some_and(|start| start <= self.ranges[at].end() + 1) {
            self.merge(at);
        }
    }

    fn merge(&mut self, at: usize) {
        let behind = self.ranges.remove(at + 1);
        self.ranges[at] = *self.ranges[at].start()..=*behind.end();
    }

    /// Notes them, in the transaction that publishes the changes.
    pub(super) fn note(&self, conn: &Connection, source_id: &str) -> Result<(), RowsError> {
        for rids in &self.ranges {
            let rids = rids.clone();
            Epoch::Changed { rids }.note(conn, source_id)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{ChangedRids, MOST};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_rid_is_in_one_range(rids in prop::collection::vec(1_i64..2_000, 0..600)) {
            let mut changed = ChangedRids::default();
            rids.iter().for_each(|&rid| changed.add(rid));
            let ranges = &changed.ranges;
            prop_assert!(ranges.len() <= MOST);
            for pair in ranges.windows(2) {
                prop_assert!(*pair[0].end() + 1 < *pair[1].start());
            }
            for rid in &rids {
                prop_assert_eq!(ranges.iter().filter(|range| range.contains(rid)).count(), 1);
            }
            for range in ranges {
                prop_assert!(rids.contains(range.start()) && rids.contains(range.end()));
            }
        }

        #[test]
        fn few_ranges_are_exact(rids in prop::collection::btree_set(1_i64..100, 0..100)) {
            let mut changed = ChangedRids::default();
            rids.iter().rev().for_each(|&rid| changed.add(rid));
            let told: Vec<i64> = changed.ranges.into_iter().flatten().collect();
            prop_assert_eq!(told, rids.into_iter().collect::<Vec<_>>());
        }
    }
}
