//! How many rows repeat the key of an earlier row.

use super::sorter::Sorter;
use super::spool::Scratch;
use std::io;

/// Counts rows whose key another row has too, in constant memory: the hashes of keys are sorted.
#[derive(Debug)]
pub(super) struct KeyCounter {
    hashes: Sorter<1>,
    scratch: Scratch,
}

impl KeyCounter {
    pub(super) fn new(scratch: &Scratch) -> Self {
        Self {
            hashes: Sorter::new(scratch),
            scratch: scratch.clone(),
        }
    }

    /// Where its temporary files go.
    pub(super) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Adds the hash of one row's key.
    pub(super) fn push(&mut self, hash: u64) -> io::Result<()> {
        self.hashes.push([hash])
    }

    /// How many rows repeat the key of an earlier row.
    pub(super) fn repeated(self) -> io::Result<u64> {
        let mut sorted = self.hashes.sort()?;
        let (mut repeated, mut last) = (0, None);
        while let Some(hash) = sorted.next()? {
            repeated += u64::from(last == Some(hash));
            last = Some(hash);
        }
        Ok(repeated)
    }
}
