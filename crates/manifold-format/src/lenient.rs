//! Splits a record whose quotes cannot be taken at their word.

use crate::boundary::{Terminator, closes, single_quotes};
use crate::syntax::{Escape, Syntax};

/// Records with more fields are not split.
const MOST_FIELDS: usize = 4096;

/// A record read in another way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mended {
    pub(crate) cells: Vec<Cell>,
    pub(crate) len: usize,
    pub(crate) terminator: Terminator,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: Vec<u8>,
    pub(crate) quoted: bool,
}

/// Where a quote, or a missing delimiter, is to be read otherwise.
#[derive(Clone, Copy, Default)]
pub(crate) struct Variant {
    /// The quote that opens this field is data.
    pub(crate) literal: Option<usize>,
    /// A field ends before this byte, although there is no delimiter.
    pub(crate) boundary: Option<usize>,
}

impl Cell {
    pub(crate) fn bare(text: &[u8]) -> Self {
        Self {
            text: text.to_vec(),
            quoted: false,
        }
    }
}

/// Splits the record at the start of `input`; a quote closes a field only before a delimiter or
/// line end, and is data elsewhere. `None` when the record does not end in `input`.
pub(crate) fn split(
    input: &[u8],
    syntax: &Syntax,
    at_end: bool,
    variant: Variant,
) -> Option<Mended> {
    let mut cells = Vec::new();
    let mut at = 0;
    loop {
        let is_quoted = syntax.quote.is_some()
            && input.get(at) == syntax.quote.as_ref()
            && variant.literal != Some(cells.len());
        let (cell, end) = if is_quoted {
            quoted(input, at, syntax, at_end, variant)?
        } else {
            let is_end = |index: &usize| {
                let byte = input[*index];
                byte == syntax.delimiter
                    || byte == b'\n'
                    || byte == b'\r' && syntax.returns
                    || Some(*index) == variant.boundary && *index > at
            };
            let end = (at..input.len()).find(is_end);
            let end = end.or_else(|| at_end.then_some(input.len()))?;
            let is_crlf = input.get(end) == Some(&b'\n') && end > at && input[end - 1] == b'\r';
            (Cell::bare(&input[at..end - usize::from(is_crlf)]), end)
        };
        cells.push(cell);
        let (len, terminator) = match input.get(end) {
            None => (end, Terminator::None),
            Some(b'\n') if end > 0 && input[end - 1] == b'\r' => (end + 1, Terminator::CrLf),
            Some(b'\n') => (end + 1, Terminator::Lf),
            Some(b'\r') if input.get(end + 1) == Some(&b'\n') => (end + 2, Terminator::CrLf),
            Some(b'\r') if syntax.returns => (end + 1, Terminator::Cr),
            Some(byte) => {
                at = end + usize::from(*byte == syntax.delimiter);
                let follows_space = syntax.delimiter_space && input.get(at) == Some(&b' ');
                at += usize::from(follows_space);
                if cells.len() > MOST_FIELDS {
                    return None;
                }
                continue;
            }
        };
        return Some(Mended {
            cells,
            len,
            terminator,
        });
    }
}

/// The quoted cell at `start`, and where it ends.
fn quoted(
    input: &[u8],
    start: usize,
    syntax: &Syntax,
    at_end: bool,
    variant: Variant,
) -> Option<(Cell, usize)> {
    let quote = input[start];
    let mut text = Vec::new();
    let mut at = start + 1;
    loop {
        let found = at + memchr::memchr(quote, &input[at..])?;
        text.extend_from_slice(&input[at..found]);
        let is_escaped = syntax.escape == Escape::Backslash && text.last() == Some(&b'\\');
        let is_pair = syntax.escape == Escape::Doubled && input.get(found + 1) == Some(&quote);
        let end = if is_escaped {
            text.pop();
            None
        } else if closes(input, found, syntax, at_end)? || variant.boundary == Some(found + 1) {
            Some(found + 1)
        } else if is_pair && closes(input, found + 1, syntax, at_end)? {
            // The first is data, as where quotes are not escaped.
            text.push(quote);
            Some(found + 2)
        } else {
            None
        };
        if let Some(end) = end {
            if syntax.escape == Escape::DoubleQuotes {
                single_quotes(&std::mem::take(&mut text), &mut text);
            }
            return Some((Cell { text, quoted: true }, end));
        }
        text.push(quote);
        at = found + 1 + usize::from(is_pair && !is_escaped);
    }
}
