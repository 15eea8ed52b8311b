//! JSON values as slices of the bytes they are written in: checked once, then walked without copying.
//!
//! No JSON crate keeps what an import may not lose: all digits of numbers, the bytes of values that stay JSON, lone
//! surrogates, and that a key occurs twice.

use super::problem::JsonProblem;
use std::borrow::Cow;
use std::collections::HashSet;

/// How deep objects and arrays may be nested in a record.
pub(super) const MOST_DEPTH: usize = 128;

/// A problem, behind so many bytes.
pub(crate) type Fault = (JsonProblem, usize);

/// Checks that `text` is one JSON value with nothing behind it but blanks. Beyond the standard, `NaN`, `Infinity` and
/// control characters in strings pass: they are data that somebody has.
pub(super) fn check(text: &[u8]) -> Result<(), Fault> {
    let mut checker = Checker { text, at: 0 };
    checker.blanks();
    checker.value(0)?;
    checker.blanks();
    if checker.at == text.len() {
        Ok(())
    } else {
        Err((JsonProblem::Trailing, checker.at))
    }
}

struct Checker<'a> {
    text: &'a [u8],
    at: usize,
}

impl Checker<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        self.at += blanks(&self.text[self.at..]);
    }

    fn fault<T>(&self, expected: &'static str) -> Result<T, Fault> {
        let problem = if self.at >= self.text.len() {
            JsonProblem::Truncated
        } else {
            JsonProblem::Unexpected { expected }
        };
        Err((problem, self.at))
    }

    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        match self.peek() {
            Some(b'{' | b'[') if depth == MOST_DEPTH => {
                Err((JsonProblem::TooDeep { limit: MOST_DEPTH }, self.at))
            }
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => self.string(),
            _ => self.scalar(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Fault> {
        let start = self.at;
        let mut keys = Keys::default();
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return self.fault("a key in double quotes");
            }
            let key = self.at;
            self.string()?;
            let text = self.text;
            if !keys.insert(unescaped(&text[key..self.at])) {
                return Err((JsonProblem::DuplicateKey, key));
            }
            self.blanks();
            if self.peek() != Some(b':') {
                return self.fault("`:` behind a key");
            }
            self.at += 1;
            self.blanks();
            self.value(depth)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                None => return Err((JsonProblem::Truncated, start)),
                _ => return self.fault("`,` or `}` behind a member"),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.blanks();
            self.value(depth)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.fault("`,` or `]` behind an element"),
            }
        }
    }

    fn string(&mut self) -> Result<(), Fault> {
        self.at += 1;
        loop {
            let rest = &self.text[self.at..];
            let Some(found) = memchr::memchr2(b'"', b'\\', rest) else {
                return Err((JsonProblem::Truncated, self.at));
            };
            self.at += found + 1;
            if rest[found] == b'"' {
                return Ok(());
            }
            match self.peek() {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                Some(b'u') => {
                    let digits = self.text.get(self.at + 1..self.at + 5);
                    if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                        return self.fault("four hexadecimal digits behind `\\u`");
                    }
                    self.at += 5;
                }
                _ => return self.fault("an escape that JSON knows behind `\\`"),
            }
        }
    }

    fn scalar(&mut self) -> Result<(), Fault> {
        let rest = &self.text[self.at..];
        let length = scalar_length(rest);
        let is_known = matches!(
            &rest[..length],
            b"true" | b"false" | b"null" | b"NaN" | b"Infinity" | b"-Infinity"
        );
        if is_known || is_number(&rest[..length]) {
            self.at += length;
            Ok(())
        } else {
            self.fault("a value")
        }
    }
}

/// The keys of an object, for finding one that is there twice.
#[derive(Default)]
struct Keys<'a> {
    few: Vec<Cow<'a, [u8]>>,
    many: HashSet<Cow<'a, [u8]>>,
}

impl<'a> Keys<'a> {
    fn insert(&mut self, key: Cow<'a, [u8]>) -> bool {
        const FEW: usize = 16;
        if self.few.len() < FEW {
            let is_new = !self.few.contains(&key);
            self.few.push(key);
            return is_new;
        }
        !self.few.contains(&key) && self.many.insert(key)
    }
}

