//! Deleting the latest snapshot, which is also how an import is undone.

use super::error::{Doing, RowsError};
use super::index::settle_indexes;
use super::publish::{now, raise_revision, time};
use super::recover::{Published, Recovered, drop_rows, recover};
use super::snapshot::{Snapshot, latest, previous};
use super::source::Source;
use super::transaction::{Guard, begin, keeping_level};
use super::view::create_view;
use crate::{Durability, fail_point};
use rusqlite::{Connection, params};

/// What deleting the latest snapshot has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The snapshot that was deleted.
    pub snapshot_id: String,
    /// Its public number, which is not given again.
    pub number: i64,
    /// The snapshot that is the latest now; `None` when the source is empty.
    pub latest: Option<String>,
    /// Row versions that only the deleted snapshot had; all of them when the source is empty now.
    pub rows_deleted: i64,
    /// Row versions that are the latest again.
    pub rows_reopened: i64,
}

/// Deletes the latest snapshot of a source in one transaction; the one before it is the latest
/// then. If it was the only one, the source is empty: its row table and its view are dropped.
/// Counters stay: no number, rid or column number is given again.
///
/// A crash leaves all or nothing of it.
///
/// # Errors
/// [`RowsError::NothingPublished`], [`RowsError::NoSource`], [`RowsError::Guard`] and
/// [`RowsError::Sqlite`].
pub fn delete_latest(
    conn: &Connection,
    source_id: &str,
    guard: &Guard<'_>,
) -> Result<Deleted, RowsError> {
    keeping_level(conn, || {
        recover(conn, source_id, guard)?;
        let source = Source::load(conn, source_id)?;
        let transaction = begin(conn, Durability::Full, guard)?;
        let Some(snapshot) = latest(&transaction, source_id)? else {
            return Err(RowsError::NothingPublished {
                source_id: source_id.to_owned(),
            });
        };
        let before = previous(&transaction, source_id, snapshot.seq)?;
        let taken_back = match &before {
            Some(before) => move_back(&transaction, &source, before)?,
            None => empty(&transaction, &source)?,
        };
        remove(&transaction, &snapshot).doing("removing the snapshot")?;
        create_view(&transaction, source_id)?;
        settle_indexes(&transaction, source_id)?;
        raise_revision(&transaction)?;
        fail_point!("snapshot-taken-away", RowsError::interrupted());
        transaction.commit().doing("deleting the latest snapshot")?;
        Ok(Deleted {
            snapshot_id: snapshot.id,
            number: snapshot.number,
            latest: before.map(|before| before.id),
            rows_deleted: taken_back.rows_deleted,
            rows_reopened: taken_back.rows_reopened,
        })
    })
}

/// Makes rows, quirks and encodings what they were in `before`, and publishes it.
fn move_back(
    conn: &Connection,
    source: &Source,
    before: &Snapshot,
) -> Result<Recovered, RowsError> {
    let published = Published {
        rid_hi: before.rid_hi,
        seq: before.seq,
        quirk_hi: before.quirk_hi,
    };
    let taken_back = published.undo(conn, source)?;
    let publish = || {
        conn.execute(
            "UPDATE published SET snapshot_id = ?, rid_hi = ?, seq = ? WHERE source_id = ?",
            params![before.id, before.rid_hi, before.seq, source.id],
        )?;
        for column in &before.columns {
            conn.execute(
                "UPDATE source_columns SET encoding = ? WHERE source_id = ? AND phys = ?",
                params![column.encoding, source.id, column.phys],
            )?;
        }
        Ok(())
    };
    publish().doing("publishing the snapshot before")?;
    Ok(taken_back)
}

/// Takes all rows away.
fn empty(conn: &Connection, source: &Source) -> Result<Recovered, RowsError> {
    let rows_deleted = conn
        .query_row(
            &format!("SELECT count(*) FROM {}", source.table),
            [],
            |row| row.get(0),
        )
        .doing("counting the rows")?;
    conn.execute("DELETE FROM published WHERE source_id = ?", [&source.id])
        .doing("publishing nothing")?;
    Ok(Recovered {
        rows_deleted,
        ..drop_rows(conn, source)?
    })
}

/// Removes the snapshot itself; its columns and rejected records go with it.
fn remove(conn: &Connection, snapshot: &Snapshot) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM snapshots WHERE id = ?", [&snapshot.id])?;
    conn.execute(
        "UPDATE data_sources SET updated_at = ? WHERE id = ?",
        params![time(now()), snapshot.source_id],
    )?;
    Ok(())
}
