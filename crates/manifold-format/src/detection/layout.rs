//! Finds what is header, preamble and comment.

use super::records::{Sampled, split};
use super::score::usual_width;
use super::{Asked, Decisions, Remembered, records};
use crate::count::Count;
use crate::date;
use crate::mender::Mender;
use crate::number::{self, Number};
use crate::options::CsvOptions;
use crate::syntax::Syntax;

/// A preamble has at most this many records.
const LONGEST_PREAMBLE: usize = 50;

/// At most this many records name the columns.
const MOST_HEADERS: usize = 4;

/// So many rows say what the cells of a column are.
const ROWS: usize = 100;

/// Where the first so many lines of `text` end.
pub(crate) fn skipped(text: &[u8], lines: u64) -> usize {
    let ends = memchr::memchr_iter(b'\n', text).map(|at| at + 1);
    let lines = usize::try_from(lines).unwrap_or(usize::MAX);
    match lines.checked_sub(1) {
        None => 0,
        Some(before) => ends.clone().nth(before).unwrap_or(text.len()),
    }
}

/// Completes `options` by what stands before the rows.
pub(crate) fn find(
    text: &[u8],
    at_end: bool,
    asked: &Asked,
    remembered: Option<&Remembered>,
    options: &mut CsvOptions,
    decisions: &mut Decisions,
) {
    let (all, _) = split(text, at_end, &options.syntax);
    options.skip_lines = asked.skip_lines.unwrap_or(0);
    options.comment = comment(text, &all, asked, decisions)
        .or_else(|| remembered.filter(|_| asked.comment.is_none())?.comment);
    let mut body: Vec<&Sampled> = all
        .iter()
        .filter(|record| !record.is_blank() && text.get(record.start) != options.comment.as_ref())
        .collect();
    if options.comment.is_none() {
        body = all.iter().filter(|record| !record.is_blank()).collect();
    }
    let Some(first) = body.first() else {
        options.header_rows = asked.header_rows.unwrap_or(1);
        return;
    };
    let mut table = Table::new(text, &body, options.syntax);
    let usual = body.iter().filter(|r| r.width == table.width).count();
    let is_title = first.width == 1 && body.len() > 1 && table.header_at(1).is_header();
    if usual < 3 && first.width != table.width && !is_title {
        table.width = first.width;
    }
    let start = match asked.skip_lines {
        Some(lines) => {
            decisions.asked("skip_lines", lines.to_string());
            0
        }
        None => table.start(),
    };
    if start > 0 {
        options.skip_lines = options.syntax.count_lines(&text[..body[start].start]);
        let lines = Count(options.skip_lines, "line");
        let found = options.skip_lines.to_string();
        let why = format!("{lines} before a record of {} cells", table.width);
        decisions.add("skip_lines", found, why, 0.8);
    }
    let judged = table.header_at(start);
    let header_rows = match (asked.header_rows, remembered) {
        (Some(rows), _) => rows,
        // Of what nothing tells, what it was before is the best guess.
        (None, Some(before)) if !(judged.is_row() || judged.is_header()) => before.header_rows,
        _ if judged.is_row() => 0,
        _ => table.header_rows(start),
    };
    explain_header(header_rows, &judged, asked, decisions);
    options.header_rows = header_rows;
    let named = body.get(start).map_or(table.width, |record| record.width);
    let is_wider = body.get(start).is_some_and(|record| table.is_wider(record));
    if named != table.width && header_rows > 0 && !is_wider {
        options.columns = Some(table.width);
        let why = format!(
            "most records have {} cells, the header {named}",
            table.width
        );
        decisions.add("columns", table.width.to_string(), why, 0.8);
    }
}

fn explain_header(rows: usize, judged: &Judged, asked: &Asked, decisions: &mut Decisions) {
    if asked.header_rows.is_some() {
        decisions.asked("header", rows.to_string());
        return;
    }
    let typed = Count(judged.typed as u64, "column");
    let (why, sure) = match (rows, judged.typed) {
        (0, _) => (
            format!("the first record fits {typed} that are no text"),
            0.85,
        ),
        (2.., _) => (format!("{rows} records name the columns"), 0.8),
        (_, 0) => (
            "nothing tells the first record from the others".to_owned(),
            0.5,
        ),
        _ if judged.is_header() => (
            format!("the first record is text in {typed} that are not"),
            0.95,
        ),
        _ => ("the first record fits some columns only".to_owned(), 0.6),
    };
    decisions.add("header", rows.to_string(), why, sure);
}

/// `#` begins comments where lines that begin with it have other numbers of fields than the table.
fn comment(text: &[u8], all: &[Sampled], asked: &Asked, decisions: &mut Decisions) -> Option<u8> {
    if let Some(comment) = asked.comment {
        decisions.asked("comment", super::quote_shown(comment));
        return comment;
    }
    let begins = |record: &&Sampled| text.get(record.start) == Some(&b'#');
    let hashed: Vec<_> = all.iter().filter(begins).collect();
    let others: Vec<_> = all.iter().filter(|r| !begins(r) && !r.is_blank()).collect();
    let width = usual_width(&others);
    let is_comment = width > 1
        && !hashed.is_empty()
        && others.len() > 1
        && hashed.iter().all(|record| record.width != width);
    if !is_comment {
        return None;
    }
    let why = format!(
        "{} with it at the start and not the {width} cells of the table",
        records(hashed.len())
    );
    decisions.add("comment", "#", why, 0.8);
    Some(b'#')
}

struct Table<'a> {
    text: &'a [u8],
    body: &'a [&'a Sampled],
    syntax: Syntax,
    width: usize,
}

