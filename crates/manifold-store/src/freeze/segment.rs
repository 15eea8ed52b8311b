//! Segments: database files that hold a tile each, in one table `rows`.

use std::ops::RangeInclusive;
use std::path::Path;

use rusqlite::Connection;

use super::copy::create;
use super::tile::{CLOSE_COLUMNS, closes_sql, read_tile, rows_sql};
use super::{Frozen, RowSource, TableDigest, TileCount, list, quoted};
use crate::StoreError;
use crate::rows::Cell;

/// The most rows of a segment.
const MOST_ROWS: i64 = 65_536;

/// Beyond so many bytes of cells a segment gets no more rows.
const MOST_BYTES: usize = 16 << 20;

/// A tile that was written into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The rids of its rows are among these, or the seqs of its closes. No others in the state that was read are.
    pub range: RangeInclusive<i64>,
    /// What is in it. There is no file when that is nothing.
    pub count: TileCount,
}

impl Frozen {
    /// Writes the published columns of the rows with these rids, up to a bounded number, into a database file at `path`,
    /// which must not exist. `each` is called for each row. It is not pressed onto the disk.
    ///
    /// # Errors
    /// What `each` returns, and [`StoreError`] by meaning; a part of the file is left then.
    pub fn write_rows<E: From<StoreError>>(
        &self,
        source: &RowSource,
        rids: &RangeInclusive<i64>,
        path: &Path,
        mut each: impl FnMut() -> Result<(), E>,
    ) -> Result<Segment, E> {
        let table = &source.table.name;
        let mut digest = TableDigest::of(table, &source.columns);
        let mut file =
            SegmentFile::new(path, &source.columns, "_rid INTEGER PRIMARY KEY, _pos REAL");
        let (mut rows, mut bytes, mut end) = (0, 0, *rids.end());
        let sql = rows_sql(table, &source.columns);
        read_tile(
            self.connection(),
            &sql,
            source.columns.len(),
            rids,
            |cells| {
                file.insert(cells)?;
                digest.row(cells);
                each()?;
                rows += 1;
                bytes += cells.iter().map(size).sum::<usize>();
                let more = rows < MOST_ROWS && bytes < MOST_BYTES;
                if let (false, Some(Cell::Int(rid))) = (more, cells.first()) {
                    end = *rid;
                }
                Ok::<_, E>(more)
            },
        )?;
        file.finish()?;
        Ok(Segment {
            range: *rids.start()..=end,
            count: digest.finish().into(),
        })
    }

    /// As [`Frozen::write_rows`], for what was closed with these seqs, all of it.
    ///
    /// # Errors
    /// As [`Frozen::write_rows`].
    pub fn write_closes<E: From<StoreError>>(
        &self,
        source: &RowSource,
        seqs: &RangeInclusive<i64>,
        path: &Path,
        mut each: impl FnMut() -> Result<(), E>,
    ) -> Result<Segment, E> {
        let table = &source.table.name;
        let columns = CLOSE_COLUMNS.map(str::to_owned);
        let mut digest = TableDigest::of(table, &columns);
        let mut file = SegmentFile::new(path, &columns, "_rid INTEGER PRIMARY KEY, _to INTEGER");
        let sql = closes_sql(table);
        read_tile(self.connection(), &sql, columns.len(), seqs, |cells| {
            file.insert(cells)?;
            digest.row(cells);
            each().map(|()| true)
        })?;
        file.finish()?;
        Ok(Segment {
            range: seqs.clone(),
            count: digest.finish().into(),
        })
    }
}

fn size(cell: &Cell<'_>) -> usize {
    match cell {
        Cell::Null => 1,
        Cell::Int(_) | Cell::Real(_) => 8,
        Cell::Text(bytes) | Cell::Blob(bytes) => bytes.len(),
    }
}

/// A file that is made with its first row.
pub(super) struct SegmentFile<'a> {
    path: &'a Path,
    make: String,
    insert: String,
    connection: Option<Connection>,
}

impl<'a> SegmentFile<'a> {
    /// `fixed` defines the first two columns; the others hold anything.
    fn new(path: &'a Path, columns: &[String], fixed: &str) -> Self {
        let others = columns.iter().skip(2).map(|column| anything(column));
        let all: Vec<String> = std::iter::once(fixed.to_owned()).chain(others).collect();
        Self::defined(path, columns, &all)
    }

    /// Every column holds anything.
    pub(super) fn of_anything(path: &'a Path, columns: &[String]) -> Self {
        let all: Vec<String> = columns.iter().map(|column| anything(column)).collect();
        Self::defined(path, columns, &all)
    }

    fn defined(path: &'a Path, columns: &[String], definitions: &[String]) -> Self {
        let marks = vec!["?"; columns.len()].join(",");
        Self {
            path,
            make: format!(
                "BEGIN; CREATE TABLE rows({}) STRICT",
                definitions.join(", ")
            ),
            insert: format!("INSERT INTO rows({}) VALUES ({marks})", list(columns)),
            connection: None,
        }
    }

    pub(super) fn insert(&mut self, cells: &[Cell<'_>]) -> Result<(), StoreError> {
        let path = self.path;
        let named = |error: rusqlite::Error| StoreError::from(error).at(path);
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let made = create(path)?;
                made.execute_batch(&self.make).map_err(named)?;
                none.insert(made)
            }
        };
        let mut statement = connection.prepare_cached(&self.insert).map_err(named)?;
        for (cell, at) in cells.iter().zip(1..) {
            statement.raw_bind_parameter(at, cell).map_err(named)?;
        }
        statement.raw_execute().map(drop).map_err(named)
    }

    pub(super) fn finish(self) -> Result<(), StoreError> {
        let named = |error: rusqlite::Error| StoreError::from(error).at(self.path);
        let Some(connection) = self.connection else {
            return Ok(());
        };
        connection.execute_batch("COMMIT").map_err(named)?;
        connection.close().map_err(|(_, error)| named(error))
    }
}

fn anything(column: &str) -> String {
    quoted(column) + " ANY"
}
