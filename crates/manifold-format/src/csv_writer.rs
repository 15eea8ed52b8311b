//! Writes plain delimited text.

use crate::dialect::LineEnd;
use crate::encoding::Encoding;
use crate::error::WriteError;
use crate::output::Output;
use crate::quoting::{Quoting, needs_quotes, write_cell};
use crate::shown_cell::ShownCell;
use crate::syntax::Syntax;
use crate::value::Value;
use crate::writer::Writer;
use std::io::Write;

/// What makes a reader take the first bytes of a file for a mark of its encoding.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Writes delimited text as RFC 4180 says: quotes only where needed, NULL as nothing, empty text
/// as `""`. In a file of one column a NULL is thus a blank line, which [`crate::CsvReader`] reads
/// back as NULL. Bytes that are no text are written as they are.
pub struct CsvWriter<W: Write> {
    output: Output<W>,
    syntax: Syntax,
    line_end: LineEnd,
    cell: Vec<u8>,
    /// How many columns the header has.
    columns: usize,
    /// How many cells of the row at hand are written.
    written: usize,
    /// A number may hold the delimiter.
    splits_numbers: bool,
}

impl<W: Write> CsvWriter<W> {
    /// A writer with a delimiter (one ASCII byte: `,`, a tab) and a line end.
    pub fn new(out: W, delimiter: u8, line_end: LineEnd) -> Self {
        Self {
            output: Output::new(out),
            syntax: Syntax::delimited_by(delimiter),
            line_end,
            cell: Vec::new(),
            columns: 0,
            written: 0,
            splits_numbers: delimiter.is_ascii_alphanumeric()
                || matches!(delimiter, b'-' | b'.' | b'+'),
        }
    }

    /// Writes the header.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn write_header<N: AsRef<[u8]>>(&mut self, names: &[N]) -> Result<(), WriteError> {
        self.columns = names.len();
        for (index, name) in names.iter().enumerate() {
            let name = name.as_ref();
            if index == 0 && name.starts_with(MARK) {
                write_cell(name, true, &self.syntax, &mut self.output.bytes);
            } else {
                self.write_text(index, false, name);
            }
        }
        self.end_line()
    }

    /// Writes a row of values encoded as `encodings`, one for each value.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellCount`]; [`WriteError::Io`].
    pub fn write_row(
        &mut self,
        values: &[Value<'_>],
        encodings: &[Encoding],
    ) -> Result<(), WriteError> {
        let row = self.output.next_row();
        let (columns, found) = (encodings.len(), values.len());
        if columns != found {
            return Err(WriteError::CellCount {
                row,
                columns,
                found,
            });
        }
        let mut cell = std::mem::take(&mut self.cell);
        for (index, (value, encoding)) in values.iter().zip(encodings).enumerate() {
            cell.clear();
            encoding.render(*value, &mut cell);
            self.write_text(index, value.is_null(), &cell);
        }
        self.cell = cell;
        self.end_line()
    }

    /// Writes a row of texts; `None` is NULL.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn write_texts<'a>(
        &mut self,
        texts: impl IntoIterator<Item = Option<&'a [u8]>>,
    ) -> Result<(), WriteError> {
        self.output.next_row();
        for (index, text) in texts.into_iter().enumerate() {
            self.write_text(index, text.is_none(), text.unwrap_or_default());
        }
        self.end_line()
    }

    fn write_text(&mut self, index: usize, null: bool, text: &[u8]) {
        if index > 0 {
            self.output.bytes.push(self.syntax.delimiter);
        }
        let quoted = Quoting::Minimal.quotes(null, text, &self.syntax);
        write_cell(text, quoted, &self.syntax, &mut self.output.bytes);
    }

    fn end_line(&mut self) -> Result<(), WriteError> {
        self.output
            .bytes
            .extend_from_slice(self.line_end.as_bytes());
        self.output.flush_full()
    }

    /// Flushes, and gives the writer back.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn finish(self) -> Result<W, WriteError> {
        self.output.finish()
    }
}

impl<W: Write + Send> Writer for CsvWriter<W> {
    #[inline]
    fn cell(&mut self, cell: ShownCell<'_>) {
        let out = &mut self.output.bytes;
        if self.written > 0 {
            out.push(self.syntax.delimiter);
        }
        self.written += 1;
        match cell {
            ShownCell::Null => {}
            ShownCell::Text(text) | ShownCell::Blob(text) => {
                let quoted = text.is_empty() || needs_quotes(text, &self.syntax);
                write_cell(text, quoted, &self.syntax, out);
            }
            other if self.splits_numbers => {
                self.cell.clear();
                other.print(&mut self.cell);
                let quoted = needs_quotes(&self.cell, &self.syntax);
                write_cell(&self.cell, quoted, &self.syntax, out);
            }
            other => other.print(out),
        }
    }

    fn end_row(&mut self) -> Result<(), WriteError> {
        let row = self.output.next_row();
        let (columns, found) = (self.columns, std::mem::take(&mut self.written));
        if columns != found {
            return Err(WriteError::CellCount {
                row,
                columns,
                found,
            });
        }
        self.end_line()
    }

    fn finish(self: Box<Self>) -> Result<(), WriteError> {
        self.output.finish().map(drop)
    }
}
