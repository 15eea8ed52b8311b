//! How a delimited file is written.

use crate::quoting::Quoting;
use crate::raw_text::RawText;
use crate::syntax::Syntax;
use crate::text_encoding::TextEncoding;
use serde::{Deserialize, Serialize};

/// How a delimited file is written: with the cells and the rows' quirks, all that is needed to
/// write it again byte for byte. Persisted as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// The characters that structure it.
    #[serde(flatten)]
    pub syntax: Syntax,
    /// How its characters are written as bytes.
    #[serde(default)]
    pub encoding: TextEncoding,
    /// The line end of most rows.
    pub line_end: LineEnd,
    /// Whether the last row has a line end.
    pub final_newline: bool,
    /// Everything before the first row and its lead bytes, in the input's own bytes: byte order
    /// mark, preamble, comments, blank lines, the header records with their line ends.
    pub header: RawText,
    /// Everything behind the last row and its line end, in the input's own bytes: blank lines,
    /// comments, rejected records.
    pub tail: RawText,
    /// One for each column, in order.
    pub quoting: Vec<Quoting>,
}

/// A line end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineEnd {
    /// `\n`
    #[default]
    Lf,
    /// `\r\n`
    Crlf,
    /// `\r`
    Cr,
}

impl LineEnd {
    /// The bytes of the line end.
    #[must_use]
    pub fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::Crlf => b"\r\n",
            Self::Cr => b"\r",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_readable_and_exact() {
        let dialect = Dialect {
            syntax: Syntax::delimited_by(b'\t'),
            encoding: TextEncoding::UTF_8,
            line_end: LineEnd::Crlf,
            final_newline: false,
            header: RawText("\u{feff}id\tnäme\r\n".into()),
            tail: RawText(b"\xff\0".to_vec()),
            quoting: vec![Quoting::Minimal, Quoting::Always],
        };
        let json = serde_json::to_string(&dialect).unwrap();
        let expected = concat!(
            r#"{"delimiter":"\t","delimiter_space":false,"quote":"\"","escape":"doubled","#,
            r#""returns":false,"encoding":"utf-8","line_end":"crlf","final_newline":false,"header":""#,
            "\u{feff}",
            r#"id\tnäme\r\n","tail":{"hex":"ff00"},"quoting":["minimal","always"]}"#,
        );
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<Dialect>(&json).unwrap(), dialect);
        let before = r#"{"delimiter":"\t","line_end":"crlf","final_newline":false,"header":"","tail":"","quoting":[]}"#;
        let read: Dialect = serde_json::from_str(before).unwrap();
        assert_eq!(read.syntax, Syntax::delimited_by(b'\t'));
        for bad in [r#"{"hex":"f"}"#, r#"{"hex":"zz"}"#, "1"] {
            assert!(serde_json::from_str::<RawText>(bad).is_err());
        }
    }
}
