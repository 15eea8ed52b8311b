//! Builds a spoke from what a backup holds.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::tables::{TableLoad, Tables};
use super::workspace::{self, Workspace};
use super::{Expected, Staged, StagedError, check, spoke};
use crate::migrate::{self, Direction};
use crate::{Kind as _, Project, SqliteManager, StoreError, fail_point, provision, replace};

/// A spoke that is being built among the temporary files: table by table, or as a whole file.
///
/// Nothing of it is visible to anybody. Dropping it removes it; what a crash leaves is removed by the next
/// one. Its methods block, apart from the asynchronous ones.
#[derive(Debug)]
pub struct StagedBuilder {
    /// Closed before the folder is removed. `None` once somebody writes the whole file.
    tables: Option<Tables>,
    workspace: Workspace,
}

impl StagedBuilder {
    /// Begins with an empty spoke of the schema that `schema_version` migrations make.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when this program knows fewer; others by meaning.
    pub async fn new(manager: &SqliteManager, schema_version: i64) -> Result<Self, StagedError> {
        let workspace = Workspace::create(manager).await?;
        let path = workspace.file();
        let known = Project::VERSION;
        let version = u32::try_from(schema_version)
            .ok()
            .filter(|version| *version <= known);
        let Some(version) = version else {
            let found = schema_version;
            return Err(StoreError::NewerSchema { path, found, known }.into());
        };
        make_private(&path)?;
        migrate::create::<Project>(&path).await?;
        if version < known {
            migrate::migrate::<Project>(&path, Direction::Down(known - version)).await?;
        }
        let tables = spoke::blocking(move || Tables::open(&path)).await?;
        Ok(Self {
            tables: Some(tables),
            workspace,
        })
    }

    /// Removes what processes left that died while they built a spoke, or while they copied one that was to be
    /// replaced. The first writing of a process does it too.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the temporary files cannot be listed.
    pub async fn clear_abandoned(manager: &SqliteManager) -> Result<(), StoreError> {
        let layout = manager.layout().clone();
        provision::blocking(move || {
            workspace::sweep(&layout)?;
            replace::clear_abandoned(&layout)
        })
        .await
    }

    /// Begins to fill a table: one of the catalogue, or a table of rows, which is made.
    ///
    /// # Errors
    /// [`StagedError::Table`] when the catalogue has no such table, the columns are not the schema's, or
    /// the table is begun a second time.
    pub fn table(&mut self, name: &str, columns: &[String]) -> Result<TableLoad<'_>, StagedError> {
        match &mut self.tables {
            Some(tables) => tables.begin(name, columns),
            None => Err(StagedError::Table {
                table: name.to_owned(),
                reason: "the whole file was written before".to_owned(),
            }),
        }
    }

    /// The whole spoke as a database file, to be written by the caller instead of tables.
    ///
    /// # Errors
    /// [`StagedError::Store`] when the file cannot be made.
    pub fn whole_file(&mut self) -> Result<File, StagedError> {
        self.tables = None; // closes the file
        let path = self.workspace.file();
        let file = File::options().write(true).truncate(true).open(&path);
        Ok(file.map_err(StoreError::io("write", &path))?)
    }

    /// A place for a file of a moment, beside the spoke. It goes with the builder.
    #[must_use]
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.workspace.file().with_file_name(name)
    }

    /// The tables that are being filled; `None` once somebody writes the whole file.
    pub(super) fn tables(&self) -> Option<&Tables> {
        self.tables.as_ref()
    }

    /// A copy of the empty spoke, as long as no table was begun; removed with the builder.
    pub(crate) fn blank(&self) -> Result<PathBuf, StoreError> {
        let path = self.workspace.file();
        let blank = path.with_file_name("blank.db");
        std::fs::copy(&path, &blank).map_err(StoreError::io("copy", path))?;
        Ok(blank)
    }

    /// Makes the catalogue consistent when some of its rows were not saved: gives the spoke the project of `row` if it
    /// has none, and removes what refers to rows that are not there. Returns how many rows it removed, by table.
    pub(crate) fn mend(
        &mut self,
        row: &entity_core::projects::Model,
        sources: &[entity_core::data_sources::Model],
        incomplete: &[String],
    ) -> Result<std::collections::BTreeMap<String, u64>, StagedError> {
        match &self.tables {
            Some(tables) => tables.mend(row, sources, incomplete),
            None => Ok(std::collections::BTreeMap::new()),
        }
    }

    /// Checks what was built of a damaged project: there is nothing to compare it with. Then its views are made.
    pub(crate) async fn finish_mended(self) -> Result<Staged, StagedError> {
        let Self { tables, workspace } = self;
        spoke::blocking(move || {
            let path = workspace.file();
            if let Some(tables) = tables {
                tables.complete()?;
            }
            let checked = check::check_mended(&path)?;
            Staged::complete(workspace, checked)
        })
        .await
    }

    /// Checks what was built: it is one project, whole by SQLite's own checks, with exactly the tables and
    /// rows that were `expected`. Then it is migrated and its views are made.
    ///
    /// # Errors
    /// [`StagedError`], naming the first thing that is wrong.
    pub async fn finish(self, expected: Expected) -> Result<Staged, StagedError> {
        let Self { tables, workspace } = self;
        let path = workspace.file();
        let file = path.clone();
        let checked = spoke::blocking(move || {
            if let Some(tables) = tables {
                tables.raise_sequences(&expected.sequences)?;
                tables.complete()?;
            }
            check::check(&file, &expected)
        })
        .await?;
        fail_point!("restore-compared");
        migrate::migrate::<Project>(&path, Direction::Up).await?;
        spoke::blocking(move || Staged::complete(workspace, checked)).await
    }
}

/// Makes the empty file, readable by its owner only.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(StoreError::io("create", path))
}
