//! The characters that give delimited text its structure.

use serde::{Deserialize, Serialize};

/// The characters that give delimited text its structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Syntax {
    /// Between cells: one ASCII byte, no quote or line break.
    #[serde(with = "ascii")]
    pub delimiter: u8,
    /// One space belongs to each delimiter, as in `a, b`.
    pub delimiter_space: bool,
    /// Around cells that contain other special characters: one ASCII byte. `None`: nothing is quoted.
    #[serde(with = "optional_ascii")]
    pub quote: Option<u8>,
    /// How a quoted cell contains a quote.
    pub escape: Escape,
    /// A carriage return alone ends a record too.
    pub returns: bool,
}

/// How a quoted cell contains a quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Escape {
    /// Twice: `"5"" pipe"`.
    #[default]
    Doubled,
    /// Behind a backslash: `"5\" pipe"`. A backslash before another character is data, before a
    /// backslash it escapes it.
    Backslash,
    /// As it is: `"5" pipe"`. Only a quote before a delimiter or line end closes the cell.
    None,
    /// As it is, but `"` is doubled although it is not the quote: `'it's 5"" long'`. So writes who
    /// changes the quote only.
    DoubleQuotes,
}

impl Default for Syntax {
    /// RFC 4180: comma, double quote, doubled.
    fn default() -> Self {
        Self {
            delimiter: b',',
            delimiter_space: false,
            quote: Some(b'"'),
            escape: Escape::Doubled,
            returns: false,
        }
    }
}

impl Syntax {
    /// RFC 4180 with another delimiter.
    #[must_use]
    pub fn delimited_by(delimiter: u8) -> Self {
        Self {
            delimiter,
            ..Self::default()
        }
    }

    /// The first character that cannot do what it is to do, if any: delimiter and quote are
    /// different ASCII characters and no line breaks.
    pub(crate) fn unusable(&self) -> Option<u8> {
        let unusable = |byte: u8| !byte.is_ascii() || matches!(byte, b'\n' | b'\r');
        if unusable(self.delimiter) || Some(self.delimiter) == self.quote {
            return Some(self.delimiter);
        }
        self.quote.filter(|quote| unusable(*quote))
    }

    /// How many lines end in `bytes`.
    pub(crate) fn count_lines(&self, bytes: &[u8]) -> u64 {
        let feeds = memchr::memchr_iter(b'\n', bytes).count();
        let returns = if self.returns {
            memchr::memchr_iter(b'\r', bytes)
                .filter(|at| bytes.get(at + 1) != Some(&b'\n'))
                .count()
        } else {
            0
        };
        (feeds + returns) as u64
    }
}

mod ascii {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(byte: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_char(char::from(*byte))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
        let c = char::deserialize(from)?;
        super::ascii_byte(c)
            .ok_or_else(|| D::Error::custom(format!("the delimiter {c:?} is not one ASCII byte")))
    }
}

mod optional_ascii {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(
        byte: &Option<u8>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match byte {
            Some(byte) => serializer.serialize_char(char::from(*byte)),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u8>, D::Error> {
        let Some(c) = Option::<char>::deserialize(from)? else {
            return Ok(None);
        };
        super::ascii_byte(c)
            .map(Some)
            .ok_or_else(|| D::Error::custom(format!("the quote {c:?} is not one ASCII byte")))
    }
}

fn ascii_byte(c: char) -> Option<u8> {
    u8::try_from(c).ok().filter(u8::is_ascii)
}
