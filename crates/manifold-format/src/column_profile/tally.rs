//! How often each value of a column was seen.

use super::shown_value::KEPT;

/// Counts values by their hash: all of them exactly while there are at most as many as it holds, then the frequent
/// ones (Misra and Gries 1982, shrunk by the median as in Anderson et al., "A high-performance algorithm for
/// identifying frequent items in data streams", 2017).
///
/// From when a value is [held](Self::hold) on, its count is exact. How often it can have been there before, without being
/// held, follows from what was [dropped](Self::dropped) until then.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    capacity: usize,
    /// A bit for some bits of the hash of each held value: most values that are not held are known by it at once.
    filter: Vec<u64>,
    /// Open addressing, twice as large as `capacity`: some bits of the hash, and the place of the value in
    /// `held` from 1. 0 is free.
    index: Vec<u32>,
    held: Vec<Held>,
    beginnings: Vec<Beginning>,
    dropped: u64,
}

/// A value that is counted.
#[derive(Clone, Debug)]
pub(super) struct Held {
    hash: u64,
    /// How often it was counted, less what was dropped since it is held.
    left: u64,
    /// What was dropped when it began to be held.
    pub(super) since: u64,
    /// The number that it is; NaN if it is none.
    pub(super) number: f64,
    /// Characters; of a blob bytes.
    pub(super) length: u32,
    pub(super) blob: bool,
    /// It may have been passed over before it was held.
    pub(super) late: bool,
    /// Bytes of it that are kept, one more than are shown when it goes on.
    kept: u8,
}

type Beginning = [u8; KEPT + 1];

/// A value that begins to be held; the fields are those of [`Held`].
#[derive(Clone, Copy, Debug)]
pub(super) struct NewValue {
    pub(super) number: f64,
    pub(super) length: u32,
    pub(super) blob: bool,
    pub(super) late: bool,
}

/// The place of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

const PLACE: u32 = 0xffff;

/// Bits of the filter for each value that can be held: one in sixteen values that are not held passes it.
const FILTER_BITS: usize = 16;

