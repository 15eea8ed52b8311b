//! Whether columns identify the rows of a source.

use super::error::{Doing, RowsError};
use super::snapshot::{Column, Snapshot};
use super::view_cell::shown;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// Rows that have their values in some columns in common with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    /// How many rows repeat the values of an earlier row.
    pub rows: i64,
    /// Values that are repeated, one for each of the columns; `None` is NULL.
    pub example: Vec<Option<String>>,
}

/// Looks whether no two rows of a snapshot have equal values in all of these columns. Rows without a value are equal.
///
/// It reads every row of the snapshot, and sorts in temporary files.
///
/// # Errors
/// [`RowsError::Sqlite`].
pub fn repeated(
    conn: &Connection,
    snapshot: &Snapshot,
    columns: &[Column],
) -> Result<Option<Repeated>, RowsError> {
    let cells: Vec<_> = columns
        .iter()
        .map(|column| format!("c{}", column.phys))
        .collect();
    let sql = format!(
        "SELECT sum(n - 1), min(first) FROM (SELECT count(*) AS n, min(_rid) AS first FROM {} d \
         WHERE _rid <= ?1 AND _to > ?2 GROUP BY {} HAVING count(*) > 1)",
        snapshot.table,
        cells.join(", ")
    );
    let (rows, first): (Option<i64>, Option<i64>) = conn
        .query_row(&sql, [snapshot.rid_hi, snapshot.seq], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .doing("comparing the values of the key")?;
    let (Some(rows), Some(first)) = (rows, first) else {
        return Ok(None);
    };
    let shown: Vec<_> = columns.iter().map(shown).collect();
    let sql = format!(
        "SELECT {} FROM {} d WHERE d._rid = ?1",
        shown.join(", "),
        snapshot.table
    );
    let example = conn
        .query_row(&sql, [first], |row| {
            (0..columns.len())
                .map(|at| row.get_ref(at).map(text))
                .collect()
        })
        .doing("reading a row")?;
    Ok(Some(Repeated { rows, example }))
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}
