//! Which cells of a column a file quotes.

use crate::syntax::{Escape, Syntax};
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
    pub(crate) fn quotes(self, null: bool, text: &[u8], syntax: &Syntax) -> bool {
        match self {
            _ if syntax.quote.is_none() => false,
            Self::Always => true,
            _ if text.is_empty() => !null,
            Self::Nonempty => true,
            Self::Minimal => needs_quotes(text, syntax),
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
pub(crate) fn needs_quotes(text: &[u8], syntax: &Syntax) -> bool {
    let (delimiter, quote) = (syntax.delimiter, syntax.quote.unwrap_or(syntax.delimiter));
    text.iter()
        .any(|c| *c == delimiter || *c == quote || matches!(c, b'\n' | b'\r'))
}

/// Appends `text`, quoted with inner quotes escaped if `quoted`.
pub(crate) fn write_cell(text: &[u8], quoted: bool, syntax: &Syntax, out: &mut Vec<u8>) {
    let Some(quote) = syntax.quote.filter(|_| quoted) else {
        out.extend_from_slice(text);
        return;
    };
    out.push(quote);
    let escaped = match syntax.escape {
        Escape::Doubled => Some([quote, quote]),
        Escape::Backslash => Some([b'\\', quote]),
        Escape::None => None,
        Escape::DoubleQuotes => Some([b'"', b'"']),
    };
    let mut rest = text;
    if let Some(escaped) = escaped {
        while let Some(at) = memchr::memchr(escaped[1], rest) {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(&escaped);
            rest = &rest[at + 1..];
        }
    }
    out.extend_from_slice(rest);
    out.push(quote);
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
    pub(crate) fn count(&mut self, text: &[u8], quoted: bool, syntax: &Syntax) {
        let counter = match (text.is_empty(), quoted) {
            (true, true) => &mut self.empty,
            (true, false) => &mut self.bare_empty,
            (false, false) => &mut self.bare,
            (false, true) if needs_quotes(text, syntax) => &mut self.needed,
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
