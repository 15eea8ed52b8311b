//! Where fields and records end.

use crate::syntax::Syntax;
use memchr::{memchr, memchr2, memchr3};

/// How a record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terminator {
    /// At the end of the input.
    None,
    Lf,
    CrLf,
    Cr,
}

impl Terminator {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::None => 0,
            Self::Lf | Self::Cr => 1,
            Self::CrLf => 2,
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct FieldEnd {
    /// Where the field's bytes end.
    pub(crate) text: usize,
    /// Where the next field or record begins.
    pub(crate) next: usize,
    /// The line end, or `None` at a delimiter.
    pub(crate) terminator: Option<Terminator>,
}

/// The end of unquoted bytes that begin at `start`; `None` when more input is needed.
pub(crate) fn field_end(
    input: &[u8],
    start: usize,
    syntax: &Syntax,
    at_end: bool,
) -> Option<FieldEnd> {
    let rest = &input[start..];
    let found = if syntax.returns {
        memchr3(syntax.delimiter, b'\n', b'\r', rest)
    } else {
        memchr2(syntax.delimiter, b'\n', rest)
    };
    let Some(at) = found.map(|found| start + found) else {
        let end = input.len();
        return at_end.then_some(FieldEnd {
            text: end,
            next: end,
            terminator: Some(Terminator::None),
        });
    };
    let (text, next, terminator) = match input[at] {
        b'\n' if at > start && input[at - 1] == b'\r' => (at - 1, at + 1, Some(Terminator::CrLf)),
        b'\n' => (at, at + 1, Some(Terminator::Lf)),
        b'\r' if syntax.returns => match input.get(at + 1) {
            Some(b'\n') => (at, at + 2, Some(Terminator::CrLf)),
            None if !at_end => return None,
            _ => (at, at + 1, Some(Terminator::Cr)),
        },
        _ => (at, at + 1, None),
    };
    Some(FieldEnd {
        text,
        next,
        terminator,
    })
}

/// Whether the quote at `at` is followed by a delimiter or line end; `None` when more input is
/// needed.
pub(crate) fn closes(input: &[u8], at: usize, syntax: &Syntax, at_end: bool) -> Option<bool> {
    match input.get(at + 1) {
        None => at_end.then_some(true),
        Some(byte) if *byte == syntax.delimiter || *byte == b'\n' => Some(true),
        Some(b'\r') if syntax.returns => Some(true),
        Some(b'\r') => match input.get(at + 2) {
            None => at_end.then_some(false),
            Some(byte) => Some(*byte == b'\n'),
        },
        Some(_) => Some(false),
    }
}

/// Appends `text` with each pair of `"` as one; `false` when one stands alone.
pub(crate) fn single_quotes(text: &[u8], out: &mut Vec<u8>) -> bool {
    let (mut rest, mut paired) = (text, true);
    while let Some(at) = memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=at]);
        let is_pair = rest.get(at + 1) == Some(&b'"');
        paired &= is_pair;
        rest = &rest[at + 1 + usize::from(is_pair)..];
    }
    out.extend_from_slice(rest);
    paired
}
