//! How a delimited file is to be read.

/// How a delimited file is to be read.
#[derive(Clone, Debug)]
pub struct CsvOptions {
    /// Between cells: one ASCII byte, no quote or line break.
    pub delimiter: u8,
    /// Reject rows with too few fields instead of padding them with NULL.
    pub strict: bool,
    /// The longest cell in bytes; at most 1,000,000,000, a greater value counts as that. A record,
    /// and the bytes between two rows, are limited to four times as much.
    pub max_cell: u64,
    /// The most columns a header may have.
    pub max_columns: usize,
    /// Rows that are looked at before the first is given out, to propose types and encodings.
    /// Fewer when they exceed 4 MiB.
    pub sample_rows: usize,
    /// The first record holds the names of the columns.
    pub header: bool,
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
    /// Comma, header, padding; 64 MiB, 1,990 columns, 4,096 rows.
    fn default() -> Self {
        Self {
            delimiter: b',',
            strict: false,
            max_cell: 64 * 1024 * 1024,
            max_columns: 1990,
            sample_rows: 4096,
            header: true,
        }
    }
}
