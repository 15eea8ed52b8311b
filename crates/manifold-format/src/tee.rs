//! The input's buffer: hashed as it comes in, kept from the current record on.

use crate::decoder::Decoder;
use crate::text_encoding::TextEncoding;
use std::io::{ErrorKind, Read};

/// Reads, hashes and counts the input, and keeps the bytes that are not consumed yet, as UTF-8.
pub(crate) struct Tee<R> {
    inner: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    hasher: blake3::Hasher,
    total: u64,
    /// Decoded bytes before the window.
    consumed: u64,
    /// Turns what is read into UTF-8, if it is something else.
    decoder: Option<Box<Decoder>>,
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
            consumed: 0,
            decoder: None,
        }
    }

    /// Reads everything, also what is in the window already, in this encoding. Nothing may have
    /// been consumed. Once is enough.
    pub(crate) fn decode(&mut self, encoding: TextEncoding) {
        debug_assert_eq!(self.consumed, 0);
        if encoding == TextEncoding::UTF_8 || self.decoder.is_some() {
            return;
        }
        let bytes = self.window().to_vec();
        let mut decoder = Box::new(Decoder::new(encoding));
        self.buffer.clear();
        decoder.feed(&bytes, self.at_end, &mut self.buffer);
        (self.start, self.end) = (0, self.buffer.len());
        self.decoder = Some(decoder);
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
        self.consumed += len as u64;
        debug_assert!(self.start <= self.end);
    }

    /// Whether the first `len` bytes of the window, whole lines, would be encoded otherwise than
    /// they were.
    pub(crate) fn is_altered(&self, len: usize) -> bool {
        self.decoder
            .as_ref()
            .is_some_and(|decoder| decoder.is_altered(self.consumed, len))
    }

    /// Appends the input's own bytes for the first `len` bytes of the window, whole lines.
    pub(crate) fn copy_original(&self, len: usize, out: &mut Vec<u8>) {
        let text = &self.window()[..len];
        match &self.decoder {
            None => out.extend_from_slice(text),
            Some(decoder) => decoder.copy_original(self.consumed, text, out),
        }
    }

    /// Lengthens the window by at least [`CHUNK`] and at least to its double, unless the input
    /// ends: a long record is thus looked at a bounded number of times.
    pub(crate) fn fill(&mut self) -> std::io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let wanted = self.end + self.end.max(CHUNK);
        match self.decoder.take() {
            None => {
                if self.buffer.len() < wanted {
                    self.buffer.resize(wanted, 0);
                }
                let before = self.end;
                let result = read_to(&mut self.inner, &mut self.buffer[..wanted], &mut self.end);
                self.count(before);
                self.at_end |= matches!(result, Ok(true));
                result.map(drop)
            }
            Some(mut decoder) => {
                decoder.forget(self.consumed);
                let result = self.fill_decoded(&mut decoder, wanted);
                self.decoder = Some(decoder);
                result
            }
        }
    }

    fn fill_decoded(&mut self, decoder: &mut Decoder, wanted: usize) -> std::io::Result<()> {
        let mut bytes = vec![0; CHUNK];
        while self.end < wanted && !self.at_end {
            let mut read = 0;
            let result = read_to(&mut self.inner, &mut bytes, &mut read);
            self.hasher.update(&bytes[..read]);
            self.total += read as u64;
            self.at_end = result?;
            self.buffer.truncate(self.end);
            decoder.feed(&bytes[..read], self.at_end, &mut self.buffer);
            self.end = self.buffer.len();
        }
        Ok(())
    }

    /// Hashes and counts what was read behind `before`.
    fn count(&mut self, before: usize) {
        let read = &self.buffer[before..self.end];
        self.hasher.update(read);
        self.total += read.len() as u64;
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

/// Reads until `buffer`, of which the first `filled` bytes are taken, is full; `true` at the end of
/// the input.
fn read_to(inner: &mut impl Read, buffer: &mut [u8], filled: &mut usize) -> std::io::Result<bool> {
    while *filled < buffer.len() {
        match inner.read(&mut buffer[*filled..]) {
            Ok(0) => return Ok(true),
            Ok(n) => *filled += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
