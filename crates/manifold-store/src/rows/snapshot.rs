//! Snapshots as the catalogue describes them.

use super::error::{Doing, RowsError};
use super::source::RowTable;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row};

/// One published version of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The id.
    pub id: String,
    /// The source it is a version of.
    pub source_id: String,
    /// The job that made it, of those that jobs made.
    pub job_id: Option<String>,
    /// The public number, from 1 per source, never reused.
    pub number: i64,
    /// A row is in the snapshot if its rid is at most this and its `_to` is above [`Self::seq`].
    pub rid_hi: i64,
    /// See [`Self::rid_hi`].
    pub seq: i64,
    /// As [`Self::rid_hi`], for quirks.
    pub quirk_hi: i64,
    /// The stored order that holds for the rows; `None` while they stand in natural order, apart from those with a
    /// position.
    pub order_id: Option<i64>,
    /// The numbers of rows.
    pub counts: Counts,
    /// The identity of the input's bytes.
    pub input_hash: String,
    /// The length of the input, in bytes.
    pub input_bytes: i64,
    /// How the input's bytes were written; opaque.
    pub dialect: serde_json::Value,
    /// When the snapshot was taken.
    pub taken_at: DateTime<Utc>,
    /// The columns, in the input's order.
    pub columns: Vec<Column>,
    /// The table that holds the rows.
    pub(super) table: RowTable,
}

/// What an import did to the rows of a source, in rows unless stated otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows in the snapshot.
    pub row_count: i64,
    /// Rows that the snapshot before does not have.
    pub added: i64,
    /// Rows that only the snapshot before has.
    pub removed: i64,
    /// Rows with the same key and other values; 0 without a key.
    pub changed: i64,
    /// Rows with the same values that stand elsewhere: those that do not keep their order, while as many as can do.
    pub moved: i64,
    /// Records that are no rows.
    pub rejected: i64,
    /// Rows that were shorter than the header and were filled with NULL.
    pub padded: i64,
    /// Cells that do not conform to the type of their column.
    pub odd_cells: i64,
}

/// A column of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The number of the stored column, `c{phys}`. It stays the same when the column is renamed,
    /// and is never given to another column.
    pub phys: i64,
    /// The name that is shown.
    pub name: String,
    /// `empty`, `integer`, `real`, `decimal`, `boolean`, `date`, `time`, `timestamp` or `text`.
    pub column_type: String,
    /// The format of the type.
    pub format: Option<String>,
    /// How the cells are stored; see [`super::Records`].
    pub encoding: String,
    /// `minimal`, `nonempty` or `always`.
    pub quoting: String,
    /// Cells that do not conform to the type.
    pub odd_cells: i64,
    /// Cells that are one of these are shown as NULL.
    pub null_tokens: Vec<String>,
}

const SELECT: &str = "SELECT s.id, s.source_id, s.number, s.rid_hi, s.seq, s.quirk_hi, s.row_count, \
     s.added, s.removed, s.changed, s.moved, s.rejected, s.padded, s.odd_cells, s.input_hash, \
     s.input_bytes, s.dialect, s.taken_at, d.row_table, s.order_id, s.job_id \
     FROM snapshots s JOIN data_sources d ON d.id = s.source_id";

/// The snapshot with this id.
///
/// # Errors
/// [`RowsError::NoSnapshot`], [`RowsError::Damaged`] and [`RowsError::Sqlite`].
pub fn snapshot(conn: &Connection, id: &str) -> Result<Snapshot, RowsError> {
    one(conn, "WHERE s.id = ?", &[&id])?.ok_or_else(|| RowsError::NoSnapshot { id: id.to_owned() })
}

/// The latest snapshot of a source; `None` while the source is empty.
///
/// # Errors
/// [`RowsError::Damaged`] and [`RowsError::Sqlite`].
pub fn latest(conn: &Connection, source_id: &str) -> Result<Option<Snapshot>, RowsError> {
    let at = "JOIN published p ON p.snapshot_id = s.id WHERE p.source_id = ?";
    one(conn, at, &[&source_id])
}

/// The snapshot of the same source before this one, of those that are left.
///
/// # Errors
/// [`RowsError::Damaged`] and [`RowsError::Sqlite`].
pub fn before(conn: &Connection, snapshot: &Snapshot) -> Result<Option<Snapshot>, RowsError> {
    previous(conn, &snapshot.source_id, snapshot.seq)
}

