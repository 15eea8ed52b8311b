//! The quirks of the incoming rows against those that are stored.

use super::super::cell::Cell;
use super::super::error::{Doing, ImportError, RowsError};
use super::super::snapshot::Snapshot;
use super::super::sorter::Sorter;
use super::super::source::{END, Source};
use super::super::spool::{Scratch, Spool, damaged_spool};
use super::super::words::WordList;
use super::batches::Batches;
use super::noted::Noted;
use rusqlite::{Connection, OptionalExtension, params};

/// Stores the quirks that are new, closes those that are gone, and leaves alone those that did not
/// change. `noted` gives the rids of their rows. Returns the next free quirk id.
pub(super) fn write_quirks(
    batches: &mut Batches<'_, '_, '_>,
    source: &Source,
    previous: &Snapshot,
    quirks: Spool,
    noted: &Noted,
    scratch: &Scratch,
) -> Result<i64, ImportError> {
    let conn = batches.conn();
    let mut kept = Sorter::new(scratch);
    let mut changed = Spool::new(scratch);
    let mut repacked = Vec::new();
    let mut rids = noted.rids();
    let mut reader = quirks.into_reader()?;
    while let Some(mut packed) = reader.next()? {
        let (Some(Cell::Int(incoming)), Some(Cell::Blob(data))) =
            (Cell::unpack(&mut packed), Cell::unpack(&mut packed))
        else {
            return Err(damaged_spool().into());
        };
        let Some(rid) = rids.of(incoming)? else {
            let what = format!("row {incoming} of the input has no rid");
            return Err(source.damaged(what).into());
        };
        match unchanged(conn, previous, rid, data).doing("comparing quirks")? {
            Some(quirk_id) => kept.push([quirk_id.cast_unsigned()])?,
            None => {
                repacked.clear();
                Cell::Int(rid).pack(&mut repacked);
                Cell::Blob(data).pack(&mut repacked);
                changed.push(&repacked)?;
            }
        }
    }
    let gone = others(conn, previous, kept, scratch)?;
    close(batches, source, &gone)?;
    insert(batches, source, changed)
}

/// The id of the quirk that `rid` has with the same data.
fn unchanged(
    conn: &Connection,
    previous: &Snapshot,
    rid: i64,
    data: &[u8],
) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached(
        "SELECT quirk_id FROM row_quirks WHERE source_id = ?1 AND rid = ?2 \
         AND +quirk_id <= ?3 AND +closed_seq > ?4 AND data = ?5",
    )?
    .query_row(
        params![
            previous.source_id,
            rid,
            previous.quirk_hi,
            previous.seq,
            data
        ],
        |row| row.get(0),
    )
    .optional()
}

/// The quirks of `previous` that are not kept.
fn others(
    conn: &Connection,
    previous: &Snapshot,
    kept: Sorter<1>,
    scratch: &Scratch,
) -> Result<WordList<1>, RowsError> {
    const DOING: &str = "closing quirks";
    let mut gone = WordList::new(scratch);
    let mut kept = kept.sort()?;
    let mut next_kept = kept.next()?;
    let mut statement = conn
        .prepare(
            "SELECT quirk_id FROM row_quirks \
             WHERE source_id = ? AND quirk_id <= ? AND +closed_seq > ? ORDER BY quirk_id",
        )
        .doing(DOING)?;
    let bounds = params![previous.source_id, previous.quirk_hi, previous.seq];
    let mut rows = statement.query(bounds).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        let quirk_id: i64 = row.get(0).doing(DOING)?;
        let quirk = Some([quirk_id.cast_unsigned()]);
        while next_kept.is_some() && next_kept < quirk {
            next_kept = kept.next()?;
        }
        if let Some(quirk) = quirk.filter(|_| next_kept != quirk) {
            gone.push(quirk)?;
        }
    }
    Ok(gone)
}

fn close(
    batches: &mut Batches<'_, '_, '_>,
    source: &Source,
    gone: &WordList<1>,
) -> Result<(), ImportError> {
    let sql = format!(
        "UPDATE row_quirks SET closed_seq = ? \
         WHERE source_id = ? AND quirk_id = ? AND closed_seq = {END}"
    );
    let mut close = batches.conn().prepare(&sql).doing("closing quirks")?;
    let mut gone = gone.reader();
    while let Some([quirk_id]) = gone.next()? {
        close
            .execute(params![source.next_seq, source.id, quirk_id.cast_signed()])
            .doing("closing quirks")?;
        batches.wrote()?;
    }
    Ok(())
}

fn insert(
    batches: &mut Batches<'_, '_, '_>,
    source: &Source,
    quirks: Spool,
) -> Result<i64, ImportError> {
    let doing = "storing what rows looked like";
    let sql = format!(
        "INSERT INTO row_quirks(source_id, quirk_id, rid, closed_seq, data) \
         VALUES (?, ?, ?, {END}, ?)"
    );
    let mut insert = batches.conn().prepare(&sql).doing(doing)?;
    let mut next = source.next_quirk;
    let mut quirks = quirks.into_reader()?;
    while let Some(mut packed) = quirks.next()? {
        let mut cell = || Cell::unpack(&mut packed).ok_or_else(damaged_spool);
        let (rid, data) = (cell()?, cell()?);
        insert
            .execute(params![source.id, next, rid, data])
            .doing(doing)?;
        next += 1;
        batches.wrote()?;
    }
    Ok(next)
}
