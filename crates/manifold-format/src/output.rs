//! Buffered output that counts rows.

use crate::error::WriteError;
use std::io::Write;

/// Bytes on their way out.
pub(crate) struct Output<W> {
    inner: W,
    pub(crate) bytes: Vec<u8>,
    row: u64,
}

/// Bytes are handed on in pieces of at least this size.
const CHUNK: usize = 64 * 1024;

impl<W: Write> Output<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            bytes: Vec::with_capacity(2 * CHUNK),
            row: 0,
        }
    }

    /// The number of the row that begins, from 1.
    pub(crate) fn next_row(&mut self) -> u64 {
        self.row += 1;
        self.row
    }

    /// Hands on a full buffer.
    pub(crate) fn flush_full(&mut self) -> Result<(), WriteError> {
        if self.bytes.len() >= CHUNK {
            self.hand_on()?;
        }
        Ok(())
    }

    fn hand_on(&mut self) -> Result<(), WriteError> {
        let row = self.row;
        self.inner
            .write_all(&self.bytes)
            .map_err(|source| WriteError::Io { row, source })?;
        self.bytes.clear();
        Ok(())
    }

    /// Hands on the rest, flushes, and gives the writer back.
    pub(crate) fn finish(mut self) -> Result<W, WriteError> {
        self.hand_on()?;
        let row = self.row;
        self.inner
            .flush()
            .map_err(|source| WriteError::Io { row, source })?;
        Ok(self.inner)
    }
}
