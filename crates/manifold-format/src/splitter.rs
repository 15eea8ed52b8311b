//! Finds records and fields in delimited bytes.

use crate::boundary::{FieldEnd, Terminator, closes, field_end, single_quotes};
use crate::lenient::Cell;
use crate::marks::{BLOCK, Marks};
use crate::mender::Fault;
use crate::syntax::{Escape, Syntax};
use memchr::{memchr, memchr2};

/// Where a field's text lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) quoted: bool,
    /// The range lies in [`Fields::unquoted`] and not in the record.
    pub(crate) rewritten: bool,
}

/// The fields of one record. Kept between records so that splitting needs no allocation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    /// The first fields, at most as many as were asked for.
    pub(crate) fields: Vec<Field>,
    /// All fields of the record.
    pub(crate) count: usize,
    /// The text of fields whose quotes had to be removed from within.
    pub(crate) unquoted: Vec<u8>,
    /// There is a quoted field, a quote or a carriage return within the record.
    pub(crate) special: bool,
    /// A quoted field goes on behind its closing quote, so printing it anew gives other bytes.
    pub(crate) irregular: bool,
    /// A carriage return outside quotes that is not part of the line end.
    pub(crate) bare_return: bool,
    /// A quote in a field that is not quoted.
    pub(crate) stray_quote: bool,
    /// No field that is not quoted contains what would have to be quoted.
    pub(crate) plain: bool,
    /// A field may contain a line end.
    pub(crate) multiline: bool,
    /// Every byte of the record is known to be ASCII.
    pub(crate) ascii: bool,
    keep: usize,
}

/// What lies at the start of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    /// A record of `len` bytes including its line end.
    Record { len: usize, terminator: Terminator },
    /// A record that goes on behind the bytes at hand.
    Partial(OpenField),
    /// A quoted field that is not closed before the end of the input.
    Unterminated(OpenField),
    /// The input has ended.
    End,
}

/// The field in which the bytes at hand end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenField {
    /// Offset in the record.
    pub(crate) start: usize,
    /// 0-based.
    pub(crate) index: usize,
}

impl Fields {
    fn clear(&mut self, keep: usize) {
        self.fields.clear();
        self.unquoted.clear();
        self.count = 0;
        self.special = false;
        self.irregular = false;
        self.bare_return = false;
        self.stray_quote = false;
        self.plain = false;
        self.multiline = false;
        self.ascii = false;
        self.keep = keep;
    }

    /// What is wrong with a record of `columns`, if anything.
    #[inline]
    pub(crate) fn fault(&self, columns: usize) -> Option<Fault> {
        if self.count != columns {
            Some(Fault::Width)
        } else if self.irregular {
            Some(Fault::Quote)
        } else if self.stray_quote {
            Some(Fault::StrayQuote)
        } else {
            None
        }
    }

    /// The text of a field of the record `raw`.
    #[inline]
    pub(crate) fn text<'a>(&'a self, field: &Field, raw: &'a [u8]) -> &'a [u8] {
        let bytes = if field.rewritten { &self.unquoted } else { raw };
        &bytes[field.start as usize..field.end as usize]
    }

    /// Replaces the fields of the record by these cells, whose texts are not its bytes.
    pub(crate) fn replace(&mut self, cells: &[Cell]) {
        let keep = self.keep;
        self.clear(keep);
        for cell in cells {
            let start = self.unquoted.len();
            self.unquoted.extend_from_slice(&cell.text);
            self.push(start, self.unquoted.len(), cell.quoted, true);
        }
        self.special = true;
        self.multiline = true;
        self.irregular = true;
    }

    #[inline]
    fn push(&mut self, start: usize, end: usize, quoted: bool, rewritten: bool) {
        if self.count < self.keep {
            // Records are limited to fewer bytes than a `u32` holds.
            self.fields.push(Field {
                start: start as u32,
                end: end as u32,
                quoted,
                rewritten,
            });
        }
        self.count += 1;
    }

    /// Splits the record at the start of `input`, of which the first `keep` fields are kept;
    /// `at_end` says that nothing follows `input`.
    pub(crate) fn split(
        &mut self,
        input: &[u8],
        syntax: &Syntax,
        at_end: bool,
        keep: usize,
    ) -> Split {
        self.clear(keep);
        if input.is_empty() && at_end {
            return Split::End;
        }
        if let Some(quote) = syntax.quote
            && matches!(syntax.escape, Escape::Doubled | Escape::None)
            && !syntax.returns
            && !syntax.delimiter_space
        {
            if let Some(split) = self.split_plain(input, syntax.delimiter, quote) {
                return split;
            }
            self.clear(keep);
        }
        self.split_special(input, syntax, at_end)
    }

