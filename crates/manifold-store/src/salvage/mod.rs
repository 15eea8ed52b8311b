//! Salvage: makes a new project of what can still be read of a damaged one.
//!
//! The damaged file stays in the quarantine as it is; a copy of it is read. Each table is walked by its row ids from
//! both ends, and ranges that cannot be read are narrowed down by halves. What refers to lost rows is mended.

mod damaged_pages;
mod error;
mod leaf;
mod load;
mod range;
mod schema;
mod working_copy;

use std::path::PathBuf;
use std::sync::Arc;

use entity_core::enums::ProjectState;
use entity_core::{data_sources, projects};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

pub use error::SalvageError;
pub use load::SalvagedTable;

use crate::doctor::{database_file::DatabaseFile, spoke_file};
use crate::{
    Access, Cause, DatabaseManager as _, Project, ProjectId, Quarantine, Restores, SqliteManager,
    StagedBuilder, StoreError, provision, quarantine,
};

/// What was salvaged.
#[derive(Debug)]
pub struct Salvaged {
    /// The new project.
    pub project: projects::Model,
    /// The damaged file, in the quarantine.
    pub damaged: PathBuf,
    /// Every table of the damaged file, and those that were not found in it.
    pub tables: Vec<SalvagedTable>,
    /// Pages of the damaged file that are not as they were written. What could be read of them is among the saved rows
    /// and may be wrong. `None` for a file from before pages had checksums.
    pub damaged_pages: Option<u64>,
}

/// Salvages projects of a store.
#[derive(Debug, Clone)]
pub struct Salvage {
    manager: Arc<SqliteManager>,
}

impl Salvage {
    /// Salvages projects of the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }

    /// Makes a project named `name` of what can be read of project `id`, which is set aside if it is not yet. The new
    /// project is on the disk when this returns; a crash before leaves it or nothing.
    ///
    /// # Errors
    /// [`SalvageError::Sound`] when nothing is wrong with the file; [`SalvageError::Nothing`] when nothing of it can be
    /// read; the store's by meaning, such as [`StoreError::NameTaken`].
    pub async fn as_new(&self, id: &ProjectId, name: &str) -> Result<Salvaged, SalvageError> {
        let manager = &self.manager;
        let row = manager
            .core()
            .one(projects::Entity::find_by_id(id.as_str()))
            .await?
            .filter(|row| row.state == ProjectState::Active)
            .ok_or_else(|| StoreError::NotFound {
                what: "project",
                name: id.to_string(),
            })?;
        let damaged = self.set_aside(id, &row.namespace).await?;
        let builder =
            StagedBuilder::new(manager, i64::from(<Project as crate::Kind>::VERSION)).await?;
        let of_project =
            data_sources::Entity::find().filter(data_sources::Column::ProjectId.eq(id));
        let sources = manager.core().all(of_project).await?;
        let (from, named) = (damaged.clone(), row.clone());
        let work = move || load::load(&from, builder, &named, &sources);
        let loaded = crate::blocking(work).await?;
        let staged = loaded.builder.finish_mended().await?;
        let project = Restores::new(manager).as_new(staged, name).await?;
        Ok(Salvaged {
            project,
            damaged,
            tables: loaded.tables,
            damaged_pages: loaded.damaged_pages,
        })
    }

    /// Where the damaged file is, after it was set aside.
    async fn set_aside(&self, id: &ProjectId, namespace: &str) -> Result<PathBuf, SalvageError> {
        let layout = self.manager.layout().clone();
        if !self.manager.close(id).await? {
            return Err(StoreError::Busy {
                what: layout.spoke(namespace).display().to_string(),
                holder: None,
            }
            .into());
        }
        let (id, namespace) = (id.clone(), namespace.to_owned());
        let work = move || -> Result<Option<PathBuf>, StoreError> {
            let _held = quarantine::hold(&layout, &namespace)?;
            let quarantine = Quarantine::new(&layout);
            let path = layout.spoke(&namespace);
            if !path.exists() {
                let aside = quarantine.project(&id)?;
                let gone = || StoreError::Gone {
                    project: id.clone(),
                    path,
                };
                return aside.map(|aside| Some(aside.path)).ok_or_else(gone);
            }
            let reason = match DatabaseFile::read::<Project>(&path, Access::ReadWrite, None) {
                Err(problem) => problem.reason,
                Ok(file) => {
                    drop(file);
                    match spoke_file::read(&path, Access::ReadWrite) {
                        Ok(_) => return Ok(None),
                        Err(problem) => problem.reason,
                    }
                }
            };
            let cause = Cause::DamagedProject;
            let aside = quarantine.set_aside(&path, cause, Some(id.as_str()), &reason)?;
            Ok(Some(aside.path))
        };
        provision::blocking(work).await?.ok_or(SalvageError::Sound)
    }
}
