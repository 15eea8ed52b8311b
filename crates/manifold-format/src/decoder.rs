//! Turns the bytes of an input into UTF-8 and knows the way back.

use crate::header::BYTE_ORDER_MARK;
use crate::text_encoding::TextEncoding;
use std::collections::VecDeque;
use std::ops::Range;

/// A line is decoded in pieces when it is longer than this, in bytes.
const LONGEST: usize = 1024 * 1024;

/// Turns the bytes of an input into UTF-8. Keeps the bytes of those lines that would be written
/// otherwise: with bytes that are no characters, or characters that can be written in two ways.
pub(crate) struct Decoder {
    encoding: TextEncoding,
    /// Bytes behind the last line end.
    rest: Vec<u8>,
    /// Decoded bytes so far.
    decoded: u64,
    altered: VecDeque<Altered>,
    check: Vec<u8>,
}

/// A line, or a piece of one, that does not encode back to its bytes.
struct Altered {
    /// Where its text lies among all decoded bytes.
    text: Range<u64>,
    bytes: Vec<u8>,
}

impl Decoder {
    pub(crate) fn new(encoding: TextEncoding) -> Self {
        Self {
            encoding,
            rest: Vec::new(),
            decoded: 0,
            altered: VecDeque::new(),
            check: Vec::new(),
        }
    }

    /// Appends the text of the lines that `bytes` complete; `at_end` says that nothing follows.
    pub(crate) fn feed(&mut self, bytes: &[u8], at_end: bool, out: &mut Vec<u8>) {
        let mut rest = std::mem::take(&mut self.rest);
        rest.extend_from_slice(bytes);
        let length = if at_end {
            rest.len()
        } else {
            self.encoding.whole_lines(&rest, LONGEST)
        };
        let start = out.len();
        if !self.decode_exactly(&rest[..length], out) {
            out.truncate(start);
            self.decode_lines(&rest[..length], out);
        } else {
            self.decoded += (out.len() - start) as u64;
        }
        rest.drain(..length);
        self.rest = rest;
    }

    /// Whether the text that was appended encodes back to `bytes`.
    fn decode_exactly(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        let start = out.len();
        self.encoding.decode(bytes, out);
        self.check.clear();
        self.encoding.encode(&out[start..], &mut self.check);
        self.check == bytes && std::str::from_utf8(&out[start..]).is_ok()
    }

    fn decode_lines(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            // A byte order mark is no part of the first line: it is consumed before it.
            let mark = if self.decoded == 0 {
                self.mark_length(bytes)
            } else {
                None
            };
            let length = mark.unwrap_or_else(|| self.encoding.first_line(bytes));
            let (line, rest) = bytes.split_at(length);
            let start = out.len();
            let exact = self.decode_exactly(line, out);
            let text = self.decoded..self.decoded + (out.len() - start) as u64;
            self.decoded = text.end;
            if !exact {
                let bytes = line.to_vec();
                self.altered.push_back(Altered { text, bytes });
            }
            bytes = rest;
        }
    }

    /// The length of the byte order mark at the start.
    fn mark_length(&self, bytes: &[u8]) -> Option<usize> {
        let mut text = Vec::new();
        (2..=4.min(bytes.len())).find(|length| {
            text.clear();
            self.encoding.decode(&bytes[..*length], &mut text);
            text == BYTE_ORDER_MARK
        })
    }

    /// Forgets what lies before `offset` in the decoded bytes.
    pub(crate) fn forget(&mut self, offset: u64) {
        while self
            .altered
            .front()
            .is_some_and(|altered| altered.text.end <= offset)
        {
            self.altered.pop_front();
        }
    }

    /// Whether the text of a record at `offset` would be encoded otherwise than it was.
    pub(crate) fn is_altered(&self, offset: u64, length: usize) -> bool {
        let end = offset + length as u64;
        self.altered
            .iter()
            .take_while(|altered| altered.text.start < end)
            .any(|altered| altered.text.end > offset)
    }

    /// Appends the bytes that became `text`, which begins at `offset` and at the start of a line
    /// and ends at the end of one.
    pub(crate) fn copy_original(&self, offset: u64, text: &[u8], out: &mut Vec<u8>) {
        let end = offset + text.len() as u64;
        let mut at = offset;
        let slice = |range: Range<u64>| {
            &text[(range.start - offset) as usize..(range.end - offset) as usize]
        };
        for altered in &self.altered {
            if altered.text.start >= end {
                break;
            }
            if altered.text.start < at {
                continue;
            }
            self.encoding.encode(slice(at..altered.text.start), out);
            out.extend_from_slice(&altered.bytes);
            at = altered.text.end;
        }
        self.encoding.encode(slice(at..end), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mark_before_a_line_that_is_altered_comes_back_by_itself() {
        let bytes = b"\xff\xfea\0,\0b\0\n\0c\0x";
        let mut decoder = Decoder::new(TextEncoding::UTF_16LE);
        let mut text = Vec::new();
        decoder.feed(bytes, true, &mut text);
        let mut back = Vec::new();
        decoder.copy_original(0, &text[..3], &mut back);
        decoder.copy_original(3, &text[3..], &mut back);
        assert_eq!(back, bytes);
        let odd = b"\xff\xfea\0x";
        let mut decoder = Decoder::new(TextEncoding::UTF_16LE);
        let (mut text, mut back) = (Vec::new(), Vec::new());
        decoder.feed(odd, true, &mut text);
        decoder.copy_original(0, &text[..3], &mut back);
        decoder.copy_original(3, &text[3..], &mut back);
        assert_eq!(back, odd);
    }

    proptest! {
        #[test]
        fn every_line_comes_back(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(0), Just(b',')], 0..200),
            name in proptest::sample::select(&["utf-16le", "utf-16be", "windows-1253", "shift_jis", "gb18030"][..]),
            piece in 1usize..50,
        ) {
            let mut decoder = Decoder::new(name.parse().unwrap());
            let mut text = Vec::new();
            for piece in bytes.chunks(piece) {
                decoder.feed(piece, false, &mut text);
            }
            decoder.feed(&[], true, &mut text);
            let (mut back, mut at) = (Vec::new(), 0);
            for line in text.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
                decoder.copy_original(at, line, &mut back);
                at += line.len() as u64;
            }
            prop_assert_eq!(back, bytes);
        }
    }
}
