//! Rows of which as many records must be rejected as was found before.

use manifold_format::{Encoding, Item, ReadError, Record, Rows, TableSummary};

/// Rows that fail at their end when another number of records is rejected than was found before, so that no snapshot is
/// made of them.
pub(super) struct Expected {
    pub(super) rows: Box<dyn Rows>,
    pub(super) rejected: u64,
}

impl Rows for Expected {
    fn set_encodings(&mut self, encodings: &[Encoding]) -> Result<(), ReadError> {
        self.rows.set_encodings(encodings)
    }

    fn next(&mut self, record: &mut Record) -> Result<Item, ReadError> {
        self.rows.next(record)
    }

    fn finish(&mut self) -> Result<TableSummary, ReadError> {
        let summary = self.rows.finish()?;
        if summary.rejected == self.rejected {
            return Ok(summary);
        }
        let (expected, found) = (self.rejected, summary.rejected);
        Err(ReadError::Other(
            format!("with the mended records in their places {found} records are rejected instead of {expected}; mend them in the file and import it again")
                .into(),
        ))
    }

    fn is_typed(&self) -> bool {
        self.rows.is_typed()
    }
}
