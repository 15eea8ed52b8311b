//! A held state of a database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use entity_core::TableCount;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params_from_iter};

use super::copy::copy_catalogue;
use super::copy_project::{copy_into, copy_measured, copy_project};
use super::{
    Contents, CopyProgress, CopyWatch, FileDigest, Part, Table, hash_rows, read_rows, table,
};
use crate::metrics::Hold;
use crate::rows::Cell;
use crate::sqlite::{self, BUSY_TIMEOUT};
use crate::{ProjectDatabase, StoreError};

/// One state of a database: whatever others commit, every method sees the same rows until it is dropped.
///
/// It holds a read transaction on a connection of its own. While it exists the file's write-ahead log
/// cannot shrink, so hold it no longer than reading takes. A spoke is not closed meanwhile. Its methods
/// block: use it on a blocking thread.
pub struct Frozen {
    connection: Connection,
    path: PathBuf,
    schema_version: i64,
    project: Option<FrozenProject>,
    _lease: Option<ProjectDatabase>,
    _hold: Option<Hold>,
}

/// What a spoke says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenProject {
    /// The project's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How often it was replaced.
    pub epoch: i64,
    /// How often what the hub shows of it changed.
    pub revision: i64,
}

impl Frozen {
    /// Holds the present state of the file at `path`, a spoke if there is a `lease` of one.
    pub(crate) fn open(
        path: PathBuf,
        lease: Option<ProjectDatabase>,
        hold: Hold,
    ) -> Result<Self, StoreError> {
        let is_spoke = lease.is_some();
        Self::hold_state(path, lease, is_spoke, Some(hold))
    }

    /// Holds the state of a spoke's file that is no project and that nobody else has open.
    pub(crate) fn of_staged(path: PathBuf, hold: Hold) -> Result<Self, StoreError> {
        Self::hold_state(path, None, true, Some(hold))
    }

    /// Holds the present state of the same file, which need not be this one. This one keeps the file open.
    pub(super) fn again(&self) -> Result<Self, StoreError> {
        let is_spoke = self.project.is_some();
        Self::hold_state(self.path.clone(), None, is_spoke, None)
    }

