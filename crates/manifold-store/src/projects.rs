//! Projects: create, list, find, rename, describe.

mod copies;
mod in_step;
mod page;
mod stats;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use entity_core::enums::ProjectState;
use entity_core::projects;
use entity_project::project;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::reference::{self, Candidate};
use crate::{
    DatabaseManager as _, ProjectId, Quarantine, SqliteManager, StoreError, name, projection,
    revision, saga, trash,
};

pub use crate::saga::{NewProject, ProjectDraft};
pub use copies::{AdoptOptions, Adopted, refuse_harm};
pub use page::{NoPlace, ProjectPage, ProjectPlace};
pub use stats::{ProjectStats, SourceStats, StoredRows};

/// The projects of a store.
#[derive(Debug, Clone)]
pub struct Projects {
    manager: Arc<SqliteManager>,
}

/// Where a project is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFile {
    /// The spoke file; in the trash or in the quarantine if the project is there.
    pub path: PathBuf,
    /// Whether it is in the quarantine, because it is damaged.
    pub is_quarantined: bool,
    /// Its size with what is not yet written back into it, in bytes; 0 when it is missing.
    pub size_bytes: u64,
}

impl Projects {
    /// The projects of the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }

    /// Makes a project. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`], [`StoreError::NameTaken`]; others by meaning, and nothing is left behind.
    pub async fn create(&self, new: NewProject) -> Result<projects::Model, StoreError> {
        saga::create(&self.manager, new).await
    }

    /// Makes a project that stays only if something comes into it: for what is made on the way to something
    /// that may fail.
    ///
    /// # Errors
    /// As [`Projects::create`].
    pub async fn draft(&self, new: NewProject) -> Result<ProjectDraft, StoreError> {
        ProjectDraft::create(&self.manager, new).await
    }

    /// Removes the [drafts](Projects::draft) of dead processes that nothing came into. One that somebody has
    /// open is left to the next call.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn settle_drafts(&self) -> Result<(), StoreError> {
        saga::settle_drafts(&self.manager).await
    }

    /// The projects in use, by name.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(&self) -> Result<Vec<projects::Model>, StoreError> {
        let all = page::in_order(page::behind(None));
        self.manager.core().all(all).await
    }

    /// The project with this exact id, exact name, or unique id prefix.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ambiguous`] with the candidates.
    pub async fn find(&self, reference: &str) -> Result<projects::Model, StoreError> {
        let active = || page::behind(None);
        let core = self.manager.core();
        if let Some(exact) = core
            .one(active().filter(projects::Column::Id.eq(reference)))
            .await?
        {
            return Ok(exact);
        }
        let named = core
            .all(active().filter(projects::Column::NameFold.eq(name::fold(reference))))
            .await?;
        if let Some(found) = reference::by_name("project", reference, named)? {
            return Ok(found);
        }
        let prefixed = reference::prefixed(active(), projects::Column::Id, reference);
        reference::by_prefix("project", reference, core.all(prefixed).await?)
    }

    /// The id in a hub row.
    ///
    /// # Errors
    /// [`StoreError::Decode`] when the hub holds something that is no id.
    pub fn id(row: &projects::Model) -> Result<ProjectId, StoreError> {
        projection::project_id(row)
    }

    /// Gives a project another name: one transaction in its spoke, which the hub then shows.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`], [`StoreError::NameTaken`]; others by meaning.
    pub async fn rename(&self, id: &ProjectId, to: &str) -> Result<projects::Model, StoreError> {
        let to = name::check("project", to)?;
        let same_name = projects::Entity::find()
            .filter(projects::Column::NameFold.eq(name::fold(&to)))
            .filter(projects::Column::Id.ne(id))
            .filter(projects::Column::State.ne(ProjectState::Trashed));
        if let Some(taken) = self.manager.core().one(same_name).await? {
            return Err(StoreError::NameTaken {
                what: "project",
                name: to,
                id: taken.id,
            });
        }
        self.change(
            id,
            project::ActiveModel {
                name: Set(to),
                ..Default::default()
            },
        )
        .await
    }

    /// Says what a project is for; `None` takes the description away.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn describe(
        &self,
        id: &ProjectId,
        description: Option<String>,
    ) -> Result<projects::Model, StoreError> {
        self.change(
            id,
            project::ActiveModel {
                description: Set(description),
                ..Default::default()
            },
        )
        .await
    }

    /// Moves a project into the trash: nobody can open it any more, its name is free, its file is kept.
    ///
    /// The project is closed in this process; a process that has it open and does not use it lets go, one that uses
    /// it is waited for, for 5 seconds.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Busy`] naming who has it open; others by meaning. The project is
    /// then as it was. A crash leaves it as it was or in the trash.
    pub async fn delete(&self, id: &ProjectId) -> Result<projects::Model, StoreError> {
        saga::delete(&self.manager, id).await
    }

    /// Takes a project out of the trash, as it was, or under `new_name`. `reference` is an exact id, exact name,
    /// or unique id prefix of a project there.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Ambiguous`]; [`StoreError::NameTaken`] when another project has
    /// its name by now: give a new one, or rename the other; [`StoreError::Gone`] when its file is not in the
    /// trash; others by meaning. The project is then still in the trash.
    pub async fn undelete(
        &self,
        reference: &str,
        new_name: Option<&str>,
    ) -> Result<projects::Model, StoreError> {
        let row = trash::find(self.manager.core(), reference).await?;
        saga::undelete(&self.manager, &row, new_name).await
    }

    /// What the project holds and what room it takes. Its file is read through to measure each source when it has at
    /// most 256 MB, or when `read_through` says so; its log cannot be written back meanwhile.
    ///
    /// # Errors
    /// As [`DatabaseManager::project`](crate::DatabaseManager::project).
    pub async fn stats(
        &self,
        id: &ProjectId,
        read_through: bool,
    ) -> Result<ProjectStats, StoreError> {
        stats::stats(&self.manager, id, read_through).await
    }

    async fn change(
        &self,
        id: &ProjectId,
        change: project::ActiveModel,
    ) -> Result<projects::Model, StoreError> {
        let spoke = self.manager.project(id).await?;
        let transaction = spoke.begin().await?;
        transaction
            .exec(project::Entity::update_many().set(change))
            .await?;
        revision::commit(self.manager.core(), &spoke, transaction).await?;
        self.find(id.as_str()).await
    }

    /// Where the project's file is and how large it is. Blocks for some microseconds.
    pub fn file(&self, row: &projects::Model) -> ProjectFile {
        let layout = self.manager.layout();
        let path = match row.state {
            ProjectState::Trashed => layout.trashed(&row.namespace),
            ProjectState::Active | ProjectState::Creating => layout.spoke(&row.namespace),
        };
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let bytes = size(&path);
        let aside = (row.state == ProjectState::Active && bytes == 0)
            .then(|| Quarantine::new(layout).project(&Self::id(row).ok()?).ok()?)
            .flatten();
        let is_quarantined = aside.is_some();
        let (path, bytes) = match aside {
            Some(aside) => (aside.path.clone(), size(&aside.path)),
            None => (path, bytes),
        };
        let mut log = path.clone().into_os_string();
        log.push("-wal");
        ProjectFile {
            size_bytes: bytes + size(log.as_ref()),
            is_quarantined,
            path,
        }
    }
}

impl Candidate for projects::Model {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.name
    }
}
