//! The schema versions of a whole store: the hub and every spoke.

use std::sync::Arc;

use entity_core::projects;

use crate::file_lock::{FileLock, Share};
use crate::migrate::{self, MigrationStatus};
use crate::{Core, DatabaseManager as _, Project, Projects, SqliteManager, StoreError};

/// The schema version of one spoke, or why it cannot be told.
#[derive(Debug)]
pub struct SpokeStatus {
    /// The project.
    pub project: projects::Model,
    /// What is applied and pending in its file.
    pub status: Result<MigrationStatus, StoreError>,
}

/// The schema versions of a store.
#[derive(Debug, Clone)]
pub struct Migrations {
    manager: Arc<SqliteManager>,
}

impl Migrations {
    /// The schema versions of the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }

    /// The hub's version. Opening a store migrates its hub, so nothing is pending.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn core(&self) -> Result<MigrationStatus, StoreError> {
        migrate::status::<Core>(&self.manager.layout().core()).await
    }

    /// The version of every project's file, by name of the project. Changes nothing; a file that cannot be
    /// read does not keep the others from being listed.
    ///
    /// # Errors
    /// [`StoreError`] when the hub cannot be read.
    pub async fn spokes(&self) -> Result<Vec<SpokeStatus>, StoreError> {
        let mut found = Vec::new();
        for project in Projects::new(&self.manager).list().await? {
            let status = self.spoke(&project).await;
            found.push(SpokeStatus { project, status });
        }
        Ok(found)
    }

    /// Migrates every project's file that is older than this program, one after the other; one that fails
    /// stays as it was and does not stop the others. Returns how each is afterwards.
    ///
    /// # Errors
    /// [`StoreError`] when the hub cannot be read.
    pub async fn up(&self) -> Result<Vec<SpokeStatus>, StoreError> {
        let mut done = Vec::new();
        for SpokeStatus { project, status } in self.spokes().await? {
            let status = match status {
                Ok(status) if !status.pending.is_empty() => self.migrate(&project).await,
                other => other,
            };
            done.push(SpokeStatus { project, status });
        }
        Ok(done)
    }

    async fn migrate(&self, project: &projects::Model) -> Result<MigrationStatus, StoreError> {
        self.manager.project(&Projects::id(project)?).await?; // opening migrates
        self.spoke(project).await
    }

    async fn spoke(&self, project: &projects::Model) -> Result<MigrationStatus, StoreError> {
        let layout = self.manager.layout();
        let path = layout.spoke(&project.namespace);
        if !path.exists() {
            return Err(StoreError::Gone {
                project: Projects::id(project)?,
                path,
            });
        }
        let lock = layout.spoke_lock(&project.namespace);
        let _shared = FileLock::take(
            &lock,
            Share::Shared,
            std::time::Duration::from_secs(5),
            |_| {},
        )
        .await?;
        migrate::status::<Project>(&path).await
    }
}
