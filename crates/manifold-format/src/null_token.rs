//! Cells that stand for NULL.

use std::sync::Arc;

/// The usual ways to write that there is no value, by length.
///
/// They are what R, pandas, DuckDB, PostgreSQL's `COPY`, Excel, database clients and statistical offices write.
pub(crate) const USUAL: [&str; 41] = [
    "-",
    ".",
    "?", // of one character
    "NA",
    "na",
    "--",
    "..",
    "\\N", // of two
    "N/A",
    "n/a",
    "#NA",
    "NaN",
    "nan",
    "NAN",
    "nil",
    "Nil",
    "NIL",
    "---", // of three
    "NULL",
    "null",
    "Null",
    "None",
    "none",
    "NONE",
    "<NA>",
    "#N/A",
    "N.A.",
    "n.a.", // of four
    "(null)",
    "(NULL)",
    "<null>",
    "<NULL>",
    "[NULL]",
    "#NULL!", // of six
    "missing",
    "Missing",
    "MISSING",
    "unknown",
    "Unknown",
    "UNKNOWN", // of seven
    "undefined",
];

/// The bytes with which they begin.
const FIRST: [bool; 256] = {
    let mut first = [false; 256];
    let mut at = 0;
    while at < USUAL.len() {
        first[USUAL[at].as_bytes()[0] as usize] = true;
        at += 1;
    }
    first
};

/// Where those of a length, and those that are longer, begin in [`USUAL`].
const OF_LENGTH: [u8; LONGEST + 2] = {
    let mut begin = [0; LONGEST + 2];
    let mut at = 0;
    while at < USUAL.len() {
        let mut length = USUAL[at].len() + 1;
        while length < begin.len() {
            begin[length] += 1;
            length += 1;
        }
        at += 1;
    }
    begin
};

const LONGEST: usize = 9;

/// The place in [`USUAL`] of a cell that is not empty.
#[inline]
pub(crate) fn usual(cell: &[u8]) -> Option<usize> {
    if cell.len() > LONGEST || !FIRST[usize::from(cell[0])] {
        return None;
    }
    let range = usize::from(OF_LENGTH[cell.len()])..usize::from(OF_LENGTH[cell.len() + 1]);
    range.into_iter().find(|at| USUAL[*at].as_bytes() == cell)
}

/// How often each of the usual tokens was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsualTokens(pub(crate) [u64; USUAL.len()]);

impl Default for UsualTokens {
    fn default() -> Self {
        Self([0; USUAL.len()])
    }
}

impl UsualTokens {
    pub(crate) fn cells(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// How often tokens were seen that somebody asked to be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CountedTokens {
    pub(crate) tokens: Arc<[String]>,
    /// For each token: the cells that may be a number, and those that are text whatever they look like.
    pub(crate) cells: Vec<[u64; 2]>,
}

impl CountedTokens {
    /// Counts `tokens`; `None` when there are none.
    pub(crate) fn new(tokens: &Arc<[String]>) -> Option<Box<Self>> {
        (!tokens.is_empty()).then(|| {
            Box::new(Self {
                tokens: tokens.clone(),
                cells: vec![[0; 2]; tokens.len()],
            })
        })
    }

    pub(crate) fn count(&mut self, cell: &[u8], is_text: bool) {
        for (token, cells) in self.tokens.iter().zip(&mut self.cells) {
            cells[usize::from(is_text)] += u64::from(token.as_bytes() == cell);
        }
    }
}

/// A token that stands for NULL in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NullToken {
    /// As it is written.
    pub token: String,
    /// The cells that are it.
    pub cells: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_token_is_found_and_nothing_else() {
        for (at, token) in USUAL.iter().enumerate() {
            assert_eq!(usual(token.as_bytes()), Some(at), "{token}");
        }
        assert!(USUAL.is_sorted_by_key(|token| token.len()));
        for other in ["N", "nA", "5O", "NAN!", "---- ", "undefined!", "x", "0"] {
            assert_eq!(usual(other.as_bytes()), None, "{other}");
        }
    }
}
