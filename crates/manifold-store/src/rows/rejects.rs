//! Records that are no rows, on their way into the catalogue.

use super::cell::Cell;
use super::error::{Doing, RowsError};
use super::records::Rejected;
use super::spool::{Scratch, Spool, damaged_spool};
use rusqlite::{Connection, params};
use std::ops::ControlFlow;

/// A rejected record as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct StoredReject<'a> {
    /// Its id, unique in the project and never given again.
    pub id: i64,
    /// The line of the input at which it starts, from 1.
    pub line: i64,
    /// Why it is no row.
    pub reason: &'a str,
    /// Its bytes.
    pub raw: &'a [u8],
}

/// Shows `each` the rejected records of a snapshot, in the order of the input, until it breaks off.
///
/// # Errors
/// [`RowsError::Sqlite`].
pub fn rejects(
    conn: &Connection,
    snapshot_id: &str,
    mut each: impl FnMut(StoredReject<'_>) -> ControlFlow<()>,
) -> Result<(), RowsError> {
    let mut read = || {
        let mut select = conn.prepare(
            "SELECT id, line, reason, raw FROM rejected_rows WHERE snapshot_id = ? ORDER BY id",
        )?;
        let mut rows = select.query([snapshot_id])?;
        while let Some(row) = rows.next()? {
            let reject = StoredReject {
                id: row.get(0)?,
                line: row.get(1)?,
                reason: row.get_ref(2)?.as_str()?,
                raw: row.get_ref(3)?.as_blob()?,
            };
            if each(reject).is_break() {
                break;
            }
        }
        Ok(())
    };
    read().doing("reading the rejected records")
}

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
