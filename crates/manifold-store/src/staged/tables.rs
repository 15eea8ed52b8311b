//! Fills the tables of an empty spoke.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Statement, params_from_iter};

use super::{StagedError, mend, row_table};
use crate::StoreError;
use crate::freeze::{Contents, Table, TableKind, is_parted, row_table_number, tables};
use crate::rows::Cell;
use crate::sqlite;

/// A migrated spoke that is being filled, in one transaction.
#[derive(Debug)]
pub(super) struct Tables {
    connection: Connection,
    /// Tables of the catalogue that were not begun yet.
    catalogue: Vec<Table>,
    rows: Vec<Table>,
    /// Tables of the catalogue that were begun.
    filled: Vec<Table>,
}

impl Tables {
    pub(super) fn open(path: &Path) -> Result<Self, StagedError> {
        let open = || -> rusqlite::Result<Connection> {
            let connection = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            // It is nothing until it is complete, and then it is pressed onto the disk.
            connection.execute_batch(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; \
                 PRAGMA foreign_keys = OFF; BEGIN",
            )?;
            Ok(connection)
        };
        let connection = open().map_err(|error| StoreError::from(error).at(path))?;
        let catalogue = tables(&connection, Contents::WithData)?;
        Ok(Self {
            connection,
            catalogue,
            rows: Vec::new(),
            filled: Vec::new(),
        })
    }

    pub(super) fn begin(
        &mut self,
        name: &str,
        columns: &[String],
    ) -> Result<TableLoad<'_>, StagedError> {
        let wrong = |reason: &str| StagedError::Table {
            table: name.to_owned(),
            reason: reason.to_owned(),
        };
        let table = if row_table_number(name).is_some() {
            if self.rows.iter().any(|table| table.name == name) {
                return Err(wrong("it is there twice"));
            }
            let key = vec!["_rid".to_owned()];
            let table = Table::new(name.to_owned(), TableKind::Rows, columns.to_vec(), key);
            row_table::create(&self.connection, &table)?;
            self.rows.push(table.clone());
            table
        } else {
            let known = self.catalogue.iter().position(|table| table.name == name);
            let known = known
                .ok_or_else(|| wrong("the catalogue has no such table, or it is there twice"))?;
            if self.catalogue[known].columns != columns {
                return Err(wrong("its columns are not those of the catalogue"));
            }
            let table = self.catalogue.swap_remove(known);
            self.filled.push(table.clone());
            table
        };
        TableLoad::new(&self.connection, table)
    }

    /// Fills some columns of a table of rows that was begun.
    pub(super) fn load(
        &self,
        name: &str,
        columns: &[String],
    ) -> Result<TableLoad<'_>, StagedError> {
        let known = self.rows_of(name)?;
        let table = Table {
            columns: columns.to_vec(),
            ..known.clone()
        };
        TableLoad::new(&self.connection, table)
    }

    /// The tables of the catalogue that were not begun yet.
    pub(super) fn unfilled(&self) -> Vec<Table> {
        self.catalogue.clone()
    }

    /// A table of the catalogue that was begun and has parts.
    pub(super) fn filled(&self, name: &str) -> Result<&Table, StagedError> {
        let filled = self.filled.iter().find(|table| table.name == name);
        filled
            .filter(|table| is_parted(&table.name))
            .ok_or_else(|| StagedError::Table {
                table: name.to_owned(),
                reason: "it has no parts".to_owned(),
            })
    }

    /// Fills a table of the catalogue that was begun and has parts.
    pub(super) fn load_more(&self, name: &str) -> Result<TableLoad<'_>, StagedError> {
        TableLoad::new(&self.connection, self.filled(name)?.clone())
    }

    /// The tables of rows that were begun.
    pub(super) fn rows(&self) -> &[Table] {
        &self.rows
    }

    pub(super) fn rows_of(&self, name: &str) -> Result<&Table, StagedError> {
        let begun = self.rows.iter().find(|table| table.name == name);
        begun.ok_or_else(|| StagedError::Table {
            table: name.to_owned(),
            reason: "it was not begun".to_owned(),
        })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Removes what refers to rows that are not there; see [`mend::mend`].
    pub(super) fn mend(
        &self,
        row: &entity_core::projects::Model,
        sources: &[entity_core::data_sources::Model],
        incomplete: &[String],
    ) -> Result<BTreeMap<String, u64>, StagedError> {
        mend::mend(&self.connection, row, sources, incomplete)
    }

    /// Makes sure that tables which number their rows by themselves give no number again. Others are left alone.
    pub(super) fn raise_sequences(
        &self,
        sequences: &BTreeMap<String, i64>,
    ) -> Result<(), StagedError> {
        let raise = || -> rusqlite::Result<()> {
            for (table, highest) in sequences {
                let numbers: bool = self.connection.query_row(
                    "SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 \
                     AND instr(sql, 'AUTOINCREMENT') > 0)",
                    [table],
                    |row| row.get(0),
                )?;
                if !numbers {
                    continue;
                }
                let raised = self.connection.execute(
                    "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
                    (table, highest),
                )?;
                if raised == 0 {
                    self.connection.execute(
                        "INSERT INTO sqlite_sequence(name, seq) VALUES (?1, ?2)",
                        (table, highest),
                    )?;
                }
            }
            Ok(())
        };
        Ok(raise().map_err(StoreError::from)?)
    }

    /// Makes the indexes of the rows and commits.
    pub(super) fn complete(self) -> Result<(), StagedError> {
        for table in &self.rows {
            row_table::create_indexes(&self.connection, table)?;
        }
        self.connection
            .execute_batch("COMMIT")
            .map_err(StoreError::from)?;
        let closed = self.connection.close();
        Ok(closed.map_err(|(_, error)| StoreError::from(error))?)
    }
}

/// Fills one table.
#[derive(Debug)]
pub struct TableLoad<'a> {
    name: String,
    width: usize,
    insert: Statement<'a>,
}

impl<'a> TableLoad<'a> {
    fn new(connection: &'a Connection, table: Table) -> Result<Self, StagedError> {
        let insert = connection.prepare(&table.insert());
        Ok(Self {
            width: table.columns.len(),
            name: table.name,
            insert: insert.map_err(StoreError::from)?,
        })
    }

    /// Inserts a row with one cell per column.
    ///
    /// # Errors
    /// [`StagedError::Table`] when it has another number of cells, or the table refuses it;
    /// [`StagedError::Store`] when the file cannot be written.
    pub fn insert(&mut self, cells: &[Cell<'_>]) -> Result<(), StagedError> {
        let refused = |reason: String| StagedError::Table {
            table: self.name.clone(),
            reason,
        };
        if cells.len() != self.width {
            let (found, columns) = (cells.len(), self.width);
            return Err(refused(format!(
                "a row has {found} cells for {columns} columns"
            )));
        }
        match self
            .insert
            .execute(params_from_iter(cells))
            .map_err(StoreError::from)
        {
            Ok(_) => Ok(()),
            Err(
                error @ (StoreError::Unique { .. }
                | StoreError::Check { .. }
                | StoreError::Database(_)),
            ) => Err(refused(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }
}
