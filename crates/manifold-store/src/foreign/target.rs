//! A database file of another program that is written to.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::query::value;
use super::{ForeignError, ForeignValue};
use crate::StoreError;
use crate::sqlite::{APPLICATION_ID, BUSY_TIMEOUT};

/// A database file of another program that is written to, by its owner's wish. It is made if it is missing. What was begun and not
/// committed is gone when this is dropped.
#[derive(Debug)]
pub struct ForeignTarget {
    connection: Connection,
    path: PathBuf,
}

impl ForeignTarget {
    /// Opens the file. Blocks.
    ///
    /// # Errors
    /// [`ForeignError::NoDatabase`] for what is no database, and for a database of a store; others by meaning.
    pub fn open(path: &Path) -> Result<Self, ForeignError> {
        let failed = |error| ForeignError::read(path, None, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|error| ForeignError::open(StoreError::from(error).at(path)))?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)
            .map_err(failed)?;
        let id: i64 = connection
            .query_row("PRAGMA application_id", [], |row| row.get(0))
            .map_err(failed)?;
        if id == APPLICATION_ID {
            return Err(ForeignError::NoDatabase {
                path: path.to_owned(),
                reason: "it belongs to a store, which alone writes to it".to_owned(),
            });
        }
        let modes =
            "PRAGMA trusted_schema = OFF; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";
        connection.execute_batch(modes).map_err(failed)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    /// Runs one statement, and returns how many rows it changed. Blocks.
    ///
    /// # Errors
    /// [`ForeignError::Statement`]; others by meaning.
    pub fn run(&self, sql: &str, bound: &[ForeignValue]) -> Result<u64, ForeignError> {
        let run = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.execute(params_from_iter(bound))
        };
        let changed = run().map_err(|error| self.failed(error))?;
        Ok(changed as u64)
    }

    /// The rows of one statement. Blocks.
    ///
    /// # Errors
    /// As [`ForeignTarget::run`].
    pub fn rows(
        &self,
        sql: &str,
        bound: &[ForeignValue],
    ) -> Result<Vec<Vec<ForeignValue>>, ForeignError> {
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let width = statement.column_count();
            let rows = statement.query_map(params_from_iter(bound), |row| {
                (0..width)
                    .map(|index| Ok(value(row.get_ref(index)?)))
                    .collect()
            })?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| self.failed(error))
    }

    fn failed(&self, error: rusqlite::Error) -> ForeignError {
        use rusqlite::ErrorCode::{
            ConstraintViolation, DatabaseBusy, DatabaseLocked, TypeMismatch,
        };
        let reason = error.to_string();
        let path = self.path.clone();
        match error.sqlite_error_code() {
            Some(DatabaseBusy | DatabaseLocked) => ForeignError::Busy { path },
            Some(ConstraintViolation | TypeMismatch) => ForeignError::Refused { path, reason },
            _ => ForeignError::of_statement(&self.path, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_committed_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let target = ForeignTarget::open(&path).unwrap();
        target
            .run("CREATE TABLE t (a INTEGER PRIMARY KEY)", &[])
            .unwrap();
        target.run("BEGIN IMMEDIATE", &[]).unwrap();
        let one = [ForeignValue::Integer(1)];
        assert_eq!(target.run("INSERT INTO t VALUES (?)", &one).unwrap(), 1);
        let twice = target.run("INSERT INTO t VALUES (?)", &one).unwrap_err();
        assert!(matches!(twice, ForeignError::Refused { .. }), "{twice}");
        drop(target);
        let again = ForeignTarget::open(&path).unwrap();
        assert!(again.rows("SELECT a FROM t", &[]).unwrap().is_empty());
    }

    #[test]
    fn no_database_of_a_store_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let ours = Connection::open(&path).unwrap();
        ours.execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID}; CREATE TABLE t (a)"
        ))
        .unwrap();
        let refused = ForeignTarget::open(&path).unwrap_err();
        assert!(
            refused.to_string().contains("belongs to a store"),
            "{refused}"
        );
    }
}
