//! Where imported rows come from.

use super::cell::Cell;
use super::original::OriginalParts;
use super::row::Row;

/// Why the input could not be read further. It is handed through as the cause of
/// [`super::ImportError::Records`].
pub type RecordsError = Box<dyn std::error::Error + Send + Sync>;

/// The rows of one import, one by one, in the input's order.
///
/// The row log calls, in this order: [`columns`](Self::columns), [`adopt`](Self::adopt) once per
/// column, [`next`](Self::next) until [`Step::End`], [`finish`](Self::finish).
///
/// An encoding is a text code such as `int` or `fixed2`. The row log stores codes and hands them
/// back; only views look inside (`text`, `int`, `fixedN`, `short`, `bool:true/false`). For every
/// encoding, the stored cell must print back to the bytes that were read, and equal bytes must
/// give the [same](Cell::same) cell: that is how unchanged rows are recognised.
pub trait Records {
    /// The columns of the input, in its order. Names are shown names: no two may differ only by
    /// case.
    fn columns(&self) -> &[IncomingColumn];

    /// Settles the encoding of a column, and returns its code.
    ///
    /// `stored` is `None` for a column that is new: the answer is provisional, and in a first
    /// import the column is re-encoded at the end when [`Finished`] wants another one. Otherwise
    /// the column goes on under the encoding that is answered, which must leave the stored cells
    /// of unchanged rows the same.
    fn adopt(&mut self, column: usize, stored: Option<StoredColumn<'_>>) -> String;

    /// Reads the next record. For [`Step::Row`], `row` (given cleared) holds one cell per column,
    /// the line, and the quirk if there is one.
    ///
    /// # Errors
    /// When the input cannot be read; the import is undone.
    fn next(&mut self, row: &mut Row) -> Result<Step, RecordsError>;

    /// What the whole input has shown. Called once, behind [`Step::End`].
    ///
    /// # Errors
    /// When the input turns out to be incomplete; the import is undone.
    fn finish(&mut self) -> Result<Finished, RecordsError>;

    /// Whether [`original`](Self::original) can give the bytes of the input.
    fn keeps_original(&self) -> bool {
        false
    }

    /// The bytes of the input in parts, to be stored as they are. Called at most once, behind [`finish`](Self::finish), and
    /// only if [`keeps_original`](Self::keeps_original) says that they can be had.
    ///
    /// # Errors
    /// When they cannot be had any more; the import is undone.
    fn original(&mut self) -> Result<OriginalParts, RecordsError> {
        Err("the bytes of the input are not kept".into())
    }

    /// The cell under encoding `to` of what is stored as `cell` under `from`. `buffer` is scratch
    /// space that the answer may borrow.
    fn reencode<'a>(
        &self,
        cell: Cell<'_>,
        from: &str,
        to: &str,
        buffer: &'a mut Vec<u8>,
    ) -> Cell<'a>;

    /// Appends the bytes that `cell` stands for under `encoding`; nothing for NULL.
    fn render(&self, cell: Cell<'_>, encoding: &str, out: &mut Vec<u8>);
}

/// A column of the input.
#[derive(Debug, Clone, Default)]
pub struct IncomingColumn {
    /// The name that is shown, unique within the input without regard to case.
    pub name: String,
    /// The first cells as they were read, at most 256; an absent value is empty. By them a renamed
    /// column is recognised.
    pub sample: Vec<Vec<u8>>,
}

/// A column that is already stored.
#[derive(Debug, Clone, Copy)]
pub struct StoredColumn<'a> {
    /// The encoding of the latest snapshot that lists the column.
    pub encoding: &'a str,
    /// No cell of that snapshot held anything in this column.
    pub was_empty: bool,
}

/// What [`Records::next`] read.
#[derive(Debug)]
pub enum Step {
    /// A row.
    Row,
    /// A record that is no row. It is kept beside the rows.
    Rejected(Rejected),
    /// The end of the input.
    End,
}

/// A record that is no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The line of the input at which it starts, from 1.
    pub line: u64,
    /// Why, in one sentence.
    pub reason: String,
    /// Its bytes.
    pub raw: Vec<u8>,
}

/// What a whole input has shown.
#[derive(Debug, Clone)]
pub struct Finished {
    /// One per column, in the input's order.
    pub columns: Vec<FinishedColumn>,
    /// How the bytes were written; opaque.
    pub dialect: serde_json::Value,
    /// The identity of the input's bytes, in text form.
    pub input_hash: String,
    /// The length of the input, in bytes.
    pub input_bytes: u64,
    /// Rows that were shorter than the header and were filled with NULL.
    pub padded: u64,
    /// Cells that do not conform to the type of their column.
    pub odd_cells: u64,
}

/// What a whole column has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedColumn {
    /// `empty`, `integer`, `real`, `decimal`, `boolean`, `date`, `time`, `timestamp` or `text`.
    pub column_type: String,
    /// The format of the type, such as the digits of a decimal.
    pub format: Option<String>,
    /// The encoding that the whole column wants. Only a first import follows it.
    pub encoding: String,
    /// `minimal`, `nonempty` or `always`.
    pub quoting: String,
    /// Cells that do not conform to the type.
    pub odd_cells: u64,
    /// Cells that are one of these are shown as NULL, and stay what they are.
    pub null_tokens: Vec<String>,
    /// What the column holds over all rows, kept with the snapshot; opaque, and made of values of the input.
    pub profile: Option<serde_json::Value>,
}
