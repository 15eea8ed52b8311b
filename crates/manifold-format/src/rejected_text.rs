//! A rejected record as text that a person can mend.

use crate::csv_reader::CsvReader;
use crate::error::ReadError;
use crate::item::Item;
use crate::options::CsvOptions;
use crate::record::Record;
use crate::text_encoding::TextEncoding;

/// Stands in text for bytes that are none.
const NO_TEXT: char = '\u{fffd}';

/// A rejected record as text that a person can mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedText {
    encoding: TextEncoding,
    text: String,
    line_end: &'static str,
    /// All line ends within it are `\r\n`, or, without any, the last one is.
    returns: bool,
    /// It has bytes that are no characters.
    damaged: bool,
}

/// Why a mended record is no row yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// Nothing is left of it.
    #[error("it is empty")]
    Empty,
    /// Bytes that are no characters cannot be told back.
    #[error(
        "it holds bytes that are no {encoding} text, shown as {NO_TEXT}: write what they should be"
    )]
    Undecodable {
        /// The encoding of the input.
        encoding: TextEncoding,
    },
    /// The input's encoding does not have the character.
    #[error("the file is written in {encoding}, which has no `{character}`")]
    NotInEncoding {
        /// The encoding of the input.
        encoding: TextEncoding,
        /// The first such character.
        character: char,
    },
    /// It is still no row.
    #[error("{reason}")]
    NoRow {
        /// Why.
        reason: String,
    },
}

impl RejectedText {
    /// The text of a rejected record whose bytes are `raw`.
    #[must_use]
    pub fn new(raw: &[u8], encoding: TextEncoding) -> Self {
        let mut decoded = Vec::new();
        encoding.decode(raw, &mut decoded);
        let damaged = std::str::from_utf8(&decoded).is_err();
        let text = String::from_utf8_lossy(&decoded);
        let line_end = ["\r\n", "\n", "\r"]
            .into_iter()
            .find(|end| text.ends_with(end))
            .unwrap_or_default();
        let text = text[..text.len() - line_end.len()].to_owned();
        let feeds = text.matches('\n').count();
        Self {
            encoding,
            returns: match feeds {
                0 => line_end == "\r\n",
                feeds => feeds == text.matches("\r\n").count(),
            },
            text,
            line_end,
            damaged,
        }
    }

    /// The same of an input whose lines end in `\r\n` if `returns`: for the record at its end, which has no line end to go by.
    #[must_use]
    pub fn in_lines(mut self, returns: bool) -> Self {
        if self.line_end.is_empty() && !self.text.contains('\n') {
            self.returns = returns;
        }
        self
    }

    /// The text, without its last line end. Bytes that are no characters are shown as U+FFFD.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether `edited` is more than the text with other line ends.
    #[must_use]
    pub fn is_changed(&self, edited: &str) -> bool {
        one_kind(edited) != one_kind(&self.text)
    }

    /// The bytes of `edited` in its place: in the input's encoding, with the line end of the record, and with the line
    /// ends that were within it, which other programs change.
    ///
    /// # Errors
    /// [`EditError::Empty`], [`EditError::Undecodable`] and [`EditError::NotInEncoding`].
    pub fn bytes(&self, edited: &str) -> Result<Vec<u8>, EditError> {
        let edited = edited.trim_end_matches(['\n', '\r']);
        let encoding = self.encoding;
        if edited.trim().is_empty() {
            return Err(EditError::Empty);
        }
        if self.damaged && edited.contains(NO_TEXT) {
            return Err(EditError::Undecodable { encoding });
        }
        let mut text = if self.returns && !edited.contains('\r') {
            edited.replace('\n', "\r\n")
        } else {
            edited.to_owned()
        };
        text.push_str(self.line_end);
        let mut bytes = Vec::with_capacity(text.len());
        encoding.encode(text.as_bytes(), &mut bytes);
        let is_kept = |text: &str, bytes: &[u8]| {
            let mut back = Vec::new();
            encoding.decode(bytes, &mut back);
            back == text.as_bytes()
        };
        if is_kept(&text, &bytes) {
            return Ok(bytes);
        }
        let character = text.chars().find(|c| {
            let (mut buffer, mut one) = ([0; 4], Vec::new());
            let character = c.encode_utf8(&mut buffer);
            encoding.encode(character.as_bytes(), &mut one);
            !is_kept(character, &one)
        });
        Err(EditError::NotInEncoding {
            encoding,
            character: character.unwrap_or(NO_TEXT),
        })
    }
}

