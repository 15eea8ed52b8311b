//! Many rows in one statement.

use super::error::{Doing, RowsError};
use super::original::QuirkShare;
use super::row::Row;
use super::source::{END, Source, column_list};
use crate::sqlite::Append;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement, params};

/// Rows per statement; more gains nothing.
const ROWS: usize = 64;
/// The most parameters of a statement, below SQLite's 32,766.
const PARAMETERS: usize = 32_000;
/// What the waiting rows may take, in bytes.
const WAITING_BYTES: usize = 8 << 20;

/// Appends rows to a new row table. Rows wait in a ring of buffers until they fill a statement.
pub(super) struct Load<'c> {
    conn: &'c Connection,
    source: Source,
    many: Append<'c>,
    one: Append<'c>,
    quirk: Statement<'c>,
    insert_at: String,
    ring: Vec<Row>,
    waiting: usize,
    bytes: usize,
    /// Rows that were inserted.
    pub(super) rows: i64,
    /// Quirks that were inserted.
    pub(super) quirks: i64,
    /// How many rows have one.
    pub(super) share: QuirkShare,
}

impl<'c> Load<'c> {
    /// Prepares appending rows with the columns `phys` to the row table of `source`; `share`: of the rows before.
    pub(super) fn prepare(
        conn: &'c Connection,
        source: &Source,
        phys: &[i64],
        share: QuirkShare,
    ) -> Result<Self, RowsError> {
        let (table, columns) = (source.table, column_list(phys.iter().copied()));
        let columns = &columns[1..];
        let row = format!("({})", vec!["?"; phys.len()].join(","));
        let rows = (PARAMETERS / phys.len()).clamp(1, ROWS);
        let insert = format!("INSERT INTO {table}({columns}) VALUES ");
        let append = |sql: &str| Append::prepare(conn, sql).doing("storing rows");
        Ok(Self {
            conn,
            many: append(&(insert.clone() + &vec![row.as_str(); rows].join(",")))?,
            one: append(&(insert + &row))?,
            quirk: conn
                .prepare(&format!(
                    "INSERT INTO row_quirks(source_id, quirk_id, rid, closed_seq, data) \
                     VALUES (?, ?, ?, {END}, ?)"
                ))
                .doing("storing rows")?,
            insert_at: format!(
                "INSERT INTO {table}(_rid, {columns}) VALUES (?, {}",
                &row[1..]
            ),
            source: source.clone(),
            ring: vec![Row::new(); rows],
            waiting: 0,
            bytes: 0,
            rows: 0,
            quirks: 0,
            share,
        })
    }

    /// Whether the waiting rows must be inserted before another is added.
    pub(super) fn is_full(&self) -> bool {
        self.waiting == self.ring.len() || self.bytes > WAITING_BYTES
    }

    /// The row to fill next; only valid while the load is not full.
    pub(super) fn blank(&mut self) -> &mut Row {
        &mut self.ring[self.waiting]
    }

    /// Adds the row that was filled.
    pub(super) fn keep(&mut self) {
        self.bytes += self.ring[self.waiting].heap_bytes();
        self.waiting += 1;
    }

    /// How many rows wait.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting as u64
    }

    /// Inserts the rows that wait.
    pub(super) fn insert(&mut self) -> Result<(), RowsError> {
        let first = self.source.next_rid + self.rows;
        self.insert_rows(first).doing("storing rows")?;
        for (row, rid) in self.ring[..self.waiting].iter().zip(first..) {
            let Some(data) = &row.quirk else { continue };
            self.share.count(rid + 1 - self.source.next_rid);
            if self.share.keeps_quirks() {
                let id = self.source.next_quirk + self.quirks;
                self.quirk
                    .execute(params![self.source.id, id, rid, data])
                    .doing("storing what rows looked like")?;
                self.quirks += 1;
            }
        }
        self.rows += self.waiting as i64;
        self.waiting = 0;
        self.bytes = 0;
        Ok(())
    }

    fn insert_rows(&mut self, first: i64) -> rusqlite::Result<()> {
        let mut rows = &self.ring[..self.waiting];
        // In an empty table SQLite numbers from 1; numbers given out before must not come again.
        if self.rows == 0
            && first > 1
            && let Some((row, rest)) = rows.split_first()
        {
            let rid = std::iter::once(ValueRef::Integer(first));
            Append::prepare(self.conn, &self.insert_at)?.run(rid.chain(values(row)))?;
            rows = rest;
        }
        if rows.len() == self.ring.len() {
            self.many.run(rows.iter().flat_map(values))?;
        } else {
            for row in rows {
                self.one.run(values(row))?;
            }
        }
        Ok(())
    }

    /// Checks that SQLite numbered the rows without a gap.
    pub(super) fn check(&self) -> Result<(), RowsError> {
        let last: Option<i64> = self
            .conn
            .query_row(
                &format!("SELECT max(_rid) FROM {}", self.source.table),
                [],
                |row| row.get(0),
            )
            .doing("checking the stored rows")?;
        let expected = self.source.next_rid - 1 + self.rows;
        if last.unwrap_or(self.source.next_rid - 1) == expected {
            Ok(())
        } else {
            Err(self.source.damaged(format!(
                "its rows should end with {expected} and end with {}",
                last.unwrap_or_default()
            )))
        }
    }
}

#[inline]
fn values(row: &Row) -> impl Iterator<Item = ValueRef<'_>> {
    row.cells().map(ValueRef::from)
}
