//! The quirks of the incoming rows against those that are stored.

use super::super::cell::Cell;
use super::super::error::{Doing, RowsError};
use super::super::snapshot::Snapshot;
use super::super::source::{END, Source};
use super::super::spool::{Spool, damaged_spool};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// Stores the quirks that are new, closes those that are gone, and leaves alone those that did not
/// change. `noted` gives the rids of their rows. Returns the next free quirk id.
pub(super) fn write_quirks(
    conn: &Connection,
    source: &Source,
    previous: &Snapshot,
    quirks: Spool,
    noted: &HashMap<i64, Option<i64>>,
) -> Result<i64, RowsError> {
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
            return Err(source.damaged(format!("row {incoming} of the input has no rid")));
        };
        match unchanged(conn, previous, rid, data).doing("comparing quirks")? {
            Some(quirk_id) => kept.push(quirk_id),
            None => changed.push((rid, data.to_vec())),
        }
    }
    kept.sort_unstable();
    close_others(conn, source, previous, &kept).doing("closing quirks")?;
    insert(conn, source, &changed).doing("storing what rows looked like")
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

fn close_others(
    conn: &Connection,
    source: &Source,
    previous: &Snapshot,
    kept: &[i64],
) -> rusqlite::Result<()> {
    let gone: Vec<i64> = conn
        .prepare(
            "SELECT quirk_id FROM row_quirks \
             WHERE source_id = ? AND quirk_id <= ? AND +closed_seq > ?",
        )?
        .query_map(params![source.id, previous.quirk_hi, previous.seq], |row| {
            row.get(0)
        })?
        .filter(|id| !matches!(id, Ok(id) if kept.binary_search(id).is_ok()))
        .collect::<Result<_, _>>()?;
    let mut close = conn.prepare(&format!(
        "UPDATE row_quirks SET closed_seq = ? \
         WHERE source_id = ? AND quirk_id = ? AND closed_seq = {END}"
    ))?;
    for quirk_id in gone {
        close.execute(params![source.next_seq, source.id, quirk_id])?;
    }
    Ok(())
}

fn insert(conn: &Connection, source: &Source, quirks: &[(i64, Vec<u8>)]) -> rusqlite::Result<i64> {
    let mut insert = conn.prepare(&format!(
        "INSERT INTO row_quirks(source_id, quirk_id, rid, closed_seq, data) \
         VALUES (?, ?, ?, {END}, ?)"
    ))?;
    let mut next = source.next_quirk;
    for (rid, data) in quirks {
        insert.execute(params![source.id, next, rid, data])?;
        next += 1;
    }
    Ok(next)
}