/// Reads the bytes of a mended record alone, behind the `header` of its input. Answers how many rows it is.
///
/// # Errors
/// [`EditError::NoRow`] when anything in it is no row.
pub fn rows_of(header: &[u8], mended: &[u8], options: &CsvOptions) -> Result<u64, EditError> {
    let no_row = |error: ReadError| EditError::NoRow {
        reason: error.to_string(),
    };
    let input = std::io::Read::chain(header, mended);
    let mut reader = CsvReader::open(input, options.clone()).map_err(no_row)?;
    let (mut record, mut rows) = (Record::new(), 0);
    loop {
        match reader.next(&mut record).map_err(no_row)? {
            Item::Row => rows += 1,
            Item::Rejected => {
                let reason = record.reason();
                let reason = reason.map_or_else(String::new, |reason| reason.to_string());
                return Err(EditError::NoRow { reason });
            }
            Item::End if rows == 0 => return Err(EditError::Empty),
            Item::End => return Ok(rows),
        }
    }
}

/// The text with one kind of line ends, and none at its end.
fn one_kind(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.trim_end_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &[u8]) -> RejectedText {
        RejectedText::new(raw, TextEncoding::UTF_8)
    }

    #[test]
    fn the_line_ends_of_the_record_come_back() {
        let record = text(b"1,\"a\r\nb,2\r\n");
        assert_eq!(record.text(), "1,\"a\r\nb,2");
        for unchanged in ["1,\"a\nb,2", "1,\"a\r\nb,2\r\n", "1,\"a\nb,2\n"] {
            assert!(!record.is_changed(unchanged), "{unchanged:?}");
        }
        assert!(record.is_changed("1,\"a\nb\",2"));
        assert_eq!(
            record.bytes("1,\"a\nb\",2\n").unwrap(),
            b"1,\"a\r\nb\",2\r\n"
        );
        assert_eq!(
            text(b"1,2,3\r\n").bytes("1,2\n3,4").unwrap(),
            b"1,2\r\n3,4\r\n"
        );
        let last = text(b"1,2,3");
        assert_eq!(last.bytes("1,2\n3,4").unwrap(), b"1,2\n3,4");
        let last = last.in_lines(true);
        assert_eq!(last.bytes("1,2\n3,4").unwrap(), b"1,2\r\n3,4");
        let feeds = text(b"1,\"a\nb\",2\r\n");
        assert_eq!(feeds.bytes("1,\"a\nb,2\"").unwrap(), b"1,\"a\nb,2\"\r\n");
        assert_eq!(text(b"1,2,3").bytes("1,2").unwrap(), b"1,2");
        assert_eq!(text(b"1,2\n\n3").bytes("1,2\r\n").unwrap(), b"1,2");
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let latin = TextEncoding::WINDOWS_1252;
        let record = RejectedText::new(b"Z\xfcrich,1,2\n", latin);
        assert_eq!(record.text(), "Zürich,1,2");
        assert_eq!(record.bytes("Zürich,1").unwrap(), b"Z\xfcrich,1\n");
        let error = record.bytes("Žilina→,1").unwrap_err();
        assert_eq!(
            error,
            EditError::NotInEncoding {
                encoding: latin,
                character: '→'
            }
        );
        let record = text(b"Z\xfcrich,1,2\n");
        assert!(matches!(
            record.bytes("Z\u{fffd}rich,1"),
            Err(EditError::Undecodable { .. })
        ));
        assert_eq!(record.bytes("Zürich,1").unwrap(), "Zürich,1\n".as_bytes());
        assert_eq!(record.bytes(" \n"), Err(EditError::Empty));
        let wide = RejectedText::new(b"1\0,\x002\0\n\0", TextEncoding::UTF_16LE);
        assert_eq!(wide.bytes("é").unwrap(), b"\xe9\0\n\0");
    }

    #[test]
    fn a_mended_record_is_read_alone() {
        let options = CsvOptions {
            columns: Some(2),
            ..CsvOptions::default()
        };
        let rows = |mended: &[u8]| rows_of(b"a,b\n", mended, &options);
        assert_eq!(rows(b"1,2\n"), Ok(1));
        assert_eq!(rows(b"1,2\n3,4"), Ok(2));
        assert_eq!(rows(b"\n"), Err(EditError::Empty));
        for bad in [&b"1,2,3\n"[..], b"1,\"2\n3,4\n", b"a,b\n", b"1,2\n1,2,3\n"] {
            assert!(matches!(rows(bad), Err(EditError::NoRow { .. })), "{bad:?}");
        }
        let none = CsvOptions {
            header_rows: 0,
            ..options
        };
        assert_eq!(rows_of(b"", b"1,2\n", &none), Ok(1));
        assert!(rows_of(b"", b"1,2,3\n", &none).is_err());
    }
}
