//! Writes one JSON array.

use super::object_row::ObjectRows;
use crate::error::WriteError;
use crate::shown_cell::ShownCell;
use crate::writer::Writer;
use std::io::Write;

/// Writes one JSON array with an object for each row, on a line of its own.
///
/// Numbers have the digits in which they were written, all of them. Bytes are `{"$blob": "00ff"}`, which
/// [`crate::JsonReader`] reads as bytes. A column is one member, also if its name has points: `"address.city"`.
pub struct JsonWriter<W: Write> {
    rows: ObjectRows<W>,
    begun: bool,
}

impl<W: Write> JsonWriter<W> {
    /// A writer of rows with these columns.
    pub fn new<N: AsRef<[u8]>>(out: W, names: &[N]) -> Self {
        let mut rows = ObjectRows::new(out, names);
        rows.output.bytes.push(b'[');
        Self { rows, begun: false }
    }
}

impl<W: Write + Send> Writer for JsonWriter<W> {
    #[inline]
    fn cell(&mut self, cell: ShownCell<'_>) {
        if self.rows.is_at_start() {
            let between: &[u8] = if self.begun { b",\n" } else { b"\n" };
            self.rows.output.bytes.extend_from_slice(between);
            self.begun = true;
        }
        self.rows.cell(cell);
    }

    fn end_row(&mut self) -> Result<(), WriteError> {
        self.rows.end()?;
        self.rows.output.flush_full()
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        let end: &[u8] = if self.begun { b"\n]\n" } else { b"]\n" };
        self.rows.output.bytes.extend_from_slice(end);
        self.rows.output.finish().map(drop)
    }
}
