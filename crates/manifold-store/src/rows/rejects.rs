//! Records that are no rows, on their way into the catalogue.

use super::cell::Cell;
use super::error::{Doing, RowsError};
use super::records::Rejected;
use super::spool::{Scratch, Spool, damaged_spool};
use rusqlite::{Connection, params};

/// The rejected records of one import, set aside until its snapshot exists.
#[derive(Debug)]
pub(super) struct Rejects {
    spool: Spool,
    packed: Vec<u8>,
}

impl Rejects {
    pub(super) fn new(scratch: &Scratch) -> Self {
        Self {
            spool: Spool::new(scratch),
            packed: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> i64 {
        self.spool.len().cast_signed()
    }

    /// Adds a record that stands before the input's row number `before`, from 0.
    pub(super) fn push(&mut self, before: i64, rejected: &Rejected) -> Result<(), RowsError> {
        self.packed.clear();
        Cell::Int(before).pack(&mut self.packed);
        Cell::Int(rejected.line.cast_signed()).pack(&mut self.packed);
        Cell::Text(rejected.reason.as_bytes()).pack(&mut self.packed);
        Cell::Blob(&rejected.raw).pack(&mut self.packed);
        self.spool.push(&self.packed)?;
        Ok(())
    }

    /// Writes the records for `snapshot_id`. `rid` names the stored row of an input row; `None`
    /// when there is none.
    pub(super) fn write(
        self,
        conn: &Connection,
        snapshot_id: &str,
        mut rid: impl FnMut(i64) -> std::io::Result<Option<i64>>,
    ) -> Result<(), RowsError> {
        let mut insert = conn
            .prepare(
                "INSERT INTO rejected_rows(snapshot_id, line, before_rid, reason, raw) \
                 VALUES (?, ?, ?, ?, ?)",
            )
            .doing("keeping the rejected records")?;
        let mut reader = self.spool.into_reader()?;
        while let Some(mut packed) = reader.next()? {
            let mut cell = || Cell::unpack(&mut packed).ok_or_else(damaged_spool);
            let (before, line, reason, raw) = (cell()?, cell()?, cell()?, cell()?);
            let before = match before {
                Cell::Int(before) => rid(before)?,
                _ => None,
            };
            insert
                .execute(params![snapshot_id, line, before, reason, raw])
                .doing("keeping the rejected records")?;
        }
        Ok(())
    }
}
