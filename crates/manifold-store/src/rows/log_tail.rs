//! Rows with a position, read from the end of the log.

use super::snapshot::Snapshot;
use rusqlite::Connection;

/// How many rows of the log are read in the time of one look-up through an index.
const ROWS_PER_LOOKUP: i64 = 8;

/// From which rid on the rows of a snapshot with a position stand, if reading the log from there is quicker than to find each through
/// the index on positions.
pub(super) fn begin(conn: &Connection, snapshot: &Snapshot) -> rusqlite::Result<Option<i64>> {
    let table = snapshot.table;
    let (rows, first): (i64, Option<i64>) = conn.query_row(
        &format!(
            "SELECT count(*), min(_rid) FROM {table} INDEXED BY {table}_pos WHERE _pos IS NOT NULL"
        ),
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(first.filter(|first| snapshot.rid_hi - first < rows * ROWS_PER_LOOKUP))
}

/// The query for the rows of a snapshot with a position, in one scan of the end of the log from `first` on, sorted by position in
/// SQLite's temporary files. Rows get positions in later imports, so they all stand behind the first one's rows.
///
/// It has the parameters of the query through the index.
pub(super) fn query(snapshot: &Snapshot, columns: &str, first: i64) -> String {
    let table = snapshot.table;
    format!(
        "SELECT _pos, _rid{columns} FROM {table} NOT INDEXED \
         WHERE _rid >= {first} AND _rid > ?5 AND _rid <= ?1 AND _pos IS NOT NULL AND +_to > ?2 \
         AND _pos >= ?3 AND (_pos > ?3 OR _rid > ?4) ORDER BY _pos, _rid"
    )
}