/// How a record compares with the rows behind it.
struct Judged {
    /// Columns whose cells are of one kind that is not text, and of which the record has a cell.
    typed: usize,
    /// Of these, the ones in which the record's cell is of that kind.
    fitting: usize,
    /// The fitting cells are years, and those of the rows are not all.
    years: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Empty,
    Number,
    Temporal,
    Text,
}

impl Judged {
    fn is_row(&self) -> bool {
        self.typed > 0 && self.fitting == self.typed && !self.years
    }

    fn is_header(&self) -> bool {
        self.typed > 0 && 2 * self.fitting <= self.typed
    }
}

impl<'a> Table<'a> {
    fn new(text: &'a [u8], body: &'a [&'a Sampled], syntax: Syntax) -> Self {
        Self {
            text,
            body,
            syntax,
            width: usual_width(body),
        }
    }

    /// The index of the first record of the table.
    fn start(&self) -> usize {
        let last = self.body.len().saturating_sub(1).min(LONGEST_PREAMBLE);
        for index in 0..last {
            let record = self.body[index];
            let behind = &self.body[index + 1..];
            if record.width == self.width {
                let is_title = self.width > 2 && record.filled() <= 1;
                let full = behind
                    .iter()
                    .filter(|r| r.width == self.width && r.filled() > 1);
                if !is_title || 2 * full.count() <= behind.len() {
                    return index;
                }
                continue;
            }
            let Some(next) = behind.iter().position(|r| r.width == self.width) else {
                return 0;
            };
            if self.is_wider(record) {
                return index;
            }
            if self.header_at(index + 1 + next).is_header() {
                continue;
            }
            let is_near = record.width.abs_diff(self.width) <= 1 && record.filled() > 1;
            if is_near || self.mends(record) {
                return index;
            }
        }
        // The first record of the right width, or none: then the first of all.
        let is_table = |record: &&Sampled| {
            record.width == self.width && (self.width < 3 || record.filled() > 1)
        };
        self.body.iter().position(is_table).unwrap_or(0)
    }

    /// Whether a record names more columns than most rows fill, and not because a quote in it reached into the next one.
    fn is_wider(&self, record: &Sampled) -> bool {
        record.filled() > self.width && !record.irregular
    }

    fn mends(&self, record: &Sampled) -> bool {
        let raw = &self.text[record.start..record.start + record.len];
        let mender = Mender::header(self.syntax, self.width);
        self.width > 1 && mender.mend_header(raw, true).is_some()
    }

    /// How many records from `start` on name the columns, if the first does.
    fn header_rows(&self, start: usize) -> usize {
        let header = self.body[start];
        let mut rows = 1;
        while rows < MOST_HEADERS && self.width > 1 {
            let Some(next) = self
                .body
                .get(start + rows)
                .filter(|r| r.width == self.width)
            else {
                break;
            };
            let texts = header.cells.iter().zip(&next.cells);
            let repeats =
                header.width == self.width && texts.clone().all(|(a, b)| a.text == b.text);
            let judged = self.header_at(start + rows);
            let is_filled = next.cells.iter().all(|cell| {
                !cell.text.is_empty()
                    && cell.text.iter().any(u8::is_ascii_alphabetic)
                    && !is_null(&cell.text)
            });
            let behind = self.body.len() - start - rows;
            let is_text = judged.typed > 1 && judged.fitting == 0 && is_filled && behind > 5;
            if !(repeats || is_text) {
                break;
            }
            rows += 1;
        }
        rows
    }

    /// How the record at `index` compares with the rows behind it.
    fn header_at(&self, index: usize) -> Judged {
        let mut judged = Judged {
            typed: 0,
            fitting: 0,
            years: true,
        };
        let Some(record) = self.body.get(index) else {
            return judged;
        };
        let rows: Vec<_> = self.body[index + 1..]
            .iter()
            .filter(|row| row.width == self.width)
            .take(ROWS)
            .collect();
        for (column, cell) in record.cells.iter().enumerate().take(self.width) {
            let cells = || rows.iter().filter_map(|row| row.cells.get(column));
            let of = |kind: Kind| cells().filter(|cell| self.kind(&cell.text) == kind).count();
            let (numbers, times, empty) = (of(Kind::Number), of(Kind::Temporal), of(Kind::Empty));
            let filled = cells().count() - empty;
            let typed = match filled {
                0 => continue,
                _ if 5 * numbers >= 4 * filled => Kind::Number,
                _ if 5 * times >= 4 * filled => Kind::Temporal,
                _ => continue,
            };
            let kind = self.kind(&cell.text);
            if kind == Kind::Empty {
                continue;
            }
            judged.typed += 1;
            if kind == typed {
                judged.fitting += 1;
                judged.years &= is_year(&cell.text) && !cells().all(|cell| is_year(&cell.text));
            }
        }
        judged.years &= judged.fitting > 0;
        judged
    }

    fn kind(&self, cell: &[u8]) -> Kind {
        if cell.is_empty() {
            return Kind::Empty;
        }
        if date::scan(cell).is_some() {
            return Kind::Temporal;
        }
        let signs = b",.-+ %";
        let is_amount = cell.iter().any(u8::is_ascii_digit)
            && cell.iter().all(|byte| {
                byte.is_ascii_digit() || signs.contains(byte) || *byte == b'$' || *byte >= 0x80
            });
        if number::scan(cell) != Number::Other || is_amount {
            return Kind::Number;
        }
        Kind::Text
    }
}

fn is_year(cell: &[u8]) -> bool {
    cell.len() == 4 && (cell.starts_with(b"19") || cell.starts_with(b"20"))
}

fn is_null(cell: &[u8]) -> bool {
    [&b"na"[..], b"n/a", b"null", b"none", b"nan", b"nil"]
        .iter()
        .any(|null| cell.eq_ignore_ascii_case(null))
}
