//! A restore that is tried out: a staged spoke becomes the file of a project, and the project of nobody.

use std::sync::Arc;

use super::{Expected, Staged, StagedError, check, snapshot_rows};
use crate::freeze::{Frozen, TableKind, quoted};
use crate::{
    Contents, DatabaseId, Kind as _, Project, ProjectId, SqliteManager, StoreError, fail_point,
    provision, spoke,
};

/// Tables whose rows are changed when a copy becomes a project.
const OF_IDENTITY: [&str; 2] = ["project", "import_history"];

/// The file of a project that could be at its place, and is among the temporary files instead. Neither the hub nor a
/// folder that anybody looks at knows of it; dropping it removes it, and what a crash leaves goes with the next process.
#[derive(Debug)]
pub struct Drill {
    manager: Arc<SqliteManager>,
    staged: Staged,
    id: ProjectId,
}

/// What the views of a project have shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    /// Views.
    pub views: u64,
    /// The rows of all of them.
    pub rows: u64,
}

impl Drill {
    /// Gives `staged` an id, its name and an epoch, and puts it into the state that a file has at its final place, as
    /// [`Restores::as_new`](crate::Restores::as_new) does.
    ///
    /// # Errors
    /// [`StoreError`] by meaning; nothing is left behind.
    pub async fn begin(manager: &Arc<SqliteManager>, staged: Staged) -> Result<Self, StoreError> {
        let id = ProjectId::new();
        let epoch = staged.project().epoch.saturating_add(1);
        let (staged, id) = provision::blocking(move || {
            let name = staged.project().name.clone();
            staged.identify(&id, &name, epoch)?;
            staged.seal()?;
            fail_point!("drill-file-sealed");
            Ok((staged, id))
        })
        .await?;
        Ok(Self {
            manager: manager.clone(),
            staged,
            id,
        })
    }

    /// Opens the file with all checks with which the store opens a project, and closes it again.
    ///
    /// # Errors
    /// As opening a project fails.
    pub async fn open(&self) -> Result<(), StoreError> {
        spoke::try_open(self.manager.layout(), &self.staged.path(), &self.id).await
    }

    /// Holds the content of the file, to be looked at on a blocking thread.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn freeze(&self) -> Result<Frozen, StoreError> {
        let which = DatabaseId::Project(self.id.clone());
        let hold = self.manager.meter().hold(&which, "a drill");
        Frozen::of_staged(self.staged.path(), hold)
    }
}

impl Staged {
    /// Holds its content, to be compared on a blocking thread.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn freeze(&self, manager: &SqliteManager) -> Result<Frozen, StoreError> {
        let hold = manager.meter().hold(&DatabaseId::Core, "a comparison");
        Frozen::of_staged(self.path(), hold)
    }
}

impl Frozen {
    /// SQLite's own checks: pages and records are sound, and no row refers to one that is not there.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the first thing that is wrong.
    pub fn check_whole(&self) -> Result<(), StagedError> {
        check::check_whole(self.connection(), self.path())
    }

    /// Reads every row of every view.
    ///
    /// # Errors
    /// [`StagedError::Table`] naming a view that cannot be read.
    pub fn read_views(&self) -> Result<Shown, StagedError> {
        let connection = self.connection();
        let names: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name")
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .map_err(StoreError::from)?;
        let mut shown = Shown::default();
        for name in names {
            let read = || -> rusqlite::Result<u64> {
                let mut statement =
                    connection.prepare(&format!("SELECT * FROM {}", quoted(&name)))?;
                let mut rows = statement.query([])?;
                let mut count = 0;
                while rows.next()?.is_some() {
                    count += 1;
                }
                Ok(count)
            };
            shown.rows += read().map_err(|error| match StoreError::from(error) {
                StoreError::Database(reason) => StagedError::Table {
                    table: name.clone(),
                    reason: reason.to_string(),
                },
                other => other.at(self.path()).into(),
            })?;
            shown.views += 1;
        }
        Ok(shown)
    }

    /// Counts the rows of every snapshot, and compares with what is written down for it. Returns how many snapshots
    /// there are.
    ///
    /// # Errors
    /// [`StagedError::SnapshotRows`] for the first that has another number of rows.
    pub fn count_snapshots(&self) -> Result<u64, StagedError> {
        snapshot_rows::count(self.connection())
    }

    /// Compares the tables of a project that was made of a backup with what was saved, to the bit, but for its identity and
    /// for imports that ran. Of a project that had to be migrated, the rows of its sources are compared. Returns how many
    /// tables were.
    ///
    /// # Errors
    /// [`StagedError::Differs`], [`StagedError::Missing`].
    pub fn compare(&self, expected: &Expected) -> Result<u64, StagedError> {
        let migrated = expected.schema_version < i64::from(Project::VERSION);
        let tables = self.tables(Contents::WithData)?;
        let mut compared = 0;
        for saved in &expected.tables {
            if OF_IDENTITY.contains(&saved.name.as_str()) {
                continue;
            }
            let table = tables.iter().find(|table| table.name == saved.name);
            let table = match table {
                Some(table) if migrated && table.kind == TableKind::Catalogue => continue,
                None if migrated => continue,
                Some(table) => table,
                None => {
                    return Err(StagedError::Missing {
                        table: saved.name.clone(),
                    });
                }
            };
            check::compare_table(self.connection(), table, saved, expected)?;
            compared += 1;
        }
        Ok(compared)
    }

    /// Compares what the snapshots of two states show that should be the same. Returns how many tables were compared.
    ///
    /// # Errors
    /// [`StagedError::NotAsLive`] naming the first table that differs.
    pub fn compare_published(&self, live: &Self) -> Result<u64, StagedError> {
        let (ours, theirs) = (self.hash_published()?, live.hash_published()?);
        let differs = |table: &str| {
            let of = |hashes: &[entity_core::TableCount]| {
                hashes.iter().find(|hash| hash.name == table).cloned()
            };
            of(&ours) != of(&theirs)
        };
        let mut names = ours.iter().chain(&theirs).map(|hash| &hash.name);
        match names.find(|name| differs(name)) {
            Some(table) => Err(StagedError::NotAsLive {
                table: table.clone(),
            }),
            None => Ok(ours.len() as u64),
        }
    }
}