impl Tally {
    /// Holds up to `capacity` values, a power of two up to 16,384.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            filter: vec![0; (capacity * FILTER_BITS).div_ceil(64)],
            index: vec![0; capacity * 2],
            held: Vec::new(),
            beginnings: Vec::new(),
            dropped: 0,
        }
    }

    /// The place of the value with this hash, if it is held.
    #[inline]
    pub(super) fn find(&self, hash: u64) -> Option<Place> {
        let (word, bit) = self.filter_bit(hash);
        if self.filter[word] & bit == 0 {
            return None;
        }
        let mut slot = hash as usize & (self.index.len() - 1);
        loop {
            let entry = self.index[slot];
            if entry == 0 {
                return None;
            }
            if (entry ^ (hash >> 32) as u32) & !PLACE == 0 {
                let place = (entry & PLACE) - 1;
                if self.held[place as usize].hash == hash {
                    return Some(Place(place));
                }
            }
            slot = (slot + 1) & (self.index.len() - 1);
        }
    }

    /// Counts a held value once more.
    #[inline]
    pub(super) fn count(&mut self, place: Place) -> &Held {
        let held = &mut self.held[place.0 as usize];
        held.left += 1;
        held
    }

    /// Whether [`Self::hold`] needs that values are [dropped](Self::drop_rare) first.
    pub(super) fn is_full(&self) -> bool {
        self.held.len() == self.capacity
    }

    /// Begins to count a value that is not held, with 1. Not for a full tally.
    pub(super) fn hold(&mut self, hash: u64, value: &[u8], new: NewValue) {
        let kept = value.len().min(KEPT + 1);
        let mut beginning = [0; KEPT + 1];
        beginning[..kept].copy_from_slice(&value[..kept]);
        self.beginnings.push(beginning);
        self.held.push(Held {
            hash,
            left: 1,
            since: self.dropped,
            number: new.number,
            length: new.length,
            blob: new.blob,
            late: new.late,
            kept: kept as u8,
        });
        self.enter(hash, self.held.len() as u32);
    }

    /// Takes the median of the counts off each of them, and drops the values of which nothing is left: at least half.
    pub(super) fn drop_rare(&mut self) {
        let mut counts: Vec<u64> = self.held.iter().map(|held| held.left).collect();
        let middle = counts.len() / 2;
        let (_, median, _) = counts.select_nth_unstable(middle);
        let median = *median;
        self.dropped += median;
        let mut kept = 0;
        for at in 0..self.held.len() {
            if self.held[at].left > median {
                self.held.swap(kept, at);
                self.beginnings.swap(kept, at);
                self.held[kept].left -= median;
                kept += 1;
            }
        }
        self.held.truncate(kept);
        self.beginnings.truncate(kept);
        self.index.fill(0);
        self.filter.fill(0);
        for at in 0..kept {
            self.enter(self.held[at].hash, at as u32 + 1);
        }
    }

    fn enter(&mut self, hash: u64, place: u32) {
        let (word, bit) = self.filter_bit(hash);
        self.filter[word] |= bit;
        let mut slot = hash as usize & (self.index.len() - 1);
        while self.index[slot] != 0 {
            slot = (slot + 1) & (self.index.len() - 1);
        }
        self.index[slot] = (hash >> 32) as u32 & !PLACE | place;
    }

    /// The word of the filter for a hash, and the bit in it; other bits of the hash than the slot.
    #[inline]
    fn filter_bit(&self, hash: u64) -> (usize, u64) {
        let word = (hash >> 16) as usize & (self.filter.len() - 1);
        (word, 1 << (hash >> 58))
    }

    /// The most that a value which was dropped can have been counted in all; 0 while all are held.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How often a held value was counted.
    pub(super) fn counted(&self, held: &Held) -> u64 {
        held.left + (self.dropped - held.since)
    }

    /// The values that are held, with their first bytes.
    pub(super) fn values(&self) -> impl ExactSizeIterator<Item = (&Held, &[u8])> {
        let beginnings = self.beginnings.iter();
        let values = self.held.iter().zip(beginnings);
        values.map(|(held, beginning)| (held, &beginning[..usize::from(held.kept)]))
    }

    /// The hashes of the values that are held.
    pub(super) fn hashes(&self) -> impl Iterator<Item = u64> {
        self.held.iter().map(|held| held.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column_profile::fingerprint::of_blob;
    use proptest::prelude::*;
    use std::collections::HashMap;

    const NEW: NewValue = NewValue {
        number: f64::NAN,
        length: 1,
        blob: false,
        late: false,
    };

    fn count(values: &[u16], capacity: usize) -> Tally {
        let mut tally = Tally::new(capacity);
        for value in values {
            let bytes = value.to_le_bytes();
            let hash = of_blob(&bytes);
            match tally.find(hash) {
                Some(place) => {
                    tally.count(place);
                }
                None => {
                    if tally.is_full() {
                        tally.drop_rare();
                    }
                    tally.hold(hash, &bytes, NEW);
                }
            }
        }
        tally
    }

    #[test]
    fn hashes_that_fall_into_one_slot_are_told_apart() {
        let mut tally = Tally::new(4);
        let hashes = [8, 16, 24, 8 | 1 << 60];
        for hash in hashes {
            assert_eq!(tally.find(hash), None);
            tally.hold(hash, b"x", NEW);
        }
        let places: Vec<_> = hashes.iter().map(|hash| tally.find(*hash)).collect();
        assert_eq!(places, [0, 1, 2, 3].map(|place| Some(Place(place))));
        assert_eq!(tally.find(32), None);
    }

    proptest! {
        #[test]
        fn counts_are_too_low_by_what_was_dropped_before_at_most(
            values in prop::collection::vec(prop_oneof![0u16..20, 0u16..4_000], 0..3_000), bits in 3u32..8,
        ) {
            let tally = count(&values, 1 << bits);
            let mut exact: HashMap<u16, u64> = HashMap::new();
            values.iter().for_each(|value| *exact.entry(*value).or_default() += 1);
            let mut found = HashMap::new();
            for (held, bytes) in tally.values() {
                let counts = (tally.counted(held), held.since);
                found.insert(u16::from_le_bytes(bytes.try_into().unwrap()), counts);
            }
            for (value, count) in &exact {
                let (found, before) = found.get(value).copied().unwrap_or((0, tally.dropped()));
                prop_assert!(found <= *count && *count <= found + before);
            }
            // Each drop takes the median off at least half of the counts.
            prop_assert!(tally.dropped() <= values.len() as u64 * 2 / (1 << bits));
            prop_assert_eq!(tally.dropped() == 0, exact.len() <= 1 << bits);
        }
    }
}
