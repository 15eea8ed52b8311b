//! How a delimited file is written.

use crate::quoting::Quoting;
use crate::raw_text::RawText;
use serde::{Deserialize, Serialize};

/// How a delimited file is written: with the cells and the rows' quirks, all that is needed to
/// write it again byte for byte. Persisted as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// Between cells: one ASCII byte.
    #[serde(with = "delimiter")]
    pub delimiter: u8,
    /// The line end of most rows.
    pub line_end: LineEnd,
    /// Whether the last row has a line end.
    pub final_newline: bool,
    /// Everything before the first row and its lead bytes: byte order mark, blank lines, the
    /// header record with its line end.
    pub header: RawText,
    /// Everything behind the last row and its line end: blank lines, rejected records.
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
}

impl LineEnd {
    /// The bytes of the line end.
    #[must_use]
    pub fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::Crlf => b"\r\n",
        }
    }
}

mod delimiter {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(byte: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_char(char::from(*byte))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
        let c = char::deserialize(from)?;
        u8::try_from(c)
            .ok()
            .filter(u8::is_ascii)
            .ok_or_else(|| D::Error::custom(format!("the delimiter {c:?} is not one ASCII byte")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_readable_and_exact() {
        let dialect = Dialect {
            delimiter: b'\t',
            line_end: LineEnd::Crlf,
            final_newline: false,
            header: RawText("\u{feff}id\tnäme\r\n".into()),
            tail: RawText(b"\xff\0".to_vec()),
            quoting: vec![Quoting::Minimal, Quoting::Always],
        };
        let json = serde_json::to_string(&dialect).unwrap();
        let expected = concat!(
            r#"{"delimiter":"\t","line_end":"crlf","final_newline":false,"header":""#,
            "\u{feff}",
            r#"id\tnäme\r\n","tail":{"hex":"ff00"},"quoting":["minimal","always"]}"#,
        );
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<Dialect>(&json).unwrap(), dialect);
        for bad in [r#"{"hex":"f"}"#, r#"{"hex":"zz"}"#, "1"] {
            assert!(serde_json::from_str::<RawText>(bad).is_err());
        }
    }
}
