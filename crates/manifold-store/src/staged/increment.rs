//! Fills a spoke from a catalogue file and from segments.
//!
//! The files come from outside: nothing of their schema is run or taken over; cells are read, one row at a time.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::builder::StagedBuilder;
use super::tables::Tables;
use super::{StagedError, TableLoad};
use crate::StoreError;
use crate::freeze::{CLOSE_COLUMNS, Table, list, quoted, row_table_number};
use crate::rows::Cell;
use crate::sqlite;

impl StagedBuilder {
    /// Takes over the rows of every table of the catalogue from a database file. `each` is called for each row.
    ///
    /// # Errors
    /// [`StagedError::Foreign`] when it lacks a table; what `each` returns; others by meaning.
    pub fn load_catalogue<E: From<StagedError>>(
        &mut self,
        path: &Path,
        mut each: impl FnMut() -> Result<(), E>,
    ) -> Result<(), E> {
        let from = SourceFile::open(path)?;
        for Table { name, columns, .. } in self.begun()?.unfilled() {
            from.require(&name, &columns)?;
            let mut load = self.table(&name, &columns)?;
            from.read(&name, &columns, &mut load, &mut each)?;
        }
        Ok(())
    }

    /// Puts a part into a table of the catalogue, behind [`StagedBuilder::load_catalogue`]. `each` is called for each row.
    ///
    /// # Errors
    /// [`StagedError::Table`] for a table without parts, or rows that are there already; [`StagedError::Foreign`] when the
    /// file is no such part; what `each` returns; others by meaning.
    pub fn load_part<E: From<StagedError>>(
        &mut self,
        table: &str,
        segment: &Path,
        each: impl FnMut() -> Result<(), E>,
    ) -> Result<(), E> {
        let from = SourceFile::open(segment)?;
        let tables = self.begun()?;
        let columns = tables.filled(table)?.columns.clone();
        from.require("rows", &columns)?;
        let mut load = tables.load_more(table)?;
        from.read("rows", &columns, &mut load, each)
    }

    /// Makes an empty table of rows.
    ///
    /// # Errors
    /// [`StagedError::Table`] for a name or columns that no such table has, or when it is there already.
    pub fn begin_rows(&mut self, table: &str, columns: &[String]) -> Result<(), StagedError> {
        match row_table_number(table) {
            Some(_) => self.table(table, columns).map(drop),
            None => Err(StagedError::Table {
                table: table.to_owned(),
                reason: "it is no name of a table of rows".to_owned(),
            }),
        }
    }

    /// Puts the rows of a segment into a table of rows that was begun. `each` is called for each row.
    ///
    /// # Errors
    /// [`StagedError::Table`] for rows that are there already; [`StagedError::Foreign`] when the file is no segment of rows;
    /// what `each` returns; others by meaning.
    pub fn load_rows<E: From<StagedError>>(
        &mut self,
        table: &str,
        segment: &Path,
        each: impl FnMut() -> Result<(), E>,
    ) -> Result<(), E> {
        let from = SourceFile::open(segment)?;
        let columns = from.columns("rows")?;
        let tables = self.begun()?;
        let known = tables.rows_of(table)?;
        let fits = |column: &String| column != "_to" && known.columns.contains(column);
        if !columns.iter().any(|column| column == "_rid") || !columns.iter().all(fits) {
            return Err(from.foreign("its columns are not those of the rows").into());
        }
        let mut load = tables.load(table, &columns)?;
        from.read("rows", &columns, &mut load, each)
    }

    /// Closes rows of a table of rows as a segment says. Those that are not there are passed over. `each` is called for each.
    ///
    /// # Errors
    /// [`StagedError::Foreign`] when the file is no segment of closes; what `each` returns; others by meaning.
    pub fn close_rows<E: From<StagedError>>(
        &mut self,
        table: &str,
        segment: &Path,
        mut each: impl FnMut() -> Result<(), E>,
    ) -> Result<(), E> {
        let from = SourceFile::open(segment)?;
        let columns = CLOSE_COLUMNS.map(str::to_owned);
        from.require("rows", &columns)?;
        let tables = self.begun()?;
        tables.rows_of(table)?;
        let sql = format!(
            "UPDATE {} SET _to = ?2 WHERE _rid = ?1 AND _to = 8388607",
            quoted(table)
        );
        let failed = |error: rusqlite::Error| E::from(StagedError::from(StoreError::from(error)));
        let mut close = tables.connection().prepare(&sql).map_err(failed)?;
        from.rows("rows", &columns, |cells| {
            close.execute(params_from_iter(cells)).map_err(failed)?;
            each()
        })
    }