    /// Splits a record whose quotes stand around whole fields and nowhere else. `None`: it is no such record, or it goes on
    /// behind the last whole block of `input`.
    #[inline]
    fn split_plain(&mut self, input: &[u8], delimiter: u8, quote: u8) -> Option<Split> {
        let marks = Marks::new(delimiter, quote);
        let mut start = 0;
        let mut open = false;
        let mut close = None;
        let mut ascii = true;
        for (block, bytes) in input.as_chunks::<BLOCK>().0.iter().enumerate() {
            let found = marks.of(bytes);
            ascii &= found.ascii;
            let mut left = found.marks;
            while left != 0 {
                let at = block * BLOCK + left.trailing_zeros() as usize;
                left &= left - 1;
                let mark = input[at];
                if open {
                    self.multiline |= mark == b'\n';
                    if mark == quote {
                        if !ends_field(input, at + 1, delimiter) {
                            return None;
                        }
                        open = false;
                        close = Some(at);
                    }
                } else if mark == delimiter {
                    self.push(start, close.unwrap_or(at), close.is_some(), false);
                    close = None;
                    start = at + 1;
                } else if mark == b'\n' {
                    let returns = at > start && input[at - 1] == b'\r';
                    let end = at - usize::from(returns);
                    self.push(start, close.unwrap_or(end), close.is_some(), false);
                    self.plain = true;
                    self.ascii = ascii;
                    return Some(Split::Record {
                        len: at + 1,
                        terminator: if returns {
                            Terminator::CrLf
                        } else {
                            Terminator::Lf
                        },
                    });
                } else if mark == b'\r' {
                    if input.get(at + 1) != Some(&b'\n') {
                        return None;
                    }
                } else if at == start {
                    self.special = true;
                    open = true;
                    start = at + 1;
                } else {
                    return None;
                }
            }
        }
        None
    }

    fn split_special(&mut self, input: &[u8], syntax: &Syntax, at_end: bool) -> Split {
        self.special = true;
        self.multiline = true;
        // Without quotes there is nothing to look for beside the carriage return.
        let stray = syntax.quote.unwrap_or(b'\r');
        let mut start = 0;
        loop {
            let open = OpenField {
                start,
                index: self.count,
            };
            let end = if syntax.quote.is_some() && input.get(start) == syntax.quote.as_ref() {
                match self.quoted(input, start, syntax, at_end) {
                    Quoted::End(end) => end,
                    Quoted::Partial => return Split::Partial(open),
                    Quoted::Unterminated => return Split::Unterminated(open),
                }
            } else {
                let Some(end) = field_end(input, start, syntax, at_end) else {
                    return Split::Partial(open);
                };
                for at in memchr::memchr2_iter(b'\r', stray, &input[start..end.text]) {
                    if input[start + at] == b'\r' {
                        self.bare_return = true;
                    } else {
                        self.stray_quote = true;
                    }
                }
                self.push(start, end.text, false, false);
                end
            };
            if let Some(terminator) = end.terminator {
                return Split::Record {
                    len: end.next,
                    terminator,
                };
            }
            start = end.next;
            if syntax.delimiter_space {
                match input.get(start) {
                    Some(b' ') => start += 1,
                    None if !at_end => return Split::Partial(open),
                    _ => self.irregular = true,
                }
            }
        }
    }

    /// Reads the quoted field at `start`.
    fn quoted(&mut self, input: &[u8], start: usize, syntax: &Syntax, at_end: bool) -> Quoted {
        let unquoted = self.unquoted.len();
        let quote = input[start];
        let escape = match syntax.escape {
            Escape::Backslash => b'\\',
            Escape::Doubled | Escape::None | Escape::DoubleQuotes => quote,
        };
        let open = if at_end {
            Quoted::Unterminated
        } else {
            Quoted::Partial
        };
        let mut segment = start + 1;
        let mut rewritten = false;
        let mut at = segment;
        let close = loop {
            let Some(special) = memchr2(quote, escape, &input[at..]).map(|found| at + found) else {
                return open;
            };
            let Some(next) = input.get(special + 1) else {
                if at_end && input[special] == quote {
                    break special;
                }
                return open;
            };
            let is_pair = match syntax.escape {
                Escape::Doubled => *next == quote,
                Escape::Backslash if input[special] == quote => {
                    self.irregular |= *next == quote;
                    *next == quote
                }
                Escape::Backslash => {
                    self.irregular |= *next == b'\\';
                    *next == quote || *next == b'\\'
                }
                Escape::None | Escape::DoubleQuotes => match closes(input, special, syntax, at_end)
                {
                    Some(true) => break special,
                    Some(false) => {
                        at = special + 1;
                        continue;
                    }
                    None => return Quoted::Partial,
                },
            };
            if is_pair {
                // A pair of quotes or backslashes leaves one; a backslash goes and leaves the quote.
                self.unquoted.extend_from_slice(&input[segment..special]);
                self.unquoted.push(*next);
                rewritten = true;
                segment = special + 2;
                at = segment;
            } else if input[special] == quote {
                break special;
            } else {
                at = special + 1;
            }
        };
        let Some(end) = field_end(input, close + 1, syntax, at_end) else {
            return Quoted::Partial;
        };
        if syntax.escape == Escape::DoubleQuotes && memchr(b'"', &input[segment..close]).is_some() {
            self.irregular |= !single_quotes(&input[segment..close], &mut self.unquoted);
            rewritten = true;
            segment = close;
        }
        let stray = close + 1..end.text;
        if rewritten || !stray.is_empty() {
            self.unquoted.extend_from_slice(&input[segment..close]);
            self.irregular |= !stray.is_empty();
            self.unquoted.extend_from_slice(&input[stray]);
            self.push(unquoted, self.unquoted.len(), true, true);
        } else {
            self.push(segment, close, true, false);
        }
        Quoted::End(end)
    }
}

/// Whether a field ends at `at`; `false` too if that cannot be told.
#[inline]
fn ends_field(input: &[u8], at: usize, delimiter: u8) -> bool {
    match input.get(at) {
        Some(b'\r') => input.get(at + 1) == Some(&b'\n'),
        Some(byte) => *byte == delimiter || *byte == b'\n',
        None => false,
    }
}

enum Quoted {
    End(FieldEnd),
    Partial,
    Unterminated,
}

#[cfg(test)]
mod tests;
