//! Tries ways to split a sample and keeps the one that makes the most sense of it.

use super::Asked;
use super::records::{Sampled, SampledCell, split};
use crate::date;
use crate::number::{self, Number};
use crate::syntax::{Escape, Syntax};
use std::collections::HashMap;

/// What may stand between cells, and how likely it is to when all else is equal: spaces and colons
/// are in most texts anyway.
const DELIMITERS: [(u8, f64); 11] = [
    (b',', 1.0),
    (b';', 1.0),
    (b'\t', 1.0),
    (b'|', 0.98),
    (0x1f, 0.98),
    (0x01, 0.98),
    (b'^', 0.9),
    (b'~', 0.9),
    (b'&', 0.6),
    (b' ', 0.45),
    (b':', 0.3),
];

/// How likely it is that there is nothing between cells, because there is one column.
const SINGLE: f64 = 0.85;

/// A way to split the sample.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    pub(crate) syntax: Syntax,
    pub(crate) score: f64,
    /// The most frequent number of fields.
    pub(crate) width: usize,
    /// Records with so many fields, of how many.
    pub(crate) regular: usize,
    pub(crate) records: usize,
    /// The fewest and the most fields.
    pub(crate) range: (usize, usize),
    /// Quoted fields, and fields with quotes where none should be.
    pub(crate) quoted: usize,
    pub(crate) misquoted: usize,
    /// Records with escaped quotes, and nothing odd about their quotes.
    escaped: usize,
}

/// What was tried.
pub(crate) struct Found {
    pub(crate) best: Trial,
    /// The best with another delimiter.
    pub(crate) runner_up: Option<Trial>,
    /// Line ends of the sample: LF, CRLF, CR.
    pub(crate) line_ends: [usize; 3],
}

/// Tries all delimiters, quotes, escapes and line ends that the sample could have.
pub(crate) fn find_syntax(text: &[u8], at_end: bool, asked: &Asked) -> Found {
    let line_ends = count_line_ends(text);
    let [lf, crlf, cr] = line_ends;
    let returns: &[bool] = match (lf + crlf, cr) {
        (_, 0) => &[false],
        (0, _) => &[true],
        _ => &[false, true],
    };
    let mut present: Vec<(u8, f64)> = DELIMITERS.to_vec();
    if let Some(delimiter) = asked.delimiter {
        present = vec![(delimiter, 1.0)];
    } else {
        present.retain(|(delimiter, _)| memchr::memchr(*delimiter, text).is_some());
    }
    let mut trials = Vec::new();
    for returns in returns {
        for quote in quotes(text, asked) {
            for (delimiter, prior) in &present {
                for delimiter_space in spaces(text, *delimiter) {
                    let syntax = Syntax {
                        delimiter: *delimiter,
                        delimiter_space,
                        quote,
                        escape: Escape::Doubled,
                        returns: *returns,
                    };
                    if syntax.unusable().is_none() {
                        trials.push(with_best_escape(text, at_end, syntax, *prior, asked));
                    }
                }
            }
            let delimiter = asked.delimiter.unwrap_or(b',');
            let syntax = Syntax {
                delimiter,
                quote,
                returns: *returns,
                ..Syntax::default()
            };
            if syntax.unusable().is_none() {
                trials.push(single(text, at_end, syntax));
            }
        }
    }
    let mut trials = trials.into_iter();
    let first = trials
        .next()
        .unwrap_or_else(|| single(text, at_end, Syntax::default()));
    let (mut best, mut others) = (first, Vec::new());
    for trial in trials {
        if trial.score > best.score {
            others.push(std::mem::replace(&mut best, trial));
        } else {
            others.push(trial);
        }
    }
    let runner_up = others
        .into_iter()
        .filter(|other| other.syntax.delimiter != best.syntax.delimiter && other.width > 1)
        .max_by(|a, b| a.score.total_cmp(&b.score));
    Found {
        best,
        runner_up,
        line_ends,
    }
}

/// The quotes to try: what was asked, else `"`, and `'` and none where they could be.
fn quotes(text: &[u8], asked: &Asked) -> Vec<Option<u8>> {
    if let Some(quote) = asked.quote {
        return vec![quote];
    }
    let mut quotes = vec![Some(b'"')];
    let opens_field = |pair: &[u8]| pair[1] == b'\'' && !pair[0].is_ascii_alphanumeric();
    if text.first() == Some(&b'\'') || text.windows(2).any(opens_field) {
        quotes.push(Some(b'\''));
    }
    let mut lines = text.split(|byte| *byte == b'\n' || *byte == b'\r');
    let mut quotes_line = || lines.any(|line| memchr::memchr(b'"', line).is_some());
    // A single one is more likely a fault than data.
    if quotes_line() && quotes_line() {
        quotes.push(None);
    }
    quotes
}

