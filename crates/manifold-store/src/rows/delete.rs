//! Deleting snapshots. Deleting the latest one is how an import is undone.

use super::epoch::Epoch;
use super::error::{Doing, RowsError};
use super::index::settle_indexes;
use super::publish::{now, raise_revision, time};
use super::recover::{Published, Recovered, drop_rows, recover};
use super::row_order::remove_unnamed;
use super::snapshot::{Snapshot, latest, next, previous, snapshot};
use super::source::Source;
use super::transaction::{Guard, begin, keeping_level};
use super::view::create_view;
use crate::{Durability, fail_point};
use rusqlite::{Connection, params};

/// What deleting snapshots has done, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deleted {
    /// The public numbers of the snapshots, which are not given again, as they were asked for.
    pub numbers: Vec<i64>,
    /// The snapshot that is the latest now; `None` when the source is empty.
    pub latest: Option<String>,
    /// Row versions that only deleted snapshots had; all of them when the source is empty now.
    pub rows_deleted: i64,
    /// Row versions that are the latest again, because the snapshot that ended them was deleted.
    pub rows_reopened: i64,
    /// Bytes of the project's file that are free for what is imported later. The file does not become smaller.
    pub bytes_freed: i64,
}

/// Whether what is done stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is committed.
    Lasting,
    /// It is done and taken back, to see what it comes to. Others wait as long as for the real thing.
    Measured,
}

/// Deletes snapshots of a source in one transaction. The other snapshots keep every row. When the latest is among them, the
/// newest that is left is the latest; if none is left the source is empty: its row table and its view are dropped. Counters
/// stay: no number, rid or column number is given again.
///
/// A crash leaves all or nothing of it.
///
/// # Errors
/// [`RowsError::NoSnapshot`] for one that is not of this source, [`RowsError::NoSource`], [`RowsError::Guard`] and
/// [`RowsError::Sqlite`].
pub fn delete(
    conn: &Connection,
    source_id: &str,
    snapshots: &[String],
    effect: Effect,
    guard: &Guard<'_>,
) -> Result<Deleted, RowsError> {
    keeping_level(conn, || {
        recover(conn, source_id, guard)?;
        let source = Source::load(conn, source_id)?;
        let transaction = begin(conn, Durability::Full, guard)?;
        let free_before = free_bytes(&transaction)?;
        let mut deleted = Deleted::default();
        for id in snapshots {
            let wanted = snapshot(&transaction, id)?;
            if wanted.source_id != source_id {
                return Err(RowsError::NoSnapshot { id: id.clone() });
            }
            let gone = delete_one(&transaction, &source, &wanted)?;
            deleted.numbers.push(wanted.number);
            deleted.rows_deleted += gone.rows_deleted;
            deleted.rows_reopened += gone.rows_reopened;
        }
        remove_unnamed(&transaction, source_id).doing("removing an order of rows")?;
        create_view(&transaction, source_id)?;
        settle_indexes(&transaction, source_id)?;
        raise_revision(&transaction)?;
        deleted.latest = latest(&transaction, source_id)?.map(|latest| latest.id);
        deleted.bytes_freed = (free_bytes(&transaction)? - free_before).max(0);
        fail_point!("snapshot-taken-away", RowsError::interrupted());
        match effect {
            Effect::Lasting => transaction.commit().doing("deleting snapshots")?,
            Effect::Measured => transaction.rollback().doing("taking a trial back")?,
        }
        Ok(deleted)
    })
}

fn delete_one(
    conn: &Connection,
    source: &Source,
    wanted: &Snapshot,
) -> Result<Recovered, RowsError> {
    let before = previous(conn, &source.id, wanted.seq)?;
    let gone = match (next(conn, &source.id, wanted.seq)?, &before) {
        (Some(after), _) => between(conn, source, before.as_ref(), wanted, &after)?,
        (None, Some(before)) => move_back(conn, source, before)?,
        (None, None) => empty(conn, source)?,
    };
    remove(conn, wanted).doing("removing the snapshot")?;
    Ok(gone)
}

/// Deletes the rows and quirks that no snapshot beside `wanted` shows: they began behind the one before it, and ended by the one after
/// it. Rows that it ended stay ended: the one after it does not show them either.
fn between(
    conn: &Connection,
    source: &Source,
    before: Option<&Snapshot>,
    wanted: &Snapshot,
    after: &Snapshot,
) -> Result<Recovered, RowsError> {
    let (rid_lo, quirk_lo) = before.map_or((0, 0), |before| (before.rid_hi, before.quirk_hi));
    let delete = || {
        let rows_deleted = conn.execute(
            &format!(
                "DELETE FROM {} WHERE _rid > ? AND _rid <= ? AND _to <= ?",
                source.table
            ),
            params![rid_lo, wanted.rid_hi, after.seq],
        )?;
        let quirks_deleted = conn.execute(
            "DELETE FROM row_quirks \
             WHERE source_id = ? AND quirk_id > ? AND quirk_id <= ? AND closed_seq <= ?",
            params![source.id, quirk_lo, wanted.quirk_hi, after.seq],
        )?;
        Ok(Recovered {
            rows_deleted: rows_deleted as i64,
            quirks_deleted: quirks_deleted as i64,
            ..Recovered::default()
        })
    };
    let deleted = delete().doing("deleting the rows of a snapshot")?;
    if deleted.rows_deleted > 0 {
        let (rids, seqs) = (rid_lo + 1..=wanted.rid_hi, wanted.seq + 1..=after.seq);
        Epoch::Pruned { rids, seqs }.note(conn, &source.id)?;
    }
    Ok(deleted)
}

/// The bytes of the file's free pages.
fn free_bytes(conn: &Connection) -> Result<i64, RowsError> {
    let sql = "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size";
    conn.query_row(sql, [], |row| row.get(0))
        .doing("counting the free pages")
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
    undone(source, published.rid_hi, published.seq).note(conn, &source.id)?;
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

/// All rows above a rid are gone, and all closes beyond a seq.
fn undone(source: &Source, rid_hi: i64, seq: i64) -> Epoch {
    Epoch::Undone {
        rids: rid_hi + 1..=source.next_rid - 1,
        seqs: seq + 1..=source.next_seq - 1,
    }
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
    undone(source, 0, 0).note(conn, &source.id)?;
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
