//! Finds out how a delimited file is to be read, from its beginning.

mod charset;
mod explanation;
mod layout;
mod records;
mod score;

use crate::count::Count;
use crate::options::CsvOptions;
use crate::syntax::{Escape, Syntax};
use crate::text_encoding::TextEncoding;
use serde::{Deserialize, Serialize};

pub(crate) use charset::{Chardetng, find_encoding};

/// What is asked of how a file is read. What is not asked (`None`) is found in its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The encoding of its characters.
    pub encoding: Option<TextEncoding>,
    /// Between cells: one ASCII byte.
    pub delimiter: Option<u8>,
    /// Around cells; `Some(None)`: nothing is quoted.
    pub quote: Option<Option<u8>>,
    /// How a quoted cell contains a quote.
    pub escape: Option<Escape>,
    /// Records that name the columns.
    pub header_rows: Option<usize>,
    /// Lines before the header.
    pub skip_lines: Option<u64>,
    /// The byte that begins comment lines; `Some(None)`: there are none.
    pub comment: Option<Option<u8>>,
    /// How an earlier file of the same kind was read. It is read so again unless it cannot be.
    pub remembered: Option<Remembered>,
}

/// How a file was read, as far as another of the same kind can be read so too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The characters that structure it.
    pub syntax: Syntax,
    /// How its characters are written as bytes.
    pub encoding: TextEncoding,
    /// The byte that begins comment lines.
    #[serde(default)]
    pub comment: Option<u8>,
    /// Records that name the columns.
    pub header_rows: usize,
}

/// Why a file is read in this way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What was decided: `encoding`, `delimiter`, `quote`, `escape`, `line_end`, `skip_lines`,
    /// `comment`, `header` or `remembered`.
    pub what: String,
    /// What it is, as the option to ask for it takes it.
    pub found: String,
    /// What in the file says so.
    pub why: String,
    /// How sure it is in percent; 100 for what was asked.
    pub sure: u8,
}

/// How many bytes of text are looked at.
pub(crate) const SAMPLE: usize = 64 * 1024;

/// Decisions as they are made.
#[derive(Default)]
pub(crate) struct Decisions(pub(crate) Vec<Decision>);

impl Decisions {
    pub(crate) fn add(
        &mut self,
        what: &str,
        found: impl Into<String>,
        why: impl Into<String>,
        sure: f64,
    ) {
        self.0.push(Decision {
            what: what.to_owned(),
            found: found.into(),
            why: why.into(),
            sure: (sure.clamp(0.0, 1.0) * 100.0).round() as u8,
        });
    }

    fn asked(&mut self, what: &str, found: impl Into<String>) {
        self.add(what, found, "asked", 1.0);
    }
}

/// Completes `options` by what the beginning of the text, from its first byte on, says; `at_end`:
/// nothing follows it.
pub(crate) fn find_dialect(
    text: &[u8],
    at_end: bool,
    asked: &Asked,
    options: &mut CsvOptions,
    decisions: &mut Decisions,
) {
    let text = text
        .strip_prefix(crate::header::BYTE_ORDER_MARK)
        .unwrap_or(text);
    let (text, at_end) = match text.get(..SAMPLE) {
        Some(start) => (start, at_end && text.len() == SAMPLE),
        None => (text, at_end),
    };
    let body = &text[layout::skipped(text, asked.skip_lines.unwrap_or(0))..];
    let found = score::find_syntax(body, at_end, asked);
    let remembered = asked.remembered.filter(|remembered| {
        let (kept, why, sure) = explanation::still_fits(body, at_end, remembered, &found, asked);
        decisions.add("remembered", if kept { "kept" } else { "left" }, why, sure);
        kept
    });
    match remembered {
        Some(remembered) => options.syntax = remembered.syntax,
        None => options.syntax = found.best.syntax,
    }
    options.syntax = score::as_asked(options.syntax, asked);
    found.explain(&options.syntax, asked, decisions);
    layout::find(body, at_end, asked, remembered.as_ref(), options, decisions);
}

/// A byte as the command line takes it.
pub(crate) fn shown(byte: u8) -> String {
    match byte {
        b'\t' => "tab".to_owned(),
        b' ' => "space".to_owned(),
        0x21..0x7f => char::from(byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    }
}

fn quote_shown(quote: Option<u8>) -> String {
    quote.map_or_else(|| "none".to_owned(), shown)
}

fn percent(part: usize, whole: usize) -> String {
    format!("{} %", 100 * part / whole.max(1))
}

fn records(count: usize) -> Count {
    Count(count as u64, "record")
}
