//! The quirks of the incoming rows against those that are stored.

use super::super::cell::Cell;
use super::super::error::{Doing, ImportError};
use super::super::snapshot::Snapshot;
use super::super::source::{END, Source};
use super::super::spool::{Spool, damaged_spool};
use super::batches::Batches;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// Stores the quirks that are new, closes those that are gone, and leaves alone those that did not
/// change. `noted` gives the rids of their rows. Returns the next free quirk id.
pub(super) fn write_quirks(
    batches: &mut Batches<'_, '_, '_>,
    source: &Source,
    previous: &Snapshot,
    quirks: Spool,
    noted: &HashMap<i64, Option<i64>>,
) -> Result<i64, ImportError> {
    let conn = batches.conn();
    let mut kept: Vec<i64> = Vec::new();
    let mut changed: Vec<(i64, Vec<u8>)> = Vec::new();
    let mut reader = quirks.into_reader()?;
    while let Some(mut packed) = reader.next()? {
        let (Some(Cell::Int(incoming)), Some(Cell::Blob(data))) =
            (Cell::unpack(&mut packed), Cell::unpack(&mut packed))
        else {
            return Err(damaged_spool().into());
        };
        let Some(&Some(rid)) = noted.get(&incoming) else {
            let what = format!("row {incoming} of the input has no rid");
            return Err(source.damaged(what).into());
        };
        match unchanged(conn, previous, rid, data).doing("comparing quirks")? {
            Some(quirk_id) => kept.push(quirk_id),
            None => changed.push((rid, data.to_vec())),
        }
    }
    kept.sort_unstable();
    let gone = others(conn, source, previous, &kept).doing("closing quirks")?;
    close(batches, source, &gone)?;
    insert(batches, source, &changed)
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
    source: &Source,
    previous: &Snapshot,
    kept: &[i64],
) -> rusqlite::Result<Vec<i64>> {
    conn.prepare(
        "SELECT quirk_id FROM row_quirks \
         WHERE source_id = ? AND quirk_id <= ? AND +closed_seq > ?",
    )?
    .query_map(params![source.id, previous.quirk_hi, previous.seq], |row| {
        row.get(0)
    })?
    .filter(|id| !matches!(id, Ok(id) if kept.binary_search(id).is_ok()))
    .collect()
}

fn close(
    batches: &mut Batches<'_, '_, '_>,
    source: &Source,
    gone: &[i64],
) -> Result<(), ImportError> {
    let sql = format!(
        "UPDATE row_quirks SET closed_seq = ? \
         WHERE source_id = ? AND quirk_id = ? AND closed_seq = {END}"
    );
    let mut close = batches.conn().prepare(&sql).doing("closing quirks")?;
    for quirk_id in gone {
        close
            .execute(params![source.next_seq, source.id, quirk_id])
            .doing("closing quirks")?;
        batches.wrote()?;
    }
    Ok(())
}

fn insert(
    batches: &mut Batches<'_, '_, '_>,
    source: &Source,
    quirks: &[(i64, Vec<u8>)],
) -> Result<i64, ImportError> {
    let doing = "storing what rows looked like";
    let sql = format!(
        "INSERT INTO row_quirks(source_id, quirk_id, rid, closed_seq, data) \
         VALUES (?, ?, ?, {END}, ?)"
    );
    let mut insert = batches.conn().prepare(&sql).doing(doing)?;
    let mut next = source.next_quirk;
    for (rid, data) in quirks {
        insert
            .execute(params![source.id, next, rid, data])
            .doing(doing)?;
        next += 1;
        batches.wrote()?;
    }
    Ok(next)
}
