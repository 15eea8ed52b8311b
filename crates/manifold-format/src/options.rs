//! How a delimited file is to be read.

use crate::syntax::Syntax;
use crate::text_encoding::TextEncoding;
use std::sync::Arc;

/// How a delimited file is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    /// The characters that structure it.
    pub syntax: Syntax,
    /// How its characters are written as bytes.
    pub encoding: TextEncoding,
    /// Physical lines before the header that are not looked at.
    pub skip_lines: u64,
    /// Lines that begin with this ASCII byte are not looked at. It wins over a quote.
    pub comment: Option<u8>,
    /// How many records name the columns, one below the other; the names are joined by a space.
    /// 0: the first record is a row.
    pub header_rows: usize,
    /// How many columns there are, whatever the header says. At most `max_columns`.
    pub columns: Option<usize>,
    /// Go on behind a record that repeats the header. Otherwise another table begins there, whose
    /// records are rejected.
    pub all_tables: bool,
    /// Reject records with too few fields instead of padding them with NULL, and mend none.
    pub strict: bool,
    /// The longest cell in bytes; at most 1,000,000,000, a greater value counts as that. A record,
    /// and the bytes between two rows, are limited to four times as much.
    pub max_cell: u64,
    /// The most columns a header may have.
    pub max_columns: usize,
    /// Rows that are looked at before the first is given out, to propose types and encodings.
    /// Fewer when they exceed 4 MiB.
    pub sample_rows: usize,
    /// Cells that are counted because they stand for NULL in some column: see [`crate::Typing::tokens`].
    pub null_tokens: Arc<[String]>,
}

impl CsvOptions {
    /// The longest cell in bytes.
    pub(crate) fn cell_limit(&self) -> u64 {
        self.max_cell.min(1_000_000_000)
    }

    /// The longest record in bytes, below `u32::MAX`.
    pub(crate) fn record_limit(&self) -> u64 {
        4 * self.cell_limit().max(1024)
    }
}

impl Default for CsvOptions {
    /// UTF-8, comma, one header record, padding; 64 MiB, 1,990 columns, 4,096 rows.
    fn default() -> Self {
        Self {
            syntax: Syntax::default(),
            encoding: TextEncoding::UTF_8,
            skip_lines: 0,
            comment: None,
            header_rows: 1,
            columns: None,
            all_tables: false,
            strict: false,
            max_cell: 64 * 1024 * 1024,
            max_columns: 1990,
            sample_rows: 4096,
            null_tokens: Arc::default(),
        }
    }
}
