//! How the characters of an input are written as bytes.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;
use std::str::FromStr;

/// How the characters of an input are written as bytes: UTF-8, UTF-16 in either byte order, or one
/// of the older encodings of the web (`windows-1252`, `shift_jis`, `gb18030`, ...).
///
/// The persisted form is its name in lower case; [`FromStr`] also knows the usual other names,
/// such as `latin1`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextEncoding(&'static encoding_rs::Encoding);

/// A name of no encoding that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown text encoding `{name}`: give utf-8, utf-16le, utf-16be, windows-1252, shift_jis or another name of the WHATWG list"
)]
pub struct UnknownTextEncoding {
    /// The name that was given.
    pub name: String,
}

impl TextEncoding {
    /// UTF-8, and ASCII with it.
    pub const UTF_8: Self = Self(encoding_rs::UTF_8);
    /// UTF-16, the low byte first.
    pub const UTF_16LE: Self = Self(encoding_rs::UTF_16LE);
    /// UTF-16, the high byte first.
    pub const UTF_16BE: Self = Self(encoding_rs::UTF_16BE);
    /// Western European, as Windows wrote it.
    pub const WINDOWS_1252: Self = Self(encoding_rs::WINDOWS_1252);

    pub(crate) fn legacy(encoding: &'static encoding_rs::Encoding) -> Self {
        Self(encoding)
    }

    /// Its name in lower case.
    #[must_use]
    pub fn name(self) -> String {
        self.0.name().to_ascii_lowercase()
    }

    /// Which byte of a character of two is the high one, if it is UTF-16.
    fn high_byte(self) -> Option<usize> {
        if self == Self::UTF_16LE {
            Some(1)
        } else if self == Self::UTF_16BE {
            Some(0)
        } else {
            None
        }
    }

    /// Appends the bytes of `text`. What is not valid UTF-8, or is not in the encoding, becomes
    /// something else: the caller compares, or knows that there is none.
    pub(crate) fn encode(self, text: &[u8], out: &mut Vec<u8>) {
        if self == Self::UTF_8 {
            out.extend_from_slice(text);
            return;
        }
        for chunk in text.utf8_chunks() {
            match self.high_byte() {
                None => out.extend_from_slice(&self.0.encode(chunk.valid()).0),
                Some(high) => {
                    for unit in chunk.valid().encode_utf16() {
                        let mut bytes = unit.to_be_bytes();
                        bytes.rotate_left(high);
                        out.extend_from_slice(&bytes);
                    }
                }
            }
            out.extend_from_slice(chunk.invalid());
        }
    }

    /// Appends the text of `bytes`, which end between two characters. Bytes that are none stay as
    /// they are, and so that the text around them is not valid UTF-8.
    pub(crate) fn decode(self, bytes: &[u8], out: &mut Vec<u8>) {
        match self.high_byte() {
            Some(high) => decode_utf16(bytes, high, out),
            None => self.decode_legacy(bytes, out),
        }
    }

    fn decode_legacy(self, bytes: &[u8], out: &mut Vec<u8>) {
        use encoding_rs::DecoderResult;

        let mut decoder = self.0.new_decoder_without_bom_handling();
        let mut text = String::new();
        let mut at = 0;
        let mut invalid = out.len()..out.len();
        loop {
            let rest = &bytes[at..];
            let room = decoder.max_utf8_buffer_length_without_replacement(rest.len());
            text.reserve(room.unwrap_or(4 * rest.len() + 16));
            let (result, read) =
                decoder.decode_to_string_without_replacement(rest, &mut text, true);
            at += read;
            if !text.is_empty() {
                mark_invalid(invalid, out);
                out.extend_from_slice(text.as_bytes());
                text.clear();
                invalid = out.len()..out.len();
            }
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, behind) => {
                    let end = at - usize::from(behind);
                    out.extend_from_slice(&bytes[end - usize::from(length)..end]);
                    invalid.end = out.len();
                }
            }
        }
        mark_invalid(invalid, out);
    }

    /// The length of the longest part of `bytes` that ends behind a line end or, in a line that is
    /// longer than `longest`, between two characters.
    pub(crate) fn whole_lines(self, bytes: &[u8], longest: usize) -> usize {
        let Some(high) = self.high_byte() else {
            let line_end = memchr::memrchr2(b'\n', b'\r', bytes).map(|at| at + 1);
            // No character of two bytes has a second one below `0`.
            let any_end = || bytes.iter().rposition(|byte| *byte < b'0').map(|at| at + 1);
            return line_end
                .or_else(|| any_end().filter(|_| bytes.len() > longest))
                .unwrap_or(0);
        };
        let units = bytes.chunks_exact(2);
        let count = units.len();
        let line_end = units
            .rev()
            .position(|unit| unit[high] == 0 && matches!(unit[1 - high], b'\n' | b'\r'));
        let units = match line_end {
            Some(behind) => count - behind,
            None if bytes.len() > longest => {
                let high_surrogate = |unit: usize| (0xd8..0xdc).contains(&bytes[2 * unit + high]);
                count - usize::from(high_surrogate(count - 1))
            }
            None => 0,
        };
        2 * units
    }

    /// The length of the first line of `bytes` with its line end, or of all.
    pub(crate) fn first_line(self, bytes: &[u8]) -> usize {
        match self.high_byte() {
            None => memchr::memchr2(b'\n', b'\r', bytes).map_or(bytes.len(), |at| at + 1),
            Some(high) => bytes
                .chunks_exact(2)
                .position(|unit| unit[high] == 0 && matches!(unit[1 - high], b'\n' | b'\r'))
                .map_or(bytes.len(), |at| 2 * at + 2),
        }
    }
}

