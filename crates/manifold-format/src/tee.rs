//! The input's buffer: hashed as it comes in, kept from the current record on.

use std::io::{ErrorKind, Read};

/// Reads, hashes and counts the input, and keeps the bytes that are not consumed yet.
pub(crate) struct Tee<R> {
    inner: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    hasher: blake3::Hasher,
    total: u64,
}

/// One read fills at least this much, so that hashing and system calls come in large pieces.
const CHUNK: usize = 256 * 1024;

impl<R: Read> Tee<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            at_end: false,
            hasher: blake3::Hasher::new(),
            total: 0,
        }
    }

    /// The bytes read and not consumed.
    #[inline]
    pub(crate) fn window(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether nothing follows the window.
    #[inline]
    pub(crate) fn at_end(&self) -> bool {
        self.at_end
    }

    #[inline]
    pub(crate) fn consume(&mut self, len: usize) {
        self.start += len;
        debug_assert!(self.start <= self.end);
    }

    /// Lengthens the window by at least [`CHUNK`] and at least to its double, unless the input
    /// ends: a long record is thus looked at a bounded number of times.
    pub(crate) fn fill(&mut self) -> std::io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let wanted = self.end + self.end.max(CHUNK);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        let before = self.end;
        let result = self.read_to(wanted);
        let read = &self.buffer[before..self.end];
        self.hasher.update(read);
        self.total += read.len() as u64;
        result
    }

    fn read_to(&mut self, wanted: usize) -> std::io::Result<()> {
        while self.end < wanted {
            match self.inner.read(&mut self.buffer[self.end..wanted]) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(n) => self.end += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Bytes read so far.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The hash of the bytes read so far.
    pub(crate) fn hash(&self) -> blake3::Hash {
        self.hasher.finalize()
    }
}
