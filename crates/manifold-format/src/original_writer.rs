//! Writes the bytes that were read.

use crate::dialect::Dialect;
use crate::encoding::Encoding;
use crate::error::WriteError;
use crate::output::Output;
use crate::quirk::{FormView, QuirkView, deviates};
use crate::quoting::write_cell;
use crate::text_encoding::TextEncoding;
use crate::value::Value;
use std::io::Write;

/// Writes the rows of a [`crate::CsvReader`] to the bytes it read.
///
/// The values may be in other encodings than they were read in, as long as the encodings passed
/// are those of the values.
pub struct OriginalWriter<W: Write> {
    output: Output<W>,
    dialect: Dialect,
    encodings: Vec<Encoding>,
    cell: Vec<u8>,
    /// A row that is not encoded yet.
    row: Vec<u8>,
    /// The line end of the row before, which the last row may lack.
    owes_line_end: bool,
}

impl<W: Write> OriginalWriter<W> {
    /// A writer of rows whose values are encoded as `encodings`, one for each column.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellCount`] with row 0 when `encodings` are not as many as the columns.
    pub fn new(out: W, dialect: Dialect, encodings: &[Encoding]) -> Result<Self, WriteError> {
        let (columns, found) = (dialect.quoting.len(), encodings.len());
        if columns != found {
            return Err(WriteError::CellCount {
                row: 0,
                columns,
                found,
            });
        }
        let mut output = Output::new(out);
        output.bytes.extend_from_slice(&dialect.header.0);
        let encodings = encodings.to_vec();
        Ok(Self {
            output,
            dialect,
            encodings,
            cell: Vec::new(),
            row: Vec::new(),
            owes_line_end: false,
        })
    }

    /// Writes the next row; `quirk` is what [`crate::Record::quirk`] gave for it.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellCount`], [`WriteError::Quirk`]; [`WriteError::Io`].
    pub fn write_row(
        &mut self,
        values: &[Value<'_>],
        quirk: Option<&[u8]>,
    ) -> Result<(), WriteError> {
        let row = self.output.next_row();
        let (columns, found) = (self.encodings.len(), values.len());
        if columns != found {
            return Err(WriteError::CellCount {
                row,
                columns,
                found,
            });
        }
        let quirk = quirk.map(QuirkView::read).transpose();
        let quirk = quirk.map_err(|source| WriteError::Quirk { row, source })?;
        self.pay_line_end();
        let mut mask: &[u8] = &[];
        if let Some(quirk) = quirk {
            self.output.bytes.extend_from_slice(quirk.lead);
            match quirk.form {
                FormView::Conforming => {}
                FormView::Mask(bits) => mask = bits,
                FormView::Raw(raw) => {
                    self.output.bytes.extend_from_slice(raw);
                    return self.output.flush_full();
                }
            }
        }
        if self.dialect.encoding == TextEncoding::UTF_8 {
            let mut out = std::mem::take(&mut self.output.bytes);
            self.write_cells(values, mask, &mut out);
            self.output.bytes = out;
        } else {
            let mut row = std::mem::take(&mut self.row);
            row.clear();
            self.write_cells(values, mask, &mut row);
            self.dialect.encoding.encode(&row, &mut self.output.bytes);
            self.row = row;
        }
        self.owes_line_end = true;
        self.output.flush_full()
    }

    fn write_cells(&mut self, values: &[Value<'_>], mask: &[u8], out: &mut Vec<u8>) {
        let syntax = &self.dialect.syntax;
        let columns = values
            .iter()
            .zip(&self.encodings)
            .zip(&self.dialect.quoting);
        for (index, ((value, encoding), quoting)) in columns.enumerate() {
            if index > 0 {
                out.push(syntax.delimiter);
                if syntax.delimiter_space {
                    out.push(b' ');
                }
            }
            self.cell.clear();
            encoding.render(*value, &mut self.cell);
            let expected = quoting.quotes(value.is_null(), &self.cell, syntax);
            write_cell(&self.cell, expected ^ deviates(mask, index), syntax, out);
        }
    }

    fn pay_line_end(&mut self) {
        if std::mem::take(&mut self.owes_line_end) {
            let line_end = self.dialect.line_end.as_bytes();
            self.dialect
                .encoding
                .encode(line_end, &mut self.output.bytes);
        }
    }

    /// Writes what follows the last row, flushes, and gives the writer back.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn finish(mut self) -> Result<W, WriteError> {
        if self.dialect.final_newline {
            self.pay_line_end();
        }
        self.output.bytes.extend_from_slice(&self.dialect.tail.0);
        self.output.finish()
    }
}
