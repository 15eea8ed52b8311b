//! Which cells of a column a file quotes.

use serde::{Deserialize, Serialize};

/// Which cells of a column a file quotes. Cells that deviate are recorded per row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quoting {
    /// Only cells that contain the delimiter, a quote or a line break, and empty text.
    #[default]
    Minimal,
    /// Every cell except NULL, which is empty and bare.
    Nonempty,
    /// Every cell. NULL is written `""`, so empty text and NULL are one value.
    Always,
}

impl Quoting {
    /// Whether a cell that prints as `text` is quoted; `null` says that it is absent.
    #[inline]
    pub(crate) fn quotes(self, null: bool, text: &[u8], delimiter: u8) -> bool {
        match self {
            Self::Always => true,
            _ if text.is_empty() => !null,
            Self::Nonempty => true,
            Self::Minimal => needs_quotes(text, delimiter),
        }
    }

    /// The stable text form, the same as in JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Nonempty => "nonempty",
            Self::Always => "always",
        }
    }
}

/// Whether `text` would not survive without quotes.
#[inline]
pub(crate) fn needs_quotes(text: &[u8], delimiter: u8) -> bool {
    text.iter()
        .any(|c| *c == delimiter || matches!(c, b'"' | b'\n' | b'\r'))
}

/// Appends `text`, quoted with inner quotes doubled if `quoted`.
pub(crate) fn write_cell(text: &[u8], quoted: bool, out: &mut Vec<u8>) {
    if !quoted {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=at]);
        out.push(b'"');
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// How often the cells of a column are quoted in a sample.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct QuotingEvidence {
    needless: u64,
    needed: u64,
    empty: u64,
    bare: u64,
    bare_empty: u64,
}

impl QuotingEvidence {
    pub(crate) fn count(&mut self, text: &[u8], quoted: bool, delimiter: u8) {
        let counter = match (text.is_empty(), quoted) {
            (true, true) => &mut self.empty,
            (true, false) => &mut self.bare_empty,
            (false, false) => &mut self.bare,
            (false, true) if needs_quotes(text, delimiter) => &mut self.needed,
            (false, true) => &mut self.needless,
        };
        *counter += 1;
    }

    /// Empty cells in quotes.
    pub(crate) fn quoted_empty(self) -> u64 {
        self.empty
    }

    pub(crate) fn verdict(self) -> Quoting {
        let every_cell = self.bare + self.bare_empty == 0;
        if every_cell && self.needless + self.empty > 0 {
            Quoting::Always
        } else if self.needless > self.bare {
            Quoting::Nonempty
        } else {
            Quoting::Minimal
        }
    }
}
