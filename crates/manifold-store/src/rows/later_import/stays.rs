//! Which rows stay where they are when others move.

use super::super::spool::Scratch;
use super::super::words::WordList;
use std::collections::BTreeMap;
use std::io;

/// Chooses, of stretches of rows that are told in their new order, those that keep their old order too and together have most
/// rows: the longest increasing subsequence, by patience sorting (Fredman, 1975) with stretches in place of single rows.
///
/// Takes O(log n) time a stretch. Of those that stay so far about 40 bytes each are in memory.
#[derive(Debug)]
pub(in super::super) struct Stays {
    /// The lowest old places at which a chain of each length can end: of each stretch that they are in, the first one, with the
    /// length of the chain that ends there.
    tails: BTreeMap<i64, Tail>,
    /// Rows of the longest chain.
    longest: i64,
    /// For each stretch, the one before it in its chain, counted from 1; 0 for none.
    before: WordList<1>,
}

#[derive(Debug, Clone, Copy)]
struct Tail {
    /// The rows of the chain before this one.
    rows: i64,
    /// The stretch, counted from 1.
    stretch: u64,
}

impl Stays {
    pub(in super::super) fn new(scratch: &Scratch) -> Self {
        Self {
            tails: BTreeMap::new(),
            longest: 0,
            before: WordList::new(scratch),
        }
    }

    /// Adds the next stretch: `len` rows whose old places follow each other from `stored` on. No place is told twice.
    pub(in super::super) fn push(&mut self, stored: i64, len: i64) -> io::Result<()> {
        let before = self.tails.range(..stored).next_back();
        let before = before.map_or(0, |(_, tail)| tail.stretch);
        self.before.push([before])?;
        let behind = self.tails.range(stored..).next();
        // The chain before ends at the last row of its stretch: that one's rows follow each other in both orders, so the next
        // of them would be lower than any row behind.
        let rows = behind.map_or(self.longest, |(_, tail)| tail.rows);
        let end = rows + len;
        while let Some((&place, &tail)) = self.tails.range(stored..).next() {
            if tail.rows >= end {
                break;
            }
            self.tails.remove(&place);
            let next = self.tails.range(place..).next();
            let tail_end = next.map_or(self.longest, |(_, tail)| tail.rows);
            if tail_end > end {
                let left = Tail { rows: end, ..tail };
                self.tails.insert(place + end - tail.rows, left);
                break;
            }
        }
        self.tails.insert(
            stored,
            Tail {
                rows,
                stretch: self.before.len(),
            },
        );
        self.longest = self.longest.max(end);
        Ok(())
    }

    /// Which of the stretches stay.
    pub(in super::super) fn finish(self) -> io::Result<Chosen> {
        let words = usize::try_from(self.before.len().div_ceil(64)).map_err(io::Error::other)?;
        let mut bits = vec![0; words];
        let mut reader = self.before.reader();
        let mut next = self
            .tails
            .last_key_value()
            .map_or(0, |(_, tail)| tail.stretch);
        while let Some(at) = next.checked_sub(1) {
            // It fits: it is below the number of words above.
            bits[(at / 64) as usize] |= 1_u64 << (at % 64);
            next = reader.at(at)?.map_or(0, |[before]| before);
        }
        Ok(Chosen(Some(bits)))
    }
}

/// A choice of stretches.
#[derive(Debug)]
pub(in super::super) struct Chosen(Option<Vec<u64>>);

impl Chosen {
    /// All of them.
    pub(super) fn all() -> Self {
        Self(None)
    }

    /// Whether the stretch with this number, from 0, is among them.
    pub(in super::super) fn has(&self, stretch: u64) -> bool {
        // A stretch is asked for that was told, so its word is there.
        let word = |bits: &Vec<u64>| bits[(stretch / 64) as usize];
        self.0
            .as_ref()
            .is_none_or(|bits| word(bits) >> (stretch % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::spool::Scratch;
    use super::Stays;
    use proptest::prelude::*;

    /// The most rows of an increasing choice, by trying all.
    fn most(stretches: &[(i64, i64)]) -> i64 {
        let choices = 0_u32..1 << stretches.len();
        let rows = |choice: u32| {
            let mut last = i64::MIN;
            let mut rows = 0;
            for (at, (stored, len)) in stretches.iter().enumerate() {
                if choice >> at & 1 == 1 {
                    if *stored < last {
                        return 0;
                    }
                    (last, rows) = (*stored, rows + len);
                }
            }
            rows
        };
        choices.map(rows).max().unwrap_or(0)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_stays_keeps_its_order_and_is_most(
            order in Just((0..10_usize).collect::<Vec<_>>()).prop_shuffle(),
            stretches in prop::collection::vec((1..5_i64, 0..3_i64), 10),
            told in 0..11_usize,
        ) {
            // Where each stretch begins in the old order, with gaps between some.
            let mut place = 0;
            let begins: Vec<i64> = stretches.iter().map(|(len, gap)| {
                let begin = place + gap;
                place = begin + len;
                begin
            }).collect();
            let told: Vec<(i64, i64)> =
                order.iter().take(told).map(|&at| (begins[at], stretches[at].0)).collect();
            let mut stays = Stays::new(&Scratch::anywhere().keeping(8));
            for (stored, len) in &told {
                stays.push(*stored, *len).unwrap();
            }
            let longest = stays.longest;
            let chosen = stays.finish().unwrap();
            let kept: Vec<_> = told.iter().zip(0..).filter(|(_, at)| chosen.has(*at)).map(|(s, _)| *s).collect();
            prop_assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert_eq!(kept.iter().map(|(_, len)| len).sum::<i64>(), most(&told));
            prop_assert_eq!(longest, most(&told));
        }
    }
}
