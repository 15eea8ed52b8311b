//! Sorting records of a few numbers each, in any quantity.

use super::spool::Scratch;
use super::words::WordFile;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;

/// What all sorted parts together are read ahead by, in bytes.
const READ_AHEAD: u64 = 4 << 20;

/// Records of `N` numbers that are to be sorted by these numbers from left to right. Above a limit they are in a temporary
/// file, in sorted parts.
#[derive(Debug)]
pub(super) struct Sorter<const N: usize> {
    memory: Vec<[u64; N]>,
    most: usize,
    file: WordFile<N>,
    /// Where each sorted part of the file ends.
    ends: Vec<u64>,
}

impl<const N: usize> Sorter<N> {
    pub(super) fn new(scratch: &Scratch) -> Self {
        Self {
            memory: Vec::new(),
            most: scratch.most_records(N),
            file: WordFile::new(scratch),
            ends: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, record: [u64; N]) -> io::Result<()> {
        if self.memory.len() >= self.most {
            self.spill()?;
        }
        self.memory.push(record);
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        self.memory.sort_unstable();
        self.file.append(&self.memory)?;
        self.ends.push(self.file.len());
        self.memory.clear();
        Ok(())
    }

    /// The records in order.
    pub(super) fn sort(mut self) -> io::Result<Sorted<N>> {
        if self.ends.is_empty() {
            self.memory.sort_unstable();
            return Ok(Sorted::Memory(self.memory.into_iter()));
        }
        self.spill()?;
        drop(self.memory);
        let ahead = READ_AHEAD / WordFile::<N>::bytes() / self.ends.len() as u64;
        let mut from = 0;
        let mut merge = Merge {
            parts: Vec::with_capacity(self.ends.len()),
            heads: BinaryHeap::with_capacity(self.ends.len()),
            file: self.file,
            ahead: ahead.max(16),
        };
        for (index, end) in self.ends.into_iter().enumerate() {
            merge.parts.push(Part {
                next: from,
                end,
                records: Vec::new(),
                taken: 0,
            });
            from = end;
            merge.refill_head(index)?;
        }
        Ok(Sorted::Merge(merge))
    }
}

/// Records in order.
pub(super) enum Sorted<const N: usize> {
    Memory(std::vec::IntoIter<[u64; N]>),
    Merge(Merge<N>),
}

impl<const N: usize> Sorted<N> {
    /// The next record; `None` behind the last.
    pub(super) fn next(&mut self) -> io::Result<Option<[u64; N]>> {
        match self {
            Self::Memory(records) => Ok(records.next()),
            Self::Merge(merge) => merge.next(),
        }
    }
}

/// Sorted parts of a file, merged.
pub(super) struct Merge<const N: usize> {
    parts: Vec<Part<N>>,
    heads: BinaryHeap<Reverse<([u64; N], usize)>>,
    file: WordFile<N>,
    /// Records that a part is read ahead by.
    ahead: u64,
}

struct Part<const N: usize> {
    next: u64,
    end: u64,
    records: Vec<[u64; N]>,
    taken: usize,
}

impl<const N: usize> Merge<N> {
    fn next(&mut self) -> io::Result<Option<[u64; N]>> {
        let Some(Reverse((record, part))) = self.heads.pop() else {
            return Ok(None);
        };
        self.refill_head(part)?;
        Ok(Some(record))
    }

    fn refill_head(&mut self, index: usize) -> io::Result<()> {
        let part = &mut self.parts[index];
        if part.taken == part.records.len() {
            let to = part.end.min(part.next + self.ahead);
            self.file.read(part.next, to, &mut part.records)?;
            part.next = to;
            part.taken = 0;
        }
        if let Some(record) = part.records.get(part.taken) {
            part.taken += 1;
            self.heads.push(Reverse((*record, index)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::spool::Scratch;
    use super::super::words::WordList;
    use super::Sorter;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_records_are_sorted_and_lists_keep_their_order(
            records in prop::collection::vec(any::<[u64; 3]>(), 0..300),
            most in 0_usize..2_000,
        ) {
            let scratch = Scratch::anywhere().keeping(most);
            let mut list = WordList::new(&scratch);
            let mut sorter = Sorter::new(&scratch);
            for record in &records {
                list.push(*record).unwrap();
                sorter.push(*record).unwrap();
            }
            prop_assert_eq!(list.len(), records.len() as u64);
            let mut reader = list.reader();
            for record in &records {
                prop_assert_eq!(reader.next().unwrap(), Some(*record));
            }
            prop_assert_eq!(reader.next().unwrap(), None);
            for (at, record) in records.iter().enumerate().rev() {
                prop_assert_eq!(reader.at(at as u64).unwrap(), Some(*record));
            }
            let mut expected = records;
            expected.sort_unstable();
            let mut sorted = sorter.sort().unwrap();
            for record in &expected {
                prop_assert_eq!(sorted.next().unwrap(), Some(*record));
            }
            prop_assert_eq!(sorted.next().unwrap(), None);
        }
    }

    #[test]
    fn more_than_a_block_is_read_back_from_the_file() {
        let scratch = Scratch::anywhere().keeping(100 << 10);
        let (mut list, mut sorter) = (WordList::new(&scratch), Sorter::new(&scratch));
        for n in 0..60_000_u64 {
            list.push([n]).unwrap();
            sorter.push([n * 48_271 % 60_013]).unwrap();
        }
        let mut reader = list.reader();
        assert!((0..60_000).all(|n| reader.next().unwrap() == Some([n])));
        assert!(
            (0..60_000)
                .rev()
                .all(|n| reader.at(n).unwrap() == Some([n]))
        );
        let mut sorted = sorter.sort().unwrap();
        let mut before = None;
        for _ in 0..60_000 {
            let next = sorted.next().unwrap();
            assert!(next > before);
            before = next;
        }
        assert_eq!(sorted.next().unwrap(), None);
    }
}
