//! A row as a JSON object.

use super::tagged;
use crate::column::unique_names;
use crate::error::WriteError;
use crate::output::Output;
use crate::shown_cell::ShownCell;
use std::io::Write;

/// Writes rows as JSON objects with a member for each column, also for those that are NULL.
pub(super) struct ObjectRows<W> {
    pub(super) output: Output<W>,
    /// What stands before each cell: `{"id":`, then `,"name":`.
    keys: Vec<Vec<u8>>,
    /// How many cells of the row at hand are written.
    written: usize,
}

impl<W: Write> ObjectRows<W> {
    /// Rows with columns of these names, at least one. A name that is empty or was there before, whatever the case of its letters, gets
    /// another, as it does when it is read.
    pub(super) fn new<N: AsRef<[u8]>>(out: W, given: &[N]) -> Self {
        let names = unique_names(given.iter().map(AsRef::as_ref));
        let keys = names.into_iter().enumerate().map(|(index, name)| {
            let mut key = vec![if index == 0 { b'{' } else { b',' }];
            write_string(name.as_bytes(), &mut key);
            key.push(b':');
            key
        });
        Self {
            output: Output::new(out),
            keys: keys.collect(),
            written: 0,
        }
    }

    #[inline]
    pub(super) fn cell(&mut self, cell: ShownCell<'_>) {
        let out = &mut self.output.bytes;
        if let Some(key) = self.keys.get(self.written) {
            out.extend_from_slice(key);
        }
        self.written += 1;
        match cell {
            ShownCell::Null => out.extend_from_slice(b"null"),
            ShownCell::Int(_) | ShownCell::Decimal { .. } => cell.print(out),
            ShownCell::Real(value) if value.is_finite() => cell.print(out),
            ShownCell::Real(value) => tagged::write_real(value, out),
            ShownCell::Bool { value: true, .. } => out.extend_from_slice(b"true"),
            ShownCell::Bool { value: false, .. } => out.extend_from_slice(b"false"),
            ShownCell::Text(text) => write_string(text, out),
            ShownCell::Blob(bytes) => tagged::write_blob(bytes, out),
        }
    }

    /// Whether the next cell begins a row.
    pub(super) fn is_at_start(&self) -> bool {
        self.written == 0
    }

    /// Ends the object.
    pub(super) fn end(&mut self) -> Result<(), WriteError> {
        let row = self.output.next_row();
        let (columns, found) = (self.keys.len(), std::mem::take(&mut self.written));
        if columns != found {
            return Err(WriteError::CellCount {
                row,
                columns,
                found,
            });
        }
        self.output.bytes.push(b'}');
        Ok(())
    }
}

/// Writes text, which is UTF-8, as a JSON string.
pub(super) fn write_string(text: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut start = 0;
    for (at, byte) in text.iter().enumerate() {
        let short = match byte {
            b'"' | b'\\' => *byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..=0x1f => 0,
            _ => continue,
        };
        out.extend_from_slice(&text[start..at]);
        start = at + 1;
        if short == 0 {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        } else {
            out.extend_from_slice(&[b'\\', short]);
        }
    }
    out.extend_from_slice(&text[start..]);
    out.push(b'"');
}
