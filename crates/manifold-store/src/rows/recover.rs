//! Taking away what an import left that never published.

use super::error::{Doing, RowsError};
use super::source::{END, Source};
use super::transaction::{Guard, begin, keeping_level};
use crate::{Durability, fail_point};
use rusqlite::{Connection, OptionalExtension, params};

/// What was taken away; all zero when there was nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Rows above the last published one.
    pub rows_deleted: i64,
    /// Rows that had been closed by a snapshot that was never published.
    pub rows_reopened: i64,
    /// Quirks above the last published one.
    pub quirks_deleted: i64,
    /// Quirks that had been closed by a snapshot that was never published.
    pub quirks_reopened: i64,
    /// The row table of a source that has no snapshot.
    pub table_dropped: bool,
}

/// Undoes what an import left that was stopped before it published: rows above the published rid,
/// closes beyond the published seq, and quirks likewise. A source that never published loses its
/// row table. Counters stay where they are. Nothing is written when there is nothing to undo.
///
/// # Errors
/// [`RowsError::NoSource`], [`RowsError::Guard`] and [`RowsError::Sqlite`].
pub fn recover(
    conn: &Connection,
    source_id: &str,
    guard: &Guard<'_>,
) -> Result<Recovered, RowsError> {
    let source = Source::load(conn, source_id)?;
    let nothing = match Published::load(conn, &source)? {
        Some(published) => !published.has_leftovers(conn, &source)?,
        None => !source.table.exists(conn)? && source.stored_columns(conn)? == 0,
    };
    if nothing {
        return Ok(Recovered::default());
    }
    keeping_level(conn, || {
        let transaction = begin(conn, Durability::Relaxed, guard)?;
        let recovered = match Published::load(&transaction, &source)? {
            Some(published) => published.undo(&transaction, &source)?,
            None => Recovered {
                table_dropped: true,
                ..drop_rows(&transaction, &source)?
            },
        };
        fail_point!("import-taken-back", RowsError::interrupted());
        transaction
            .commit()
            .doing("taking away an unfinished import")?;
        Ok(recovered)
    })
}

/// Drops the row table of a source without snapshots, and all that belongs to it.
pub(super) fn drop_rows(conn: &Connection, source: &Source) -> Result<Recovered, RowsError> {
    let (table, id) = (source.table, &source.id);
    let drop = || {
        conn.execute_batch(&format!("DROP TABLE IF EXISTS {table}"))?;
        conn.execute("DELETE FROM source_columns WHERE source_id = ?", [id])?;
        let quirks_deleted = conn.execute("DELETE FROM row_quirks WHERE source_id = ?", [id])?;
        Ok(Recovered {
            quirks_deleted: quirks_deleted as i64,
            ..Recovered::default()
        })
    };
    drop().doing("dropping the rows of an empty source")
}

/// Up to where rows and quirks are published.
#[derive(Debug, Clone, Copy)]
pub(super) struct Published {
    pub(super) rid_hi: i64,
    pub(super) seq: i64,
    pub(super) quirk_hi: i64,
}

impl Published {
    pub(super) fn load(conn: &Connection, source: &Source) -> Result<Option<Self>, RowsError> {
        conn.query_row(
            "SELECT p.rid_hi, p.seq, s.quirk_hi FROM published p \
             JOIN snapshots s ON s.id = p.snapshot_id WHERE p.source_id = ?",
            [&source.id],
            |row| {
                Ok(Self {
                    rid_hi: row.get(0)?,
                    seq: row.get(1)?,
                    quirk_hi: row.get(2)?,
                })
            },
        )
        .optional()
        .doing("reading what is published")
    }

    fn has_leftovers(&self, conn: &Connection, source: &Source) -> Result<bool, RowsError> {
        let table = source.table;
        conn.query_row(
            &format!(
                "SELECT EXISTS(SELECT 1 FROM {table} WHERE _rid > ?2) \
                 OR EXISTS(SELECT 1 FROM {table} WHERE _to < {END} AND _to > ?3) \
                 OR EXISTS(SELECT 1 FROM row_quirks WHERE source_id = ?1 AND quirk_id > ?4) \
                 OR EXISTS(SELECT 1 FROM row_quirks \
                           WHERE source_id = ?1 AND closed_seq < {END} AND closed_seq > ?3)"
            ),
            params![source.id, self.rid_hi, self.seq, self.quirk_hi],
            |row| row.get(0),
        )
        .doing("looking for an unfinished import")
    }

    /// Makes rows and quirks what they were when this was published. A row may have been closed by
    /// any later snapshot, also by one that is deleted already, so all are opened again that were
    /// closed later.
    pub(super) fn undo(&self, conn: &Connection, source: &Source) -> Result<Recovered, RowsError> {
        let (table, id) = (source.table, &source.id);
        let undo = || {
            let rows_deleted = conn.execute(
                &format!("DELETE FROM {table} WHERE _rid > ?"),
                [self.rid_hi],
            )?;
            let rows_reopened = conn.execute(
                &format!("UPDATE {table} SET _to = {END} WHERE _to < {END} AND _to > ?"),
                [self.seq],
            )?;
            let quirks_deleted = conn.execute(
                "DELETE FROM row_quirks WHERE source_id = ? AND quirk_id > ?",
                params![id, self.quirk_hi],
            )?;
            let quirks_reopened = conn.execute(
                &format!(
                    "UPDATE row_quirks SET closed_seq = {END} \
                     WHERE source_id = ? AND closed_seq < {END} AND closed_seq > ?"
                ),
                params![id, self.seq],
            )?;
            Ok(Recovered {
                rows_deleted: rows_deleted as i64,
                rows_reopened: rows_reopened as i64,
                quirks_deleted: quirks_deleted as i64,
                quirks_reopened: quirks_reopened as i64,
                table_dropped: false,
            })
        };
        undo().doing("taking back rows")
    }
}
