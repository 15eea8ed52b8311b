//! Finds records and fields in delimited bytes.

use memchr::{memchr, memchr_iter, memchr2};

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
    keep: usize,
}

/// How a record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terminator {
    /// At the end of the input.
    None,
    Lf,
    CrLf,
}

impl Terminator {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::None => 0,
            Self::Lf => 1,
            Self::CrLf => 2,
        }
    }
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
        self.keep = keep;
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
        delimiter: u8,
        at_end: bool,
        keep: usize,
    ) -> Split {
        self.clear(keep);
        if input.is_empty() && at_end {
            return Split::End;
        }
        let line = match memchr(b'\n', input) {
            Some(at) => &input[..at],
            None if at_end => input,
            None => return self.split_special(input, delimiter, at_end),
        };
        if memchr(b'"', line).is_some() {
            return self.split_special(input, delimiter, at_end);
        }
        let (body, len, terminator) = if line.len() == input.len() {
            (line, line.len(), Terminator::None)
        } else if let Some(body) = line.strip_suffix(b"\r") {
            (body, line.len() + 1, Terminator::CrLf)
        } else {
            (line, line.len() + 1, Terminator::Lf)
        };
        let mut start = 0;
        for at in memchr_iter(delimiter, body) {
            self.push(start, at, false, false);
            start = at + 1;
        }
        self.push(start, body.len(), false, false);
        self.bare_return = memchr(b'\r', body).is_some();
        self.special = self.bare_return;
        Split::Record { len, terminator }
    }

    fn split_special(&mut self, input: &[u8], delimiter: u8, at_end: bool) -> Split {
        self.special = true;
        let mut start = 0;
        loop {
            let open = OpenField {
                start,
                index: self.count,
            };
            let end = if input.get(start) == Some(&b'"') {
                match self.quoted(input, start, delimiter, at_end) {
                    Quoted::End(end) => end,
                    Quoted::Partial => return Split::Partial(open),
                    Quoted::Unterminated => return Split::Unterminated(open),
                }
            } else {
                let Some(end) = field_end(input, start, delimiter, at_end) else {
                    return Split::Partial(open);
                };
                self.bare_return |= memchr(b'\r', &input[start..end.text]).is_some();
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
        }
    }

    /// Reads the quoted field at `start`.
    fn quoted(&mut self, input: &[u8], start: usize, delimiter: u8, at_end: bool) -> Quoted {
        let unquoted = self.unquoted.len();
        let mut segment = start + 1;
        let mut rewritten = false;
        let mut at = segment;
        let close = loop {
            let Some(quote) = memchr(b'"', &input[at..]).map(|found| at + found) else {
                return if at_end {
                    Quoted::Unterminated
                } else {
                    Quoted::Partial
                };
            };
            match input.get(quote + 1) {
                Some(b'"') => {
                    self.unquoted.extend_from_slice(&input[segment..=quote]);
                    rewritten = true;
                    segment = quote + 2;
                    at = segment;
                }
                None if !at_end => return Quoted::Partial,
                _ => break quote,
            }
        };
        let Some(end) = field_end(input, close + 1, delimiter, at_end) else {
            return Quoted::Partial;
        };
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

enum Quoted {
    End(FieldEnd),
    Partial,
    Unterminated,
}

#[derive(Clone, Copy)]
struct FieldEnd {
    /// Where the field's bytes end.
    text: usize,
    /// Where the next field or record begins.
    next: usize,
    /// The line end, or `None` at a delimiter.
    terminator: Option<Terminator>,
}

/// The end of unquoted bytes that begin at `start`; `None` when more input is needed.
fn field_end(input: &[u8], start: usize, delimiter: u8, at_end: bool) -> Option<FieldEnd> {
    match memchr2(delimiter, b'\n', &input[start..]).map(|found| start + found) {
        Some(at) if input[at] == b'\n' => {
            let crlf = at > start && input[at - 1] == b'\r';
            let terminator = if crlf {
                Terminator::CrLf
            } else {
                Terminator::Lf
            };
            let text = at + 1 - terminator.len();
            Some(FieldEnd {
                text,
                next: at + 1,
                terminator: Some(terminator),
            })
        }
        Some(at) => Some(FieldEnd {
            text: at,
            next: at + 1,
            terminator: None,
        }),
        None if at_end => {
            let end = input.len();
            Some(FieldEnd {
                text: end,
                next: end,
                terminator: Some(Terminator::None),
            })
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(fields: &Fields, raw: &[u8]) -> Vec<Vec<u8>> {
        let text = |field: &Field| {
            let bytes = if field.rewritten {
                &fields.unquoted
            } else {
                raw
            };
            bytes[field.start as usize..field.end as usize].to_vec()
        };
        fields.fields.iter().map(text).collect()
    }

    /// Records as the csv crate reads them; it skips blank lines.
    fn reference(input: &[u8]) -> Vec<Vec<Vec<u8>>> {
        csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(input)
            .byte_records()
            .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
            .collect()
    }

    fn ours(mut input: &[u8]) -> (Vec<Vec<Vec<u8>>>, bool) {
        let (mut fields, mut records) = (Fields::default(), Vec::new());
        loop {
            match fields.split(input, b',', true, usize::MAX) {
                Split::Record { len, terminator } => {
                    if len > terminator.len() {
                        records.push(texts(&fields, &input[..len]));
                    }
                    input = &input[len..];
                }
                Split::Partial(_) => panic!("partial at the end"),
                Split::Unterminated(_) => return (records, true),
                Split::End => return (records, false),
            }
        }
    }

    fn input(alphabet: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(proptest::sample::select(alphabet), 0..40)
    }

    /// So many cases, or as many as `PROPTEST_CASES` says.
    fn at_least(cases: u32) -> ProptestConfig {
        let asked = ProptestConfig::default();
        ProptestConfig {
            cases: asked.cases.max(cases),
            ..asked
        }
    }

    proptest! {
        #![proptest_config(at_least(4096))]

        #[test]
        fn fields_are_those_of_the_csv_crate(input in input(b",,\"\"\"\nab1\xff\0")) {
            let (records, unterminated) = ours(&input);
            let mut expected = reference(&input);
            if unterminated {
                expected.pop();
            }
            prop_assert_eq!(records, expected);
        }

        #[test]
        fn a_prefix_is_partial_or_splits_the_same(
            input in input(b",,\"\"\n\r\na1"),
            cut in 0usize..40,
        ) {
            let cut = cut.min(input.len());
            let (mut whole, mut part) = (Fields::default(), Fields::default());
            let expected = whole.split(&input, b',', true, 3);
            match part.split(&input[..cut], b',', false, 3) {
                Split::Partial(open) => {
                    prop_assert!(open.start <= cut);
                    if let Split::Record { len, .. } = expected {
                        prop_assert!(len >= cut);
                    }
                }
                found => {
                    prop_assert_eq!(found, expected);
                    prop_assert_eq!(texts(&part, &input), texts(&whole, &input));
                    prop_assert_eq!(part.count, whole.count);
                }
            }
        }
    }
}
