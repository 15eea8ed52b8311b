//! A spoke that passed every check and waits for its place.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::SecondsFormat;
use entity_core::TableCount;
use rusqlite::{Connection, OpenFlags};

use super::check::Checked;
use super::workspace::Workspace;
use super::{ExpectedPart, ExpectedRows, StagedError};
use crate::error::tells_disk;
use crate::freeze::{FrozenProject, settle_file};
use crate::rows::RowsError;
use crate::{ProjectId, StoreError, Timestamp, rows, sqlite};

/// What a backup says that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The id of the project that was saved.
    pub project_id: String,
    /// The number of migrations that made its schema.
    pub schema_version: i64,
    /// Each saved table with its rows and their logical hash. Tables that are not listed are empty.
    pub tables: Vec<TableCount>,
    /// Those of them that were saved in tiles; their logical hash is not that of all their rows.
    pub rows: Vec<ExpectedRows>,
    /// Parts of tables of the catalogue that were saved by themselves, in the order in which they were counted.
    pub parts: Vec<ExpectedPart>,
    /// The highest number that each table has given to a row by itself, by table; see
    /// [`Frozen::sequences`](crate::Frozen::sequences).
    pub sequences: BTreeMap<String, i64>,
}

/// A table that came back as it was saved: its rows have the same logical hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The table.
    pub name: String,
    /// Rows that were saved.
    pub rows_expected: i64,
    /// Rows that came back.
    pub rows_restored: i64,
}

/// A complete, checked and migrated spoke file among the temporary files. It is not a project yet; dropping
/// it removes it.
#[derive(Debug)]
pub struct Staged {
    workspace: Workspace,
    project: FrozenProject,
    compared: Vec<Comparison>,
}

impl Staged {
    /// Makes the views and the indexes that people wanted, which are not saved, and presses the file onto the disk.
    pub(super) fn complete(workspace: Workspace, checked: Checked) -> Result<Self, StagedError> {
        let path = workspace.file();
        let connection = open(&path)?;
        let sources: Vec<String> = list_sources(&connection).map_err(StoreError::from)?;
        for source in &sources {
            rows::create_view(&connection, source).map_err(of_views)?;
            rows::settle_indexes(&connection, source).map_err(of_views)?;
        }
        connection
            .close()
            .map_err(|(_, error)| StoreError::from(error))?;
        sqlite::add_checksums(&path).map_err(|error| StoreError::from(error).at(&path))?;
        settle_file(&path)?;
        Ok(Self {
            workspace,
            project: checked.project,
            compared: checked.compared,
        })
    }

    /// The project that was saved.
    #[must_use]
    pub fn project(&self) -> &FrozenProject {
        &self.project
    }

    /// What was compared with what was saved; all of it was equal.
    #[must_use]
    pub fn compared(&self) -> &[Comparison] {
        &self.compared
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.workspace.file()
    }

    /// Makes it the project `id`. Imports that ran when it was copied run no more: they are marked failed.
    /// Can be repeated.
    pub(crate) fn identify(
        &self,
        id: &ProjectId,
        name: &str,
        epoch: i64,
    ) -> Result<(), StoreError> {
        let path = self.path();
        let connection = open(&path)?;
        let now = Timestamp::now().to_rfc3339_opts(SecondsFormat::AutoSi, false);
        let revision = self.project.revision + 1;
        let write = || -> rusqlite::Result<()> {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            connection.execute(
                "UPDATE project SET id = ?, name = ?, epoch = ?, revision = ?, updated_at = ?",
                (id.as_str(), name, epoch, revision, &now),
            )?;
            connection.execute(
                "UPDATE import_history SET state = 'failed', finished_at = ?, \
                 error = 'this import ran while the copy was made that the project comes from' \
                 WHERE state = 'running'",
                [&now],
            )?;
            connection.execute_batch("COMMIT")
        };
        write().map_err(|error| StoreError::from(error).at(&path))?;
        connection
            .close()
            .map_err(|(_, error)| StoreError::from(error))?;
        settle_file(&path)
    }

    /// Puts the spoke into the state that a file has at its final place: WAL mode, so that no two processes
    /// that open it at once want to change the mode.
    pub(crate) fn seal(&self) -> Result<(), StoreError> {
        let path = self.path();
        let seal = || -> rusqlite::Result<()> {
            let connection = sqlite::connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
            // The last connection writes the log back and removes it.
            connection.close().map_err(|(_, error)| error)
        };
        seal().map_err(|error| StoreError::from(error).at(&path))?;
        std::fs::File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(StoreError::io("write", &path))
    }
}

pub(super) fn open(path: &std::path::Path) -> Result<Connection, StoreError> {
    let open = || -> rusqlite::Result<Connection> {
        let connection = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON; \
             PRAGMA synchronous = OFF",
        )?;
        Ok(connection)
    };
    open().map_err(|error| StoreError::from(error).at(path))
}

/// A view that cannot be made tells of what was saved, unless the disk is why.
fn of_views(error: RowsError) -> StagedError {
    match error {
        RowsError::Sqlite { source, .. } if tells_disk(&source) => StoreError::from(source).into(),
        other => StagedError::Views(other),
    }
}

fn list_sources(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare("SELECT id FROM data_sources ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Runs file work on a blocking thread.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StagedError> + Send + 'static,
) -> Result<T, StagedError> {
    crate::blocking(work).await
}
