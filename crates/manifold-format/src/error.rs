//! Why reading and writing fail.

use crate::compression::UnpackError;
use crate::count::Count;
use crate::json::JsonProblem;
use crate::quirk::QuirkError;
use crate::record::RejectReason;

/// Why an input cannot be read as delimited text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The input has no bytes.
    #[error("the input is empty (0 bytes): check that it was written completely")]
    Empty,
    /// Reading failed.
    #[error("cannot read the input behind byte {offset}, in or behind line {line}: {source}")]
    Io {
        /// Bytes read before.
        offset: u64,
        /// The line of the record being read, from 1.
        line: u64,
        /// What the system says.
        source: std::io::Error,
    },
    /// The compressed input is damaged, or unpacks to far too much.
    #[error("cannot unpack the input in or behind line {line}: {source}")]
    Packed {
        /// The line of the record being read, from 1.
        line: u64,
        /// What is wrong with it.
        source: UnpackError,
    },
    /// The input is text in another encoding.
    #[error(
        "the input is {encoding} text, which is not what it is read as: {}convert it, for example with iconv -f {encoding} -t UTF-8",
        if encoding.starts_with("UTF-16") { format!("give --encoding {}, or ", encoding.to_lowercase()) } else { String::new() }
    )]
    Encoding {
        /// `UTF-16LE` or another name that iconv knows.
        encoding: &'static str,
    },
    /// The input is not text.
    #[error("the input is no delimited text but {what}: unpack or convert it to CSV first")]
    Binary {
        /// What it is, as far as known.
        what: &'static str,
    },
    /// The first record cannot be a header.
    #[error(
        "line {line} is not a header: {problem}; correct the file, or give another delimiter or --no-header if it has none"
    )]
    NotAHeader {
        /// Where the record starts, from 1.
        line: u64,
        /// What is wrong with it.
        problem: HeaderProblem,
    },
    /// More columns than a source can have.
    #[error(
        "there are {found} columns, at most {limit} can be imported: check the delimiter, or split the file by columns"
    )]
    TooManyColumns {
        /// Columns of the header.
        found: usize,
        /// The limit in the options.
        limit: usize,
    },
    /// A cell is longer than the limit.
    #[error(
        "line {line}, column {column}: the cell is longer than {limit} bytes: close its quote if it should not reach that far, or raise the limit"
    )]
    CellTooLarge {
        /// Where the record starts, from 1.
        line: u64,
        /// From 1.
        column: usize,
        /// The limit in bytes.
        limit: u64,
    },
    /// A record is longer than four cells of the greatest length.
    #[error(
        "line {line}: the record is longer than {limit} bytes: check the delimiter and quotes, or raise the limit"
    )]
    RecordTooLarge {
        /// Where the record starts, from 1.
        line: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Nothing but blank lines and rejected records for longer than four cells of the greatest
    /// length.
    #[error(
        "lines {from_line} to {line}: more than {limit} bytes without a usable row: check the delimiter and the header"
    )]
    NoUsableRows {
        /// The first of the lines, from 1.
        from_line: u64,
        /// The line reached.
        line: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The delimiter cannot separate cells.
    #[error(
        "{delimiter:?} cannot be a delimiter: give one ASCII character other than a quote or line break"
    )]
    Delimiter {
        /// The delimiter in the options.
        delimiter: char,
    },
    /// The input is no JSON, or ends in the middle of a value.
    #[error("line {line}: {problem}; check that the file is complete JSON, or give its --format")]
    Json {
        /// Where, from 1.
        line: u64,
        /// What is wrong.
        problem: JsonProblem,
    },
    /// No record of a JSON input can be a row.
    #[error("{}", .first.map_or_else(
        || "there is no record, so nothing says what the columns are: check that the input was written completely".to_owned(),
        |(line, reason)| format!("no record can be a row; the first is in line {line}: {reason}")
    ))]
    NoRecords {
        /// The line of the first record and why it is no row, if there is any.
        first: Option<(u64, RejectReason)>,
    },
    /// More tables within tables than can be imported.
    #[error(
        "the input has more than {limit} tables within tables: give --no-unnest to keep them as text"
    )]
    TooManyTables {
        /// The limit.
        limit: usize,
    },
    /// The input is not the one that was looked at before.
    #[error("the input was changed while it was read: import it again when it is complete")]
    Changed,
    /// The rows of a table were asked for twice, or the table is not there.
    #[error("the rows of table {table} cannot be read again: open the input anew")]
    NoTable {
        /// The index of the table.
        table: usize,
    },
    /// What a format of somebody else says.
    #[error(transparent)]
    Other(#[from] Box<dyn std::error::Error + Send + Sync>),
    /// Encodings were set for another number of columns.
    #[error("{} for {}: set one for each column, in order", Count(*found as u64, "encoding"), Count(*columns as u64, "column"))]
    EncodingCount {
        /// Columns of the input.
        columns: usize,
        /// Encodings given.
        found: usize,
    },
    /// Encodings were set behind the first row, which would leave the column in two encodings.
    #[error("encodings were set after {rows} rows had been read: set them before the first")]
    EncodingsLate {
        /// Rows read.
        rows: u64,
    },
}

/// What a [`Read`](std::io::Read) that notices that its file was changed meanwhile fails with, within an
/// [`std::io::Error`]; readers make [`ReadError::Changed`] of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the input was changed while it was read: import it again when it is complete")]
pub struct InputChanged;

impl ReadError {
    /// What reading failed with behind byte `offset`, in or behind `line`.
    pub(crate) fn of_input(source: std::io::Error, offset: u64, line: u64) -> Self {
        match source.downcast::<UnpackError>() {
            Ok(source) => Self::Packed { line, source },
            Err(source) if InputChanged::is_in(&source) => Self::Changed,
            Err(source) => Self::Io {
                offset,
                line,
                source,
            },
        }
    }

    /// Whether a cell or a record is longer than the limit, as one is where a quote is not closed.
    pub(crate) fn is_too_large(&self) -> bool {
        matches!(
            self,
            Self::CellTooLarge { .. } | Self::RecordTooLarge { .. }
        )
    }
}

impl InputChanged {
    /// Whether it is what an error is about.
    #[must_use]
    pub fn is_in(error: &std::io::Error) -> bool {
        error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Self>())
            .is_some()
    }
}

/// Why a record cannot be a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderProblem {
    /// All lines are blank.
    #[error("all lines are blank")]
    Blank,
    /// A quote is not closed before the end of the input.
    #[error("a quote in it is not closed before the end of the input")]
    UnterminatedQuote,
    /// Lines end in a carriage return alone.
    #[error(
        "lines end in bare carriage returns (old Macintosh); convert them, for example with tr '\\r' '\\n'"
    )]
    CarriageReturns,
}

/// Why rows cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Writing failed.
    #[error("cannot write row {row}: {source}")]
    Io {
        /// From 1; the row being written when the buffer was handed on.
        row: u64,
        /// What the system says.
        source: std::io::Error,
    },
    /// A row's quirk cannot be read.
    #[error("row {row}: {source}")]
    Quirk {
        /// From 1.
        row: u64,
        /// What is wrong with it.
        source: QuirkError,
    },
    /// A row, or the list of encodings, is not as long as the columns.
    #[error(
        "row {row} has {} for {}: pass one value for each column, in order",
        Count(*found as u64, "cell"), Count(*columns as u64, "column")
    )]
    CellCount {
        /// From 1; 0 for the list of encodings.
        row: u64,
        /// Columns of the file.
        columns: usize,
        /// Cells given.
        found: usize,
    },
    /// A writer of another crate failed.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}