    /// Deletes every row that no snapshot shows: snapshots that had them were deleted since their segments were made.
    ///
    /// # Errors
    /// [`StagedError::Store`].
    pub fn drop_unshown(&mut self) -> Result<(), StagedError> {
        let tables = self.begun()?;
        for table in tables.rows() {
            drop_unshown(tables.connection(), &table.name).map_err(StoreError::from)?;
        }
        Ok(())
    }

    fn begun(&self) -> Result<&Tables, StagedError> {
        self.tables().ok_or_else(|| StagedError::Table {
            table: "rows".to_owned(),
            reason: "the whole file was written before".to_owned(),
        })
    }
}

fn drop_unshown(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    let snapshots: Vec<(i64, i64)> = connection
        .prepare(
            "SELECT s.rid_hi, s.seq FROM data_sources d JOIN snapshots s ON s.source_id = d.id \
             WHERE d.row_table = ? ORDER BY s.seq",
        )?
        .query_map([row_table_number(table)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let table = quoted(table);
    let mut unshown = connection.prepare(&format!(
        "DELETE FROM {table} WHERE _rid > ?1 AND _rid <= ?2 AND _to <= ?3"
    ))?;
    let mut before = 0;
    for (rid_hi, seq) in snapshots {
        // The first snapshot that may show these rows; the later ones show fewer of them.
        unshown.execute([before, rid_hi, seq])?;
        before = rid_hi;
    }
    connection.execute(&format!("DELETE FROM {table} WHERE _rid > ?"), [before])?;
    Ok(())
}

/// A database file from outside.
struct SourceFile<'a> {
    path: &'a Path,
    connection: Connection,
}

impl<'a> SourceFile<'a> {
    fn open(path: &'a Path) -> Result<Self, StagedError> {
        let open = || -> rusqlite::Result<Connection> {
            let connection = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            connection.execute_batch(
                "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; \
                 PRAGMA locking_mode = EXCLUSIVE",
            )?;
            Ok(connection)
        };
        let connection = open().map_err(|error| StoreError::from(error).at(path))?;
        Ok(Self { path, connection })
    }

    fn foreign(&self, reason: impl Into<String>) -> StagedError {
        StagedError::Foreign {
            path: self.path.to_owned(),
            reason: reason.into(),
        }
    }

    /// The columns of a table; none when there is no plain table with that name.
    fn columns(&self, table: &str) -> Result<Vec<String>, StagedError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut select = self.connection.prepare(
                "SELECT c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND t.rootpage > 0 AND t.name = ? ORDER BY c.cid",
            )?;
            select.query_map([table], |row| row.get(0))?.collect()
        };
        Ok(read().map_err(|error| StoreError::from(error).at(self.path))?)
    }

    fn require(&self, table: &str, columns: &[String]) -> Result<(), StagedError> {
        if self.columns(table)? == columns {
            return Ok(());
        }
        Err(self.foreign(format!("its table `{table}` is missing, or another")))
    }

    fn read<E: From<StagedError>>(
        &self,
        table: &str,
        columns: &[String],
        load: &mut TableLoad<'_>,
        mut each: impl FnMut() -> Result<(), E>,
    ) -> Result<(), E> {
        self.rows(table, columns, |cells| {
            load.insert(cells)?;
            each()
        })
    }

    fn rows<E: From<StagedError>>(
        &self,
        table: &str,
        columns: &[String],
        mut each: impl FnMut(&[Cell<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |error: rusqlite::Error| {
            E::from(StagedError::from(StoreError::from(error).at(self.path)))
        };
        let sql = format!("SELECT {} FROM {}", list(columns), quoted(table));
        let mut statement = self.connection.prepare(&sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let mut cells = Vec::with_capacity(columns.len());
            for index in 0..columns.len() {
                cells.push(Cell::from(row.get_ref(index).map_err(failed)?));
            }
            each(&cells)?;
        }
        Ok(())
    }
}
