//! How many rows repeat the key of an earlier row.

use super::spool::{Scratch, Spool, SpoolReader};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;

/// How many hashes are sorted in memory at once (8 MiB).
const CHUNK: usize = 1 << 20;

/// Counts rows whose key another row has too, in constant memory: sorted runs of key hashes are
/// set aside and merged at the end.
#[derive(Debug)]
pub(super) struct KeyCounter {
    chunk: Vec<u64>,
    chunk_len: usize,
    runs: Vec<Spool>,
    scratch: Scratch,
}

impl KeyCounter {
    pub(super) fn new(scratch: &Scratch) -> Self {
        Self::with_chunk(scratch, CHUNK)
    }

    /// As [`Self::new`], with another number of hashes to sort at once.
    pub(super) fn with_chunk(scratch: &Scratch, chunk_len: usize) -> Self {
        Self {
            chunk: Vec::new(),
            chunk_len,
            runs: Vec::new(),
            scratch: scratch.clone(),
        }
    }

    /// Where its temporary files go.
    pub(super) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Adds the hash of one row's key.
    pub(super) fn push(&mut self, hash: u64) -> io::Result<()> {
        self.chunk.push(hash);
        if self.chunk.len() == self.chunk_len {
            self.set_aside()?;
        }
        Ok(())
    }

    fn set_aside(&mut self) -> io::Result<()> {
        self.chunk.sort_unstable();
        let mut run = Spool::new(&self.scratch);
        let mut block = Vec::with_capacity(8 << 10);
        for hashes in self.chunk.chunks(1 << 10) {
            block.clear();
            block.extend(hashes.iter().flat_map(|hash| hash.to_le_bytes()));
            run.push(&block)?;
        }
        run.spill()?;
        self.runs.push(run);
        self.chunk.clear();
        Ok(())
    }

    /// How many rows repeat the key of an earlier row.
    pub(super) fn repeated(mut self) -> io::Result<u64> {
        if self.runs.is_empty() {
            self.chunk.sort_unstable();
            return Ok(self
                .chunk
                .windows(2)
                .filter(|pair| pair[0] == pair[1])
                .count() as u64);
        }
        self.set_aside()?;
        let mut runs = self
            .runs
            .into_iter()
            .map(|run| {
                Ok(Run {
                    from: run.into_reader()?,
                    block: Vec::new(),
                    at: 0,
                })
            })
            .collect::<io::Result<Vec<_>>>()?;
        let mut heads = BinaryHeap::new();
        for (index, run) in runs.iter_mut().enumerate() {
            heads.extend(run.next()?.map(|hash| Reverse((hash, index))));
        }
        let (mut repeated, mut last) = (0, None);
        while let Some(Reverse((hash, index))) = heads.pop() {
            repeated += u64::from(last == Some(hash));
            last = Some(hash);
            heads.extend(runs[index].next()?.map(|hash| Reverse((hash, index))));
        }
        Ok(repeated)
    }
}

/// A sorted run that is read back.
struct Run {
    from: SpoolReader,
    block: Vec<u8>,
    at: usize,
}

impl Run {
    fn next(&mut self) -> io::Result<Option<u64>> {
        if self.at == self.block.len() {
            let Some(block) = self.from.next()? else {
                return Ok(None);
            };
            self.block.clear();
            self.block.extend_from_slice(block);
            self.at = 0;
        }
        let hash = self.block[self.at..]
            .first_chunk()
            .map(|bytes| u64::from_le_bytes(*bytes));
        self.at += 8;
        Ok(hash)
    }
}