fn is_number(text: &[u8]) -> bool {
    let digits = |from: usize| {
        text[from..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || whole > 1 && text[at] == b'0' {
        return false;
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return false;
        }
        at += 1 + fraction;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at.min(text.len()));
        if exponent == 0 {
            return false;
        }
        at += exponent;
    }
    at == text.len()
}

/// The length of the blanks at the start.
pub(super) fn blanks(text: &[u8]) -> usize {
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    text.iter().take_while(is_blank).count()
}

fn scalar_length(text: &[u8]) -> usize {
    let ends = |byte: &u8| {
        matches!(
            byte,
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b']' | b'}' | b':'
        )
    };
    text.iter().position(ends).unwrap_or(text.len())
}

/// The length of the string at the start, with its quotes.
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = text
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
    {
        at += found + 1;
        if text[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// The length of the value at the start, which was [checked](check).
fn length(text: &[u8]) -> usize {
    match text.first() {
        Some(b'"') => string_length(text),
        Some(b'{' | b'[') => {
            let (mut at, mut depth) = (0, 0_usize);
            while let Some(byte) = text.get(at) {
                match byte {
                    b'"' => at += string_length(&text[at..]) - 1,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    break;
                }
            }
            at
        }
        _ => scalar_length(text),
    }
}

/// The members of a checked object: their keys as they are written, with quotes, and their values.
pub(super) fn members(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut at = 1;
    std::iter::from_fn(move || {
        at += blanks(&object[at..]);
        if object[at] == b',' {
            at += 1 + blanks(&object[at + 1..]);
        }
        if object[at] == b'}' {
            return None;
        }
        let key = &object[at..at + string_length(&object[at..])];
        at += key.len();
        at += blanks(&object[at..]) + 1;
        at += blanks(&object[at..]);
        let value = &object[at..at + length(&object[at..])];
        at += value.len();
        Some((key, value))
    })
}

/// The elements of a checked array.
pub(super) fn elements(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 1;
    std::iter::from_fn(move || {
        at += blanks(&array[at..]);
        if array[at] == b',' {
            at += 1 + blanks(&array[at + 1..]);
        }
        if array[at] == b']' {
            return None;
        }
        let value = &array[at..at + length(&array[at..])];
        at += value.len();
        Some(value)
    })
}

/// The text of a checked string. A lone surrogate becomes the three bytes that UTF-8 would have for it (WTF-8), which is
/// not valid UTF-8, so that the cell stays a blob and nothing is lost.
pub(super) fn unescaped(string: &[u8]) -> Cow<'_, [u8]> {
    let inner = &string[1..string.len() - 1];
    let Some(first) = memchr::memchr(b'\\', inner) else {
        return Cow::Borrowed(inner);
    };
    let mut out = Vec::with_capacity(inner.len());
    out.extend_from_slice(&inner[..first]);
    let mut at = first;
    while let Some(&byte) = inner.get(at) {
        if byte != b'\\' {
            out.push(byte);
            at += 1;
            continue;
        }
        at += 2;
        match inner[at - 1] {
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let high = unit(&inner[at..]);
                at += 4;
                let low = match inner.get(at..at + 2) {
                    Some(b"\\u") if (0xd800..0xdc00).contains(&high) => {
                        Some(unit(&inner[at + 2..])).filter(|low| (0xdc00..0xe000).contains(low))
                    }
                    _ => None,
                };
                if let Some(low) = low {
                    at += 6;
                    push(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), &mut out);
                } else {
                    push(high, &mut out);
                }
            }
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// The number in four hexadecimal digits.
fn unit(digits: &[u8]) -> u32 {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0);
    digits
        .iter()
        .take(4)
        .fold(0, |unit, byte| unit << 4 | digit(byte))
}

fn push(code: u32, out: &mut Vec<u8>) {
    match char::from_u32(code) {
        Some(character) => {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        None => out.extend(
            [
                0xe0 | code >> 12,
                0x80 | code >> 6 & 0x3f,
                0x80 | code & 0x3f,
            ]
            .map(|b| b as u8),
        ),
    }
}

/// The length of the JSON value at the start.
///
/// # Errors
/// What is wrong with it, and behind how many bytes.
pub(crate) fn first_value(text: &[u8]) -> Result<usize, Fault> {
    let mut checker = Checker { text, at: 0 };
    checker.value(0).map(|()| checker.at)
}
