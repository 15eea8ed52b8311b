//! The records of a sample, split in one way.

use crate::boundary::Terminator;
use crate::splitter::{Fields, Split};
use crate::syntax::Syntax;

/// At most this many records are looked at.
const MOST: usize = 1000;

/// Of a record, at most this many cells are kept.
const KEPT: usize = 256;

/// A record of a sample.
pub(crate) struct Sampled {
    /// Where it begins in the sample.
    pub(crate) start: usize,
    pub(crate) len: usize,
    pub(crate) cells: Vec<SampledCell>,
    /// All fields.
    pub(crate) width: usize,
    /// Quoted fields that go on behind their closing quote.
    pub(crate) irregular: bool,
    /// A quoted field contains an escaped quote.
    pub(crate) escapes: bool,
    pub(crate) terminator: Terminator,
}

/// A cell of a sample.
pub(crate) struct SampledCell {
    pub(crate) text: Vec<u8>,
    pub(crate) quoted: bool,
}

impl Sampled {
    pub(crate) fn is_blank(&self) -> bool {
        self.len == self.terminator.len()
    }

    /// Cells that are not empty.
    pub(crate) fn filled(&self) -> usize {
        self.cells
            .iter()
            .filter(|cell| !cell.text.is_empty())
            .count()
    }
}

/// The whole records at the start of `text`, and whether a quote in the last one is not closed.
pub(crate) fn split(text: &[u8], at_end: bool, syntax: &Syntax) -> (Vec<Sampled>, bool) {
    let mut fields = Fields::default();
    let (mut records, mut start) = (Vec::new(), 0);
    while records.len() < MOST {
        let rest = &text[start..];
        let (len, terminator) = match fields.split(rest, syntax, at_end, KEPT) {
            Split::Record { len, terminator } => (len, terminator),
            Split::Unterminated(_) => return (records, true),
            // Half of the sample in one record is a quote that was not closed, most likely.
            Split::Partial(_) => return (records, 2 * rest.len() > text.len()),
            Split::End => break,
        };
        let cell = |field| SampledCell {
            text: fields.text(field, rest).to_vec(),
            quoted: field.quoted,
        };
        records.push(Sampled {
            start,
            len,
            cells: fields.fields.iter().map(cell).collect(),
            width: fields.count,
            irregular: fields.irregular,
            escapes: fields.fields.iter().any(|field| field.rewritten),
            terminator,
        });
        start += len;
    }
    (records, false)
}
