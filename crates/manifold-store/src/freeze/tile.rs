//! A tile: the rows of a table with rids from one number to another, or what was closed from one seq to another.

use std::ops::RangeInclusive;

use entity_core::TableCount;
use rusqlite::Connection;

use super::{Frozen, TableDigest, list, quoted};
use crate::StoreError;
use crate::rows::Cell;

/// The columns of a tile of closes.
pub(crate) const CLOSE_COLUMNS: [&str; 2] = ["_rid", "_to"];

/// What is in a tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileCount {
    /// How many rows it has, or closes.
    pub rows: i64,
    /// Their logical hash; see [`TableDigest`].
    pub hash: String,
}

impl From<TableCount> for TileCount {
    fn from(count: TableCount) -> Self {
        Self {
            rows: count.rows,
            hash: count.hash,
        }
    }
}

impl Frozen {
    /// What `columns` of the rows with these rids hold. `each` is called for each row.
    ///
    /// # Errors
    /// What `each` returns, and [`StoreError`] by meaning.
    pub fn digest_rows<E: From<StoreError>>(
        &self,
        table: &str,
        columns: &[String],
        rids: &RangeInclusive<i64>,
        each: impl FnMut() -> Result<(), E>,
    ) -> Result<TileCount, E> {
        row_digest(self.connection(), table, columns, rids, each)
    }

    /// How many rows there are with these rids.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn count_rows(&self, table: &str, rids: &RangeInclusive<i64>) -> Result<i64, StoreError> {
        let sql = format!(
            "SELECT count(*) FROM {} WHERE _rid BETWEEN ?1 AND ?2",
            quoted(table)
        );
        let range = [rids.start(), rids.end()];
        Ok(self.connection().query_row(&sql, range, |row| row.get(0))?)
    }

    /// Whether any of `columns` has a value in the rows with these rids.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn has_values(
        &self,
        table: &str,
        columns: &[&String],
        rids: &RangeInclusive<i64>,
    ) -> Result<bool, StoreError> {
        if columns.is_empty() {
            return Ok(false);
        }
        let any: Vec<String> = columns
            .iter()
            .map(|column| format!("{} IS NOT NULL", quoted(column)))
            .collect();
        // One after the other, as SQLite does not nest a thousand.
        for some in any.chunks(500) {
            let sql = format!(
                "SELECT EXISTS(SELECT 1 FROM {} WHERE _rid BETWEEN ?1 AND ?2 AND ({}))",
                quoted(table),
                some.join(" OR ")
            );
            let range = [rids.start(), rids.end()];
            if self.connection().query_row(&sql, range, |row| row.get(0))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What was closed with these seqs. `each` is called for each close.
    ///
    /// # Errors
    /// What `each` returns, and [`StoreError`] by meaning.
    pub fn digest_closes<E: From<StoreError>>(
        &self,
        table: &str,
        seqs: &RangeInclusive<i64>,
        each: impl FnMut() -> Result<(), E>,
    ) -> Result<TileCount, E> {
        close_digest(self.connection(), table, seqs, each)
    }
}

/// See [`Frozen::digest_rows`].
pub(crate) fn row_digest<E: From<StoreError>>(
    connection: &Connection,
    table: &str,
    columns: &[String],
    rids: &RangeInclusive<i64>,
    mut each: impl FnMut() -> Result<(), E>,
) -> Result<TileCount, E> {
    let mut digest = TableDigest::of(table, columns);
    read_tile(
        connection,
        &rows_sql(table, columns),
        columns.len(),
        rids,
        |cells| {
            digest.row(cells);
            each().map(|()| true)
        },
    )?;
    Ok(digest.finish().into())
}

/// See [`Frozen::digest_closes`].
pub(crate) fn close_digest<E: From<StoreError>>(
    connection: &Connection,
    table: &str,
    seqs: &RangeInclusive<i64>,
    mut each: impl FnMut() -> Result<(), E>,
) -> Result<TileCount, E> {
    let columns = CLOSE_COLUMNS.map(str::to_owned);
    let mut digest = TableDigest::of(table, &columns);
    read_tile(
        connection,
        &closes_sql(table),
        columns.len(),
        seqs,
        |cells| {
            digest.row(cells);
            each().map(|()| true)
        },
    )?;
    Ok(digest.finish().into())
}

/// Reads the rows of a tile in their order.
pub(super) fn rows_sql(table: &str, columns: &[String]) -> String {
    format!(
        "SELECT {} FROM {} WHERE _rid BETWEEN ?1 AND ?2 ORDER BY _rid",
        list(columns),
        quoted(table)
    )
}

/// Reads the closes of a tile in the order of the index that finds them.
pub(super) fn closes_sql(table: &str) -> String {
    format!(
        "SELECT _rid, _to FROM {} WHERE _to < 8388607 AND _to BETWEEN ?1 AND ?2 ORDER BY _to, _rid",
        quoted(table)
    )
}

/// Hands each row of a query over two numbers to `each`, until that says `false`.
pub(super) fn read_tile<E: From<StoreError>>(
    connection: &Connection,
    sql: &str,
    width: usize,
    range: &RangeInclusive<i64>,
    mut each: impl FnMut(&[Cell<'_>]) -> Result<bool, E>,
) -> Result<(), E> {
    let failed = |error: rusqlite::Error| E::from(StoreError::from(error));
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let mut rows = statement
        .query([range.start(), range.end()])
        .map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let mut cells = Vec::with_capacity(width);
        for index in 0..width {
            cells.push(Cell::from(row.get_ref(index).map_err(failed)?));
        }
        if !each(&cells)? {
            break;
        }
    }
    Ok(())
}
