//! The database files of a data folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use manifold_store::{
    Core, Direction, FileLock, Layout, MigrationStatus, Project, Share, StoreError, migrate,
    migration_status,
};

use crate::schema::Schema;

/// A data folder that exists: nothing here creates one.
pub(super) struct DataFolder(Layout);

/// One file, and the lock that says who uses it.
pub(super) struct DatabaseFile {
    schema: Schema,
    pub(super) path: PathBuf,
    lock: PathBuf,
}

impl DataFolder {
    pub(super) fn new(folder: &Path) -> Self {
        Self(Layout::new(folder))
    }

    /// The files to work on, the hub first, projects by name. A `project` picks the one with that file stem.
    pub(super) fn databases(
        &self,
        schema: Option<Schema>,
        project: Option<&str>,
    ) -> anyhow::Result<Vec<DatabaseFile>> {
        if let Some(stem) = project {
            if schema == Some(Schema::Core) {
                bail!("`--project` names a project's database, `core` the hub: leave one out");
            }
            let spoke = self.spoke(stem);
            ensure!(
                spoke.path.is_file(),
                "there is no {}: `--project` takes the name of a file in `projects/` without `.db`",
                spoke.path.display()
            );
            return Ok(vec![spoke]);
        }
        let mut databases = Vec::new();
        if schema != Some(Schema::Project) {
            databases.push(self.hub()?);
        }
        if schema != Some(Schema::Core) {
            databases.extend(self.spokes()?);
        }
        Ok(databases)
    }

    fn hub(&self) -> anyhow::Result<DatabaseFile> {
        let hub = DatabaseFile {
            schema: Schema::Core,
            path: self.0.core(),
            lock: self.0.core_lock(),
        };
        ensure!(
            hub.path.is_file(),
            "there is no {}: `manifold init` creates it",
            hub.path.display()
        );
        Ok(hub)
    }

    fn spoke(&self, stem: &str) -> DatabaseFile {
        DatabaseFile {
            schema: Schema::Project,
            path: self.0.spoke(stem),
            lock: self.0.spoke_lock(stem),
        }
    }

    fn spokes(&self) -> anyhow::Result<Vec<DatabaseFile>> {
        let folder = self.0.projects();
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        let mut stems = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(".db"));
            stems.extend(stem.map(str::to_owned));
        }
        stems.sort();
        Ok(stems.iter().map(|stem| self.spoke(stem)).collect())
    }
}

impl DatabaseFile {
    /// What is applied and pending; changes nothing.
    pub(super) async fn status(&self) -> Result<MigrationStatus, StoreError> {
        match self.schema {
            Schema::Core => migration_status::<Core>(&self.path).await,
            Schema::Project => migration_status::<Project>(&self.path).await,
        }
    }

    /// Migrates the file. What drops tables waits at most `patience` until no other process uses the file.
    pub(super) async fn migrate(
        &self,
        direction: Direction,
        patience: Duration,
    ) -> Result<MigrationStatus, StoreError> {
        let share = match (self.schema, direction) {
            (Schema::Project, Direction::Up) => Share::Shared,
            _ => Share::Exclusive,
        };
        let _lock = FileLock::take(&self.lock, share, patience, |_| {}).await?;
        match self.schema {
            Schema::Core => migrate::<Core>(&self.path, direction).await,
            Schema::Project => migrate::<Project>(&self.path, direction).await,
        }
    }
}
