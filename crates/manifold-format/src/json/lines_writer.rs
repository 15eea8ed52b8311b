//! Writes JSON Lines.

use super::object_row::ObjectRows;
use crate::error::WriteError;
use crate::shown_cell::ShownCell;
use crate::writer::Writer;
use std::io::Write;

/// Writes a JSON object for each row, on a line of its own; otherwise as [`crate::JsonWriter`] does.
pub struct JsonLinesWriter<W: Write> {
    rows: ObjectRows<W>,
}

impl<W: Write> JsonLinesWriter<W> {
    /// A writer of rows with these columns.
    pub fn new<N: AsRef<[u8]>>(out: W, names: &[N]) -> Self {
        Self {
            rows: ObjectRows::new(out, names),
        }
    }
}

impl<W: Write + Send> Writer for JsonLinesWriter<W> {
    #[inline]
    fn cell(&mut self, cell: ShownCell<'_>) {
        self.rows.cell(cell);
    }

    fn end_row(&mut self) -> Result<(), WriteError> {
        self.rows.end()?;
        self.rows.output.bytes.push(b'\n');
        self.rows.output.flush_full()
    }

    fn finish(self: Box<Self>) -> Result<(), WriteError> {
        self.rows.output.finish().map(drop)
    }
}
