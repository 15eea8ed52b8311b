//! A database file with one table, for other programs.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params_from_iter};

use crate::StoreError;
use crate::freeze::quoted;
use crate::rows::Row;

/// What is being written is nothing until it is complete and pressed onto the disk at the end.
const SCRATCH: &str =
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN";

/// A column of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name; SQLite takes names that differ in the case of ASCII letters for the same.
    pub name: String,
    /// How it is declared, such as `INTEGER`; empty for values of any kind. SQLite converts values that do not fit where it
    /// can.
    pub declared: &'static str,
}

/// A database file with one table, as any SQLite reads it. It is being written: the file is complete after
/// [`TableFile::finish`], and safe from a power cut once its owner has pressed it onto the disk.
#[derive(Debug)]
pub struct TableFile {
    connection: Connection,
    insert: String,
    path: PathBuf,
}

impl TableFile {
    /// Makes the table in the empty file at `path`. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::DiskFull`]; others by meaning.
    pub fn create(path: &Path, table: &str, columns: &[TableColumn]) -> Result<Self, StoreError> {
        let named = |error: rusqlite::Error| StoreError::from(error).at(path);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(named)?;
        let name = |name: &str| quoted(&name.replace('\0', ""));
        let declared = columns.iter().map(|column| {
            let declared = format!("{} {}", name(&column.name), column.declared);
            declared.trim_end().to_owned()
        });
        let declared = declared.collect::<Vec<_>>().join(", ");
        let table = name(table);
        connection
            .execute_batch(&format!("{SCRATCH}; CREATE TABLE {table}({declared})"))
            .map_err(named)?;
        let marks = vec!["?"; columns.len()].join(",");
        Ok(Self {
            connection,
            insert: format!("INSERT INTO {table} VALUES ({marks})"),
            path: path.to_owned(),
        })
    }

    /// Appends a row, one cell for each column. Blocks.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`]; others by meaning.
    pub fn insert(&mut self, row: &Row) -> Result<(), StoreError> {
        let inserted = self
            .connection
            .prepare_cached(&self.insert)
            .and_then(|mut statement| statement.execute(params_from_iter(row.cells())));
        inserted
            .map(drop)
            .map_err(|error| StoreError::from(error).at(&self.path))
    }

    /// There are no more rows. Blocks.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`]; others by meaning.
    pub fn finish(self) -> Result<(), StoreError> {
        let named = |error: rusqlite::Error| StoreError::from(error).at(&self.path);
        self.connection.execute_batch("COMMIT").map_err(named)?;
        self.connection.close().map_err(|(_, error)| named(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Cell;

    #[test]
    fn another_program_reads_what_was_inserted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        drop(
            std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&path)
                .unwrap(),
        );
        let column = |name: &str, declared| TableColumn {
            name: name.to_owned(),
            declared,
        };
        let columns = [
            column("n", "INTEGER"),
            column("a \"b\"", ""),
            column("t", "TEXT"),
        ];
        let mut file = TableFile::create(&path, "my table", &columns).unwrap();
        let mut row = Row::new();
        for cells in [
            [Cell::Int(i64::MAX), Cell::Text(b"007"), Cell::Text(b"007")],
            [
                Cell::Null,
                Cell::Blob(b"\0\xff"),
                Cell::Text("a\0ü".as_bytes()),
            ],
            [Cell::Int(0), Cell::Real(3.0), Cell::Text(b"")],
        ] {
            row.clear();
            cells.into_iter().for_each(|cell| row.push(cell));
            file.insert(&row).unwrap();
        }
        file.finish().unwrap();
        let connection = Connection::open(&path).unwrap();
        let sql = "SELECT group_concat(typeof(n) || ' ' || typeof(\"a \"\"b\"\"\") || ' ' || typeof(t), ', ') FROM \"my table\"";
        let found: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(
            found,
            "integer text text, null blob text, integer real text"
        );
        let largest = "SELECT n FROM \"my table\" WHERE t = '007'";
        let found: i64 = connection.query_row(largest, [], |row| row.get(0)).unwrap();
        assert_eq!(found, i64::MAX);
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }
}
