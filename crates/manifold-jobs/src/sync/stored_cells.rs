//! The cells of stored rows as a format that knows numbers from text would give them.

use manifold_format::{Encoding, TypedCell, UnknownEncoding};
use manifold_store::rows::{Cell, Snapshot, StoredRow};

use crate::import::value;
use crate::spool::pack;

/// Packs the cells of a snapshot's rows: numbers are what they were read as, text stays text.
pub(super) struct StoredCells {
    encodings: Vec<Encoding>,
    text: Vec<u8>,
}

impl StoredCells {
    pub(super) fn of(snapshot: &Snapshot) -> Result<Self, UnknownEncoding> {
        let encodings = snapshot
            .columns
            .iter()
            .map(|column| column.encoding.parse());
        Ok(Self {
            encodings: encodings.collect::<Result<_, _>>()?,
            text: Vec::new(),
        })
    }

    /// Replaces what is in `out` by the packed cells of a row.
    pub(super) fn pack(&mut self, row: &StoredRow<'_>, out: &mut Vec<u8>) {
        out.clear();
        for (cell, encoding) in row.cells().zip(&self.encodings) {
            let typed = match cell {
                Cell::Null => TypedCell::Null,
                Cell::Text(bytes) => TypedCell::Text(bytes),
                Cell::Blob(bytes) => TypedCell::Blob(bytes),
                Cell::Int(_) | Cell::Real(_) => {
                    self.text.clear();
                    encoding.render(value(cell), &mut self.text);
                    TypedCell::Number(&self.text)
                }
            };
            pack(typed, out);
        }
    }
}