    fn hold_state(
        path: PathBuf,
        lease: Option<ProjectDatabase>,
        is_spoke: bool,
        hold: Option<Hold>,
    ) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            sqlite::connect(&path, flags).map_err(|error| StoreError::from(error).at(&path))?;
        let begin = || -> rusqlite::Result<(i64, Option<FrozenProject>)> {
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.execute_batch(
                "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; BEGIN DEFERRED",
            )?;
            // The first read takes the state that is held from here on.
            let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            Ok((
                version,
                if is_spoke {
                    project_row(&connection)?
                } else {
                    None
                },
            ))
        };
        let (schema_version, project) =
            begin().map_err(|error| StoreError::from(error).at(&path))?;
        Ok(Self {
            connection,
            path,
            schema_version,
            project,
            _lease: lease,
            _hold: hold,
        })
    }

    /// The project, when this is a spoke.
    #[must_use]
    pub fn project(&self) -> Option<&FrozenProject> {
        self.project.as_ref()
    }

    /// The number of migrations that made the schema.
    #[must_use]
    pub fn schema_version(&self) -> i64 {
        self.schema_version
    }

    /// The version of the SQLite that reads it, such as `3.51.3`.
    #[must_use]
    pub fn sqlite_version(&self) -> &'static str {
        rusqlite::version()
    }

    /// The tables that hold `contents`: the catalogue, then the rows of each source.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn tables(&self, contents: Contents<'_>) -> Result<Vec<Table>, StoreError> {
        table::tables(&self.connection, contents).map_err(|error| error.at(&self.path))
    }

    /// The data sources of the project: their names by their ids.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn source_names(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT id, name FROM data_sources")?;
        let names = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    /// The highest number that each table has given to a row by itself, by table: such numbers are never given again,
    /// also when the row is gone.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn sequences(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT name, seq FROM sqlite_sequence ORDER BY name")?;
        let sequences = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(sequences.collect::<Result<_, _>>()?)
    }

    /// The statements that made the tables of rows and their indexes. The catalogue is made by migrations.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn schema(&self) -> Result<Vec<String>, StoreError> {
        let mut made = Vec::new();
        let rows = self
            .tables(Contents::WithData)?
            .into_iter()
            .filter(|table| table.kind == super::TableKind::Rows);
        let mut statement = self.connection.prepare(
            "SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC, name",
        )?;
        for table in rows {
            for sql in statement.query_map([&table.name], |row| row.get(0))? {
                made.push(sql?);
            }
        }
        Ok(made)
    }

    /// Hands each row of `table` to `each`, in key order, as it is stored; one row is in memory at a time.
    ///
    /// # Errors
    /// What `each` returns, and [`StoreError`] by meaning.
    pub fn rows<E: From<StoreError>>(
        &self,
        table: &Table,
        each: impl FnMut(&[Cell<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        read_rows(&self.connection, table, each)
    }

    /// How many rows `table` has.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn count(&self, table: &Table) -> Result<u64, StoreError> {
        let (sql, parameters) = (table.select_count(), params_from_iter(table.parameters()));
        let count: i64 = self
            .connection
            .query_row(&sql, parameters, |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// The number of rows of `table` and their logical hash; see [`TableDigest`](super::digest::TableDigest).
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn hash(&self, table: &Table) -> Result<TableCount, StoreError> {
        self.hash_watched(table, || Ok::<_, StoreError>(()))
    }

    /// As [`Self::hash`]; `each` is called for each row.
    ///
    /// # Errors
    /// What `each` returns, and [`StoreError`] by meaning.
    pub fn hash_watched<E: From<StoreError>>(
        &self,
        table: &Table,
        each: impl FnMut() -> Result<(), E>,
    ) -> Result<TableCount, E> {
        hash_rows(&self.connection, table, each)
    }

    /// Writes this state as a database file at `path`, which must not exist: one plain file, on the disk
    /// when this returns. Sources in the trash are not in it. A crash leaves a part of it.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], [`StoreError::Io`]; others by meaning.
    pub fn copy_to(&self, path: &Path, contents: Contents<'_>) -> Result<(), StoreError> {
        match contents {
            Contents::WithData => self.copy_watched(path, &CopyWatch::unwatched()),
            Contents::WithoutData | Contents::OfSources(_) => {
                copy_catalogue(self, &self.connection, path, contents, None)
            }
        }
    }

    /// As [`Self::copy_to`]; returns what the file is. `look` is told of the progress before the first byte, every 20 MB and after
    /// the last, where all is copied. When it returns false the copying stops and leaves a part.
    ///
    /// # Errors
    /// As [`Self::copy_to`]; [`StoreError::Interrupted`] when `look` says so.
    pub fn copy_measured(
        &self,
        path: &Path,
        contents: Contents<'_>,
        mut look: impl FnMut(CopyProgress) -> bool,
    ) -> Result<FileDigest, StoreError> {
        if contents != Contents::WithData {
            self.copy_to(path, contents)?;
            return FileDigest::of(path);
        }
        copy_measured(
            &self.connection,
            path,
            &mut |progress| match look(progress) {
                true => Ok(()),
                false => Err(StoreError::Interrupted),
            },
        )
    }

    /// Writes the catalogue of this state, as much of it as `contents` says and without some parts, as a database file
    /// without any table of rows at `path`, which must not exist. Its pages have no checksums, so that any SQLite can fill in the rows. It is on
    /// the disk when this returns; a crash leaves a part of it.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], [`StoreError::Io`]; others by meaning.
    pub fn copy_catalogue(
        &self,
        path: &Path,
        contents: Contents<'_>,
        without: &[Part],
    ) -> Result<(), StoreError> {
        copy_catalogue(self, &self.connection, path, contents, Some(without))
    }

    /// The connection that holds the state.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// As [`Frozen::copy_to`] with all contents, followed by `watch`.
    pub(crate) fn copy_watched(&self, path: &Path, watch: &CopyWatch) -> Result<(), StoreError> {
        copy_project(&self.connection, path, &mut |progress| {
            watch.follow(progress)
        })
    }

    /// As [`Frozen::copy_watched`], into an empty file.
    pub(crate) fn copy_into(&self, path: &Path, watch: &CopyWatch) -> Result<(), StoreError> {
        copy_into(&self.connection, path, &mut |progress| {
            watch.follow(progress)
        })
    }
}

fn project_row(connection: &Connection) -> rusqlite::Result<Option<FrozenProject>> {
    connection
        .query_row("SELECT id, name, epoch, revision FROM project", [], |row| {
            Ok(FrozenProject {
                id: row.get(0)?,
                name: row.get(1)?,
                epoch: row.get(2)?,
                revision: row.get(3)?,
            })
        })
        .optional()
}

impl std::fmt::Debug for Frozen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frozen")
            .field("path", &self.path)
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}
