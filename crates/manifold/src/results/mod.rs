//! Rows on stdout: as a table for people, as CSV, as one JSON document, or as JSON Lines.

mod csv;
mod json;
mod jsonl;
mod stored;
mod table;
mod value;

use std::io::Write;

use clap::ValueEnum;
use manifold_format::Value;
use serde_json::{Map, Value as Json};

use crate::output::{Output, OutputError};

pub(crate) use self::jsonl::unique;
pub(crate) use self::stored::{StoredCells, iso_date};
pub(crate) use self::value::JsonValue;

/// Where bytes go; buffered.
pub(crate) type Sink = Box<dyn Write + Send>;

/// Rows of a table, if nobody says how many.
const TABLE_ROWS: u64 = 200;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// RFC 4180: NULL is an empty cell, empty text is ""
    Csv,
    /// One JSON document
    Json,
    /// A JSON object on each line
    Jsonl,
}

impl Format {
    /// What was asked for: by `--format`, else by `--json`, else a table.
    pub(crate) fn chosen(wanted: Option<Self>, output: Output) -> Self {
        wanted.unwrap_or(if output.json { Self::Json } else { Self::Table })
    }

    /// How many rows to write: as many as asked for, else all, but not in a table, which is held in memory.
    pub(crate) fn limit(self, wanted: Option<u64>) -> Option<u64> {
        wanted.or((self == Self::Table).then_some(TABLE_ROWS))
    }

    /// Whether cells are shown as their text, and not as numbers.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Table | Self::Csv)
    }
}

/// A column of a result.
#[derive(Debug, Clone)]
pub(crate) struct Heading {
    /// Its name; need not be unique.
    pub(crate) name: String,
    /// Its type, where it is known.
    pub(crate) kind: Option<String>,
}

/// What a JSON document says of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    /// Their names.
    Names,
    /// Their names and types.
    NamesAndTypes,
}

/// Writes rows as they come. Nothing stands on stdout before the first row, so that what fails before it
/// leaves stdout empty.
pub(crate) trait RowWriter: Send {
    /// The columns, once, first.
    fn columns(&mut self, columns: Vec<Heading>) -> Result<(), OutputError>;

    /// A row of as many values.
    fn row(&mut self, values: &[Value<'_>]) -> Result<(), OutputError>;

    /// The end. A JSON document gets the further fields `trailer`.
    fn finish(self: Box<Self>, trailer: Map<String, Json>) -> Result<(), OutputError>;
}

/// A writer to `out`; a table goes to stdout.
pub(crate) fn writer(format: Format, columns: Columns, out: Sink) -> Box<dyn RowWriter> {
    match format {
        Format::Table => Box::new(table::TableWriter::default()),
        Format::Csv => Box::new(csv::CsvRows::new(out)),
        Format::Json => Box::new(json::JsonWriter::new(out, columns)),
        Format::Jsonl => Box::new(jsonl::JsonLinesWriter::new(out)),
    }
}