/// The snapshot before the one with this seq.
pub(super) fn previous(
    conn: &Connection,
    source_id: &str,
    seq: i64,
) -> Result<Option<Snapshot>, RowsError> {
    let at = "WHERE s.source_id = ? AND s.seq < ? ORDER BY s.seq DESC LIMIT 1";
    one(conn, at, &[&source_id, &seq])
}

/// The snapshot behind the one with this seq.
pub(super) fn next(
    conn: &Connection,
    source_id: &str,
    seq: i64,
) -> Result<Option<Snapshot>, RowsError> {
    let at = "WHERE s.source_id = ? AND s.seq > ? ORDER BY s.seq LIMIT 1";
    one(conn, at, &[&source_id, &seq])
}

/// The snapshot that a step of a job has published.
///
/// # Errors
/// [`RowsError`] as it says.
pub fn published_by(
    conn: &Connection,
    job_id: &str,
    step: &str,
) -> Result<Option<Snapshot>, RowsError> {
    one(
        conn,
        "WHERE s.job_id = ? AND s.job_step = ?",
        &[&job_id, &step],
    )
}

fn one(
    conn: &Connection,
    at: &str,
    parameters: &[&dyn rusqlite::ToSql],
) -> Result<Option<Snapshot>, RowsError> {
    let found = conn
        .prepare_cached(&format!("{SELECT} {at}"))
        .and_then(|mut statement| {
            statement
                .query_row(parameters, |row| Ok((from_row(row)?, row.get(16)?)))
                .optional()
        })
        .doing("reading the snapshot")?;
    let Some((mut snapshot, dialect)) = found else {
        return Ok(None);
    };
    let dialect: String = dialect;
    snapshot.dialect = serde_json::from_str(&dialect).map_err(|error| RowsError::Damaged {
        source_id: snapshot.source_id.clone(),
        what: format!(
            "the dialect of snapshot {} is not JSON: {error}",
            snapshot.number
        ),
    })?;
    snapshot.columns = columns(conn, &snapshot.id)?;
    Ok(Some(snapshot))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Snapshot> {
    Ok(Snapshot {
        id: row.get(0)?,
        source_id: row.get(1)?,
        job_id: row.get(20)?,
        number: row.get(2)?,
        rid_hi: row.get(3)?,
        seq: row.get(4)?,
        quirk_hi: row.get(5)?,
        order_id: row.get(19)?,
        counts: Counts {
            row_count: row.get(6)?,
            added: row.get(7)?,
            removed: row.get(8)?,
            changed: row.get(9)?,
            moved: row.get(10)?,
            rejected: row.get(11)?,
            padded: row.get(12)?,
            odd_cells: row.get(13)?,
        },
        input_hash: row.get(14)?,
        input_bytes: row.get(15)?,
        dialect: serde_json::Value::Null,
        taken_at: time(row, 17)?,
        columns: Vec::new(),
        table: RowTable(row.get(18)?),
    })
}

/// A time as the catalogue's entities store it.
fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<DateTime<Utc>> {
    let text: String = row.get(index)?;
    DateTime::parse_from_rfc3339(&text)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                index,
                rusqlite::types::Type::Text,
                Box::new(error),
            )
        })
}

/// A list of tokens as the catalogue's entities store it; NULL is none.
fn null_tokens(row: &Row<'_>, index: usize) -> rusqlite::Result<Vec<String>> {
    let Some(text) = row.get::<_, Option<String>>(index)? else {
        return Ok(Vec::new());
    };
    serde_json::from_str(&text).map_err(|error| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(index, kind, Box::new(error))
    })
}

fn columns(conn: &Connection, snapshot_id: &str) -> Result<Vec<Column>, RowsError> {
    let read = || {
        conn.prepare_cached(
            "SELECT phys, name, type, format, encoding, quoting, odd_cells, null_tokens \
             FROM snapshot_columns WHERE snapshot_id = ? ORDER BY ord",
        )?
        .query_map([snapshot_id], |row| {
            Ok(Column {
                phys: row.get(0)?,
                name: row.get(1)?,
                column_type: row.get(2)?,
                format: row.get(3)?,
                encoding: row.get(4)?,
                quoting: row.get(5)?,
                odd_cells: row.get(6)?,
                null_tokens: null_tokens(row, 7)?,
            })
        })?
        .collect::<Result<Vec<_>, _>>()
    };
    read().doing("reading the snapshot's columns")
}
