//! Text in another encoding, read as UTF-8.

use crate::decoder::Decoder;
use crate::text_encoding::TextEncoding;
use std::borrow::Cow;
use std::io::{ErrorKind, Read};

/// How much is decoded at once.
const CHUNK: usize = 64 * 1024;

/// Reads text in another encoding as UTF-8. Bytes that are no characters stay as they are.
pub(crate) struct Transcoder<R> {
    input: R,
    decoder: Decoder,
    text: Vec<u8>,
    at: usize,
    decoded: u64,
    at_end: bool,
}

impl<R: Read> Transcoder<R> {
    pub(crate) fn new(input: R, encoding: TextEncoding) -> Self {
        Self {
            input,
            decoder: Decoder::new(encoding),
            text: Vec::new(),
            at: 0,
            decoded: 0,
            at_end: false,
        }
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let mut bytes = Vec::new();
        while self.at == self.text.len() && !self.at_end {
            bytes.resize(CHUNK, 0);
            let read = match self.input.read(&mut bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                read => read?,
            };
            self.at_end = read == 0;
            self.text.clear();
            self.at = 0;
            self.decoder
                .feed(&bytes[..read], self.at_end, &mut self.text);
            self.decoded += self.text.len() as u64;
            self.decoder.forget(self.decoded); // nobody asks for the way back
        }
        let length = out.len().min(self.text.len() - self.at);
        out[..length].copy_from_slice(&self.text[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// The encoding of JSON text that begins so, by RFC 4627: its first character is ASCII, or a mark.
///
/// # Errors
/// The name of UTF-32, which nobody reads.
pub(crate) fn json_encoding(start: &[u8]) -> Result<TextEncoding, &'static str> {
    match start {
        [0xff, 0xfe, 0, 0, ..] | [1..=0xff, 0, 0, 0, ..] => Err("UTF-32LE"),
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, 1..=0xff, ..] => Err("UTF-32BE"),
        [0xff, 0xfe, ..] | [1..0x80, 0, ..] => Ok(TextEncoding::UTF_16LE),
        [0xfe, 0xff, ..] | [0, 1..0x80, ..] => Ok(TextEncoding::UTF_16BE),
        _ => Ok(TextEncoding::UTF_8),
    }
}

/// The start of an input, as UTF-8 if it is UTF-16.
pub(crate) fn decoded_start(start: &[u8]) -> Cow<'_, [u8]> {
    match json_encoding(start) {
        Ok(encoding) if encoding != TextEncoding::UTF_8 => {
            let mut text = Vec::new();
            encoding.decode(&start[..start.len() & !1], &mut text);
            Cow::Owned(text)
        }
        _ => Cow::Borrowed(start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_out_whatever_the_pieces_are() {
        let text = "\u{feff}[{\"a\": \"\u{e4}\u{20ac}\u{1f600}\"}]\n".repeat(5_000);
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(json_encoding(&bytes), Ok(TextEncoding::UTF_16BE));
        let mut read = String::new();
        Transcoder::new(&bytes[..], TextEncoding::UTF_16BE)
            .read_to_string(&mut read)
            .unwrap();
        assert_eq!(read, text);
    }
}
