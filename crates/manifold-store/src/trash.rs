//! The trash: projects that were deleted and can be undeleted.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use entity_core::enums::ProjectState;
use entity_core::projects;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, Select};

use crate::{
    CoreDatabase, DatabaseManager as _, Settings, SqliteManager, StoreError, name, reference,
    replace, saga,
};

/// A project in the trash.
#[derive(Debug, Clone)]
pub struct TrashedProject {
    /// The project as it was; `trashed_at` says when it was deleted.
    pub project: projects::Model,
    /// Its file.
    pub path: PathBuf,
    /// The size of the file and of the safety copies that restores in place have made, in bytes; 0 when they are missing.
    pub size_bytes: u64,
    /// Until when it is kept at least. Nothing removes it by itself then.
    pub expires_at: DateTime<Utc>,
}

impl TrashedProject {
    /// Whether it has been kept for as long as the setting `trash.keep_days` says.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at <= now
    }
}

/// The trash of a store.
#[derive(Debug, Clone)]
pub struct Trash {
    manager: Arc<SqliteManager>,
}

impl Trash {
    /// The trash of the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }

    /// What is in it, last deleted first.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(&self) -> Result<Vec<TrashedProject>, StoreError> {
        let newest = trashed()
            .order_by_desc(projects::Column::TrashedAt)
            .order_by_desc(projects::Column::Id);
        let core = self.manager.core();
        let rows = core.all(newest).await?;
        let kept = TimeDelta::days(Settings::new(core).trash_keep_days().await?.into());
        rows.into_iter().map(|row| self.found(row, kept)).collect()
    }

    /// The project in the trash with this exact id, exact name, or unique id prefix.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ambiguous`] with the candidates.
    pub async fn find(&self, reference: &str) -> Result<TrashedProject, StoreError> {
        let core = self.manager.core();
        let kept = TimeDelta::days(Settings::new(core).trash_keep_days().await?.into());
        self.found(find(core, reference).await?, kept)
    }

    /// Removes a project for good: its file, the safety copies of restores in place, what the hub shows of it. Its
    /// backups stay. Its jobs stay too, as jobs of no project.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not in the trash any more; [`StoreError::Busy`]; others by meaning. The
    /// project is then still in the trash, or the next process that opens the store removes it: its file was
    /// gone already. A crash leaves the one or the other too.
    pub async fn purge(&self, project: &projects::Model) -> Result<(), StoreError> {
        saga::purge(&self.manager, project).await
    }

    /// Makes a project of one in the trash, which stays there. Without a name it gets the one that the deleted project
    /// had.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Ambiguous`]; [`StoreError::InvalidName`], [`StoreError::NameTaken`];
    /// [`StoreError::Gone`], [`StoreError::Corrupt`]; others by meaning, and nothing is left behind. A crash leaves
    /// the new project or nothing.
    pub async fn clone_project(
        &self,
        reference: &str,
        name: Option<&str>,
    ) -> Result<projects::Model, StoreError> {
        let row = find(self.manager.core(), reference).await?;
        saga::clone_trashed(&self.manager, &row, name).await
    }

    fn found(
        &self,
        project: projects::Model,
        kept: TimeDelta,
    ) -> Result<TrashedProject, StoreError> {
        let layout = self.manager.layout();
        let path = layout.trashed(&project.namespace);
        let copies = replace::safety_copies(layout, &project.namespace)?;
        let size = |path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let deleted = project.trashed_at.unwrap_or(project.updated_at);
        Ok(TrashedProject {
            size_bytes: size(&path) + copies.iter().map(size).sum::<u64>(),
            expires_at: deleted + kept,
            project,
            path,
        })
    }
}

/// The project in the trash with this exact id, exact name, or unique id prefix.
pub(crate) async fn find(
    core: &CoreDatabase,
    reference: &str,
) -> Result<projects::Model, StoreError> {
    if let Some(exact) = core
        .one(trashed().filter(projects::Column::Id.eq(reference)))
        .await?
    {
        return Ok(exact);
    }
    let named = core
        .all(trashed().filter(projects::Column::NameFold.eq(name::fold(reference))))
        .await?;
    if let Some(found) = reference::by_name("project", reference, named)? {
        return Ok(found);
    }
    let prefixed = reference::prefixed(trashed(), projects::Column::Id, reference);
    match reference::by_prefix("project", reference, core.all(prefixed).await?) {
        // The list of projects in use would be the wrong place to look.
        Err(StoreError::NotFound { name, .. }) => Err(StoreError::NotFound {
            what: StoreError::IN_TRASH,
            name,
        }),
        found => found,
    }
}

fn trashed() -> Select<projects::Entity> {
    projects::Entity::find().filter(projects::Column::State.eq(ProjectState::Trashed))
}
