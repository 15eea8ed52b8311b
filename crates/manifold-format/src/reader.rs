//! What the reader of every format offers.

use crate::column::Column;
use crate::detection::Decision;
use crate::encoding::Encoding;
use crate::error::ReadError;
use crate::item::Item;
use crate::record::Record;
use crate::verdict::Verdict;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// An input whose format is known: the tables in it, and their rows one by one.
///
/// This is all that an import needs of a format. A format of one's own implements it and [`Rows`]; it fills a [`Record`]
/// by [`Record::begin`], [`Record::push`] and [`Record::reject`], and judges columns by [`crate::TableEvidence`].
pub trait Reader: Send {
    /// The name of the format, such as `json`.
    fn format(&self) -> &'static str;

    /// The tables, those that are referred to before those that refer to them.
    fn tables(&self) -> &[Table];

    /// Why the input is read as it is; shown before an import.
    fn decisions(&self) -> &[Decision] {
        &[]
    }

    /// How much of the input was read; it counts on while rows are read.
    fn progress(&self) -> ByteProgress {
        ByteProgress::default()
    }

    /// The rows of the table with this index, from the first one on. Each table is read once, in any order.
    ///
    /// # Errors
    /// [`ReadError`], also when the input has changed meanwhile.
    fn rows(&mut self, table: usize) -> Result<Box<dyn Rows>, ReadError>;
}

/// The rows of one table.
pub trait Rows: Send {
    /// Sets how cells are stored, one encoding for each column, instead of what the columns propose. Called before the
    /// first row.
    ///
    /// # Errors
    /// [`ReadError::EncodingCount`], [`ReadError::EncodingsLate`].
    fn set_encodings(&mut self, encodings: &[Encoding]) -> Result<(), ReadError>;

    /// Reads the next row or rejected record into `record`. Behind the end it stays at the end.
    ///
    /// # Errors
    /// [`ReadError`]; reading cannot go on then.
    fn next(&mut self, record: &mut Record) -> Result<Item, ReadError>;

    /// What the whole table amounts to, behind its last row.
    ///
    /// # Errors
    /// As [`Rows::next`].
    fn finish(&mut self) -> Result<TableSummary, ReadError>;

    /// Whether text in the input is text whatever it looks like, because numbers are written in another way.
    fn is_typed(&self) -> bool {
        true
    }
}

/// Whether `given` may be set for `columns` columns after `rows` rows were read: what [`Rows::set_encodings`] refuses in every
/// format.
///
/// # Errors
/// [`ReadError::EncodingCount`], [`ReadError::EncodingsLate`].
pub fn check_encodings(given: &[Encoding], columns: usize, rows: u64) -> Result<(), ReadError> {
    let found = given.len();
    if columns != found {
        return Err(ReadError::EncodingCount { columns, found });
    }
    match rows {
        0 => Ok(()),
        rows => Err(ReadError::EncodingsLate { rows }),
    }
}

/// A table of an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What the input calls it; `None` for the one that is called like the input.
    pub name: Option<String>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Which of its columns refer to rows of which other table.
    pub references: Vec<Reference>,
    /// What, beside the bytes of the input, decides what its rows are, as snapshots record it: a JSON object.
    pub reading: serde_json::Value,
}

/// How much of an input was read.
#[derive(Clone, Debug, Default)]
pub struct ByteProgress {
    /// Its size in bytes; `None` when it is not known.
    pub total: Option<u64>,
    /// Bytes read so far, in the pass at hand.
    pub read: Arc<AtomicU64>,
}

/// Columns whose values are those of columns in another table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The index of the other table.
    pub table: usize,
    /// Its columns: the n-th of `columns` goes with the n-th of these.
    pub to_columns: Vec<String>,
}

/// What a whole table amounts to.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSummary {
    /// One verdict for each column, in order.
    pub columns: Vec<Verdict>,
    /// How the input is written, as snapshots record it: a JSON object.
    pub dialect: serde_json::Value,
    /// Rows.
    pub rows: u64,
    /// Records that are no rows.
    pub rejected: u64,
    /// Rows that were filled with NULL because they were too short.
    pub padded: u64,
    /// Rows that were read in another way than the dialect says.
    pub mended: u64,
    /// Cells that do not print back as the type of their column.
    pub odd_cells: u64,
    /// The size of what `hash` is over, in bytes.
    pub bytes: u64,
    /// What two tables with the same rows share: of the input's bytes, or of the table's cells.
    pub hash: blake3::Hash,
}

/// Opens an input from its first byte on, as often as it is called.
pub type OpenInput = Arc<dyn Fn() -> std::io::Result<Box<dyn Read + Send>> + Send + Sync>;