/// Whether to try the delimiter with a space behind it: where it mostly has one.
fn spaces(text: &[u8], delimiter: u8) -> Vec<bool> {
    if delimiter == b' ' || delimiter == b'\t' {
        return vec![false];
    }
    let (mut all, mut spaced) = (0, 0);
    for at in memchr::memchr_iter(delimiter, text) {
        all += 1;
        spaced += usize::from(text.get(at + 1) == Some(&b' '));
    }
    if 2 * spaced > all {
        vec![false, true]
    } else {
        vec![false]
    }
}

fn with_best_escape(text: &[u8], at_end: bool, syntax: Syntax, prior: f64, asked: &Asked) -> Trial {
    let doubled = Trial::of(text, at_end, syntax, prior);
    let Some(quote) = syntax.quote else {
        return doubled;
    };
    let escapes: &[Escape] = match asked.escape {
        Some(Escape::Doubled) => &[],
        Some(Escape::Backslash) => &[Escape::Backslash],
        Some(Escape::None) => &[Escape::None],
        Some(Escape::DoubleQuotes) => &[Escape::DoubleQuotes],
        None if doubled.misquoted == 0 && doubled.quoted == 0 => &[],
        None => &[Escape::Backslash, Escape::None],
    };
    let mut best = doubled;
    for escape in escapes {
        let escaped_quote = [b'\\', quote];
        if *escape == Escape::Backslash
            && memchr::memmem::find(text, &escaped_quote).is_none()
            && asked.escape.is_none()
        {
            continue;
        }
        // Where doubled quotes are read well, a few odd ones are faults.
        if *escape == Escape::None && asked.escape.is_none() && best.escaped >= best.misquoted {
            continue;
        }
        let trial = Trial::of(
            text,
            at_end,
            Syntax {
                escape: *escape,
                ..syntax
            },
            prior,
        );
        if asked.escape.is_some() || trial.score > best.score {
            best = trial;
        }
    }
    if best.syntax.escape == Escape::None && asked.escape.is_none() && doubles_quotes(text, quote) {
        best.syntax.escape = Escape::DoubleQuotes;
    }
    best
}

/// Whether `"` is not the quote, and is there always twice.
fn doubles_quotes(text: &[u8], quote: u8) -> bool {
    let pairs = memchr::memmem::find_iter(text, b"\"\"").count();
    let all = memchr::memchr_iter(b'"', text).count();
    quote != b'"' && pairs > 1 && 2 * pairs == all
}

/// The sample as one column.
fn single(text: &[u8], at_end: bool, syntax: Syntax) -> Trial {
    let trial = Trial::of(text, at_end, syntax, 1.0);
    let lines: Vec<&[u8]> = text
        .split(|byte| *byte == b'\n' || *byte == b'\r' && syntax.returns)
        .filter(|line| !line.is_empty())
        .collect();
    let sense: f64 = lines
        .iter()
        .map(|line| {
            let text = line.strip_suffix(b"\r").unwrap_or(line);
            sense(text, false, &syntax)
        })
        .sum();
    let score = SINGLE * quoting(&syntax, trial.quoted, trial.misquoted) * sense
        / lines.len().max(1) as f64;
    Trial {
        // Where the delimiter is in the text, one column it is not.
        score: if trial.width > 1 { score / 2.0 } else { score },
        ..trial
    }
}

impl Trial {
    pub(crate) fn of(text: &[u8], at_end: bool, syntax: Syntax, prior: f64) -> Self {
        let (sampled, unclosed) = split(text, at_end, &syntax);
        let body: Vec<&Sampled> = sampled.iter().filter(|record| !record.is_blank()).collect();
        let width = usual_width(&body);
        // What stands before the table does not count against it.
        let first = body.iter().position(|record| record.width == width);
        let body = &body[first.unwrap_or(0)..];
        let regular = body.iter().filter(|record| record.width == width).count();
        let (mut quoted, mut misquoted, mut escaped) = (0, 0, 0);
        let (mut sum, mut cells) = (0.0, 0);
        for record in body {
            misquoted += usize::from(record.irregular);
            escaped += usize::from(record.escapes && !record.irregular);
            for cell in &record.cells {
                quoted += usize::from(cell.quoted);
                misquoted += usize::from(!cell.quoted && is_misquoted(cell, &syntax));
                if record.width == width {
                    sum += sense(&cell.text, cell.quoted, &syntax);
                    cells += 1;
                }
            }
        }
        misquoted += usize::from(unclosed);
        let fraction = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        let uniform = fraction(regular, body.len()).powi(2);
        let score = if width < 2 || body.is_empty() {
            0.0
        } else {
            prior * uniform * quoting(&syntax, quoted, misquoted) * sum / f64::from(cells.max(1))
        };
        let widths = || body.iter().map(|record| record.width);
        Self {
            syntax,
            score,
            width,
            regular,
            records: body.len(),
            range: (widths().min().unwrap_or(0), widths().max().unwrap_or(0)),
            quoted,
            misquoted,
            escaped,
        }
    }
}

