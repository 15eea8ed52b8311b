//! Records of a few numbers each, set aside in any quantity: above a limit they are in a temporary file.

use super::spool::Scratch;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

/// Bytes that are read at once.
const BLOCK: usize = 64 << 10;

/// Records of `N` numbers in a temporary file.
#[derive(Debug)]
pub(super) struct WordFile<const N: usize> {
    file: Option<File>,
    scratch: Scratch,
    len: u64,
}

impl<const N: usize> WordFile<N> {
    pub(super) fn new(scratch: &Scratch) -> Self {
        Self {
            file: None,
            scratch: scratch.clone(),
            len: 0,
        }
    }

    /// How many records there are.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn append(&mut self, records: &[[u64; N]]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.scratch.file()?),
        };
        file.seek(SeekFrom::Start(self.len * Self::bytes()))?;
        let mut bytes = Vec::with_capacity(BLOCK);
        for chunk in records.chunks(Self::per_block()) {
            bytes.clear();
            bytes.extend(chunk.iter().flatten().flat_map(|word| word.to_le_bytes()));
            file.write_all(&bytes)?;
        }
        self.len += records.len() as u64;
        Ok(())
    }

    /// Reads the records from `from` up to `to` into `records`.
    pub(super) fn read(&self, from: u64, to: u64, records: &mut Vec<[u64; N]>) -> io::Result<()> {
        records.clear();
        let Some(mut file) = self.file.as_ref() else {
            return Ok(());
        };
        let len = usize::try_from((to - from) * Self::bytes()).map_err(io::Error::other)?;
        let mut bytes = vec![0; len];
        file.seek(SeekFrom::Start(from * Self::bytes()))?;
        file.read_exact(&mut bytes)?;
        let (words, _) = bytes.as_chunks::<8>();
        let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
        records.extend((from..to).map(|_| std::array::from_fn(|_| words.next().unwrap_or(0))));
        Ok(())
    }

    /// The bytes of a record.
    pub(super) fn bytes() -> u64 {
        (N * size_of::<u64>()) as u64
    }

    fn per_block() -> usize {
        BLOCK / (N * size_of::<u64>())
    }
}

/// Records of `N` numbers, in the order in which they were added.
#[derive(Debug)]
pub(super) struct WordList<const N: usize> {
    file: WordFile<N>,
    /// The records behind those of the file.
    memory: Vec<[u64; N]>,
    most: usize,
}

impl<const N: usize> WordList<N> {
    pub(super) fn new(scratch: &Scratch) -> Self {
        Self {
            file: WordFile::new(scratch),
            memory: Vec::new(),
            most: scratch.most_records(N),
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.file.len() + self.memory.len() as u64
    }

    pub(super) fn push(&mut self, record: [u64; N]) -> io::Result<()> {
        if self.memory.len() >= self.most {
            self.file.append(&self.memory)?;
            self.memory.clear();
        }
        self.memory.push(record);
        Ok(())
    }

    /// Shows each record to `look`.
    pub(super) fn each(&self, mut look: impl FnMut([u64; N]) -> io::Result<()>) -> io::Result<()> {
        let mut reader = self.reader();
        while let Some(record) = reader.next()? {
            look(record)?;
        }
        Ok(())
    }

    /// Reads from the first record on; any number may read.
    pub(super) fn reader(&self) -> WordReader<'_, N> {
        WordReader {
            list: self,
            next: 0,
            block: Vec::new(),
            block_at: 0,
        }
    }
}

/// Reads a [`WordList`].
pub(super) struct WordReader<'l, const N: usize> {
    list: &'l WordList<N>,
    next: u64,
    block: Vec<[u64; N]>,
    block_at: u64,
}

impl<const N: usize> WordReader<'_, N> {
    /// The next record; `None` behind the last.
    pub(super) fn next(&mut self) -> io::Result<Option<[u64; N]>> {
        let record = self.peek()?;
        self.next += u64::from(record.is_some());
        Ok(record)
    }

    /// The record that is next.
    pub(super) fn peek(&mut self) -> io::Result<Option<[u64; N]>> {
        self.at(self.next)
    }

    /// The record at `index`; cheap near the one that was read last, in either direction.
    pub(super) fn at(&mut self, index: u64) -> io::Result<Option<[u64; N]>> {
        let in_file = self.list.file.len();
        if let Some(behind) = index.checked_sub(in_file) {
            // Saturates behind the end.
            let behind = usize::try_from(behind).unwrap_or(usize::MAX);
            return Ok(self.list.memory.get(behind).copied());
        }
        let place = |at: u64| {
            index
                .checked_sub(at)
                .and_then(|place| usize::try_from(place).ok())
        };
        if place(self.block_at).is_none_or(|place| place >= self.block.len()) {
            let per_block = WordFile::<N>::per_block() as u64;
            self.block_at = index / per_block * per_block;
            let end = (self.block_at + per_block).min(in_file);
            self.list.file.read(self.block_at, end, &mut self.block)?;
        }
        Ok(place(self.block_at).and_then(|place| self.block.get(place).copied()))
    }
}