/// Bytes that are no characters must not look like one together.
fn mark_invalid(invalid: std::ops::Range<usize>, out: &mut Vec<u8>) {
    if !invalid.is_empty() && std::str::from_utf8(&out[invalid]).is_ok() {
        out.push(0xff);
    }
}

fn decode_utf16(bytes: &[u8], high: usize, out: &mut Vec<u8>) {
    let units = bytes.chunks_exact(2);
    let odd = units.remainder();
    let units = units.map(|unit| u16::from_be_bytes([unit[high], unit[1 - high]]));
    let mut buffer = [0; 4];
    for unit in char::decode_utf16(units) {
        match unit {
            Ok(c) => out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes()),
            Err(lone) => {
                // As UTF-8 would write it if it were a character.
                let unit = lone.unpaired_surrogate();
                let low = |bits: u16| 0x80 | (bits & 0x3f) as u8;
                out.extend_from_slice(&[0xed, low(unit >> 6), low(unit)]);
            }
        }
    }
    for byte in odd {
        out.extend_from_slice(&[0xff, *byte | 0x80]);
    }
}

impl Default for TextEncoding {
    fn default() -> Self {
        Self::UTF_8
    }
}

impl fmt::Debug for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl FromStr for TextEncoding {
    type Err = UnknownTextEncoding;

    fn from_str(name: &str) -> Result<Self, UnknownTextEncoding> {
        // What shifts between character sets cannot be cut at line ends.
        let stateful = [encoding_rs::ISO_2022_JP, encoding_rs::REPLACEMENT];
        encoding_rs::Encoding::for_label(name.as_bytes())
            .filter(|found| !stateful.contains(found))
            .map(Self)
            .ok_or_else(|| UnknownTextEncoding {
                name: name.to_owned(),
            })
    }
}

impl Serialize for TextEncoding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TextEncoding {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(encoding: TextEncoding, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        encoding.decode(bytes, &mut out);
        out
    }

    #[test]
    fn lone_surrogates_and_odd_bytes_are_not_valid() {
        let le = TextEncoding::UTF_16LE;
        assert_eq!(decoded(le, b"a\0\xe9\0"), "aé".as_bytes());
        for bytes in [&b"a\0\x00\xd8b\0"[..], b"a\0b", b"\x22\xdc"] {
            assert!(
                std::str::from_utf8(&decoded(le, bytes)).is_err(),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn names_are_read_back() {
        for name in [
            "utf-8",
            "utf-16le",
            "utf-16be",
            "windows-1252",
            "shift_jis",
            "gb18030",
        ] {
            assert_eq!(name.parse::<TextEncoding>().unwrap().name(), name);
        }
        assert_eq!("latin1".parse(), Ok(TextEncoding::WINDOWS_1252));
        for name in ["", "utf-7", "iso-2022-jp", "ebcdic"] {
            name.parse::<TextEncoding>().unwrap_err();
        }
    }

    proptest! {
        #[test]
        fn a_cut_between_characters_changes_nothing(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
            name in proptest::sample::select(&["utf-16le", "utf-16be", "windows-1253", "shift_jis", "gb18030", "euc-kr"][..]),
        ) {
            let encoding: TextEncoding = name.parse().unwrap();
            let text = decoded(encoding, &bytes);
            let cut = encoding.whole_lines(&bytes, 8);
            let mut parts = decoded(encoding, &bytes[..cut]);
            parts.extend(decoded(encoding, &bytes[cut..]));
            if std::str::from_utf8(&text).is_ok() {
                prop_assert_eq!(parts, decoded(encoding, &bytes));
            }
        }
    }
}