/// How well quotes stand where they should, from 0 to 1.
fn quoting(syntax: &Syntax, quoted: usize, misquoted: usize) -> f64 {
    match quoted + misquoted {
        // Quotes as data are unlikely, but not as unlikely as quotes where they cannot be.
        0 if syntax.quote.is_none() => 0.3,
        0 => 1.0,
        all => 0.02 + 0.98 * (quoted as f64 / all as f64).powi(2),
    }
}

/// The most frequent number of fields; of equally frequent ones that of the first record.
pub(crate) fn usual_width(records: &[&Sampled]) -> usize {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for record in records {
        *counts.entry(record.width).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(0);
    let usual = |record: &&&Sampled| counts.get(&record.width) == Some(&most);
    records.iter().find(usual).map_or(1, |record| record.width)
}

fn is_misquoted(cell: &SampledCell, syntax: &Syntax) -> bool {
    match syntax.quote {
        Some(b'\'') => {
            let ends = cell.text.starts_with(b"'") || cell.text.ends_with(b"'");
            ends || memchr::memchr(b'"', &cell.text).is_some()
        }
        Some(quote) => memchr::memchr(quote, &cell.text).is_some(),
        // A cell in quotes is no data.
        None => cell.text.len() > 1 && cell.text.starts_with(b"\"") && cell.text.ends_with(b"\""),
    }
}

/// How much sense a cell makes by itself, from 0 to 1.
fn sense(cell: &[u8], quoted: bool, syntax: &Syntax) -> f64 {
    if cell.is_empty() {
        return 0.6;
    }
    if quoted {
        return 0.95;
    }
    if number::scan(cell) != Number::Other || date::scan(cell).is_some() {
        return 1.0;
    }
    let is_digit_like = |byte: &u8| byte.is_ascii_digit() || b",.-+%".contains(byte);
    if cell.iter().all(is_digit_like) && syntax.delimiter != b',' {
        return 1.0; // a decimal comma
    }
    let other = |byte: &u8| *byte != syntax.delimiter && b",;|\t".contains(byte);
    if cell.iter().any(other) {
        return 0.2;
    }
    let is_number = |part: &[u8]| number::scan(part) != Number::Other;
    if cell.contains(&b' ') && cell.split(|byte| *byte == b' ').all(is_number) {
        return 0.3;
    }
    if cell.first() == Some(&b' ') || cell.last() == Some(&b' ') {
        return 0.5;
    }
    let colons = memchr::memchr_iter(b':', cell).count();
    match (cell.contains(&b' '), colons) {
        (true, _) => 0.8,
        (false, 0) => 0.95,
        (false, 1) => 0.6,
        (false, _) => 0.3,
    }
}

fn count_line_ends(text: &[u8]) -> [usize; 3] {
    let mut counts = [0; 3];
    for at in memchr::memchr2_iter(b'\n', b'\r', text) {
        match (text[at], at.checked_sub(1).map(|before| text[before])) {
            (b'\n', Some(b'\r')) => counts[1] += 1,
            (b'\n', _) => counts[0] += 1,
            _ if text.get(at + 1) == Some(&b'\n')
                || at + 1 == text.len() && counts[2] == 0 && counts[0] + counts[1] > 0 => {}
            _ => counts[2] += 1,
        }
    }
    counts
}

/// The syntax with what was asked.
pub(crate) fn as_asked(syntax: Syntax, asked: &Asked) -> Syntax {
    Syntax {
        delimiter: asked.delimiter.unwrap_or(syntax.delimiter),
        quote: asked.quote.unwrap_or(syntax.quote),
        escape: asked.escape.unwrap_or(syntax.escape),
        ..syntax
    }
}
