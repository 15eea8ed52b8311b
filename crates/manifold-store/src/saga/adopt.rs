//! Adopt a file: a copy of it, checked and migrated, becomes a project here.

use std::path::Path;

use entity_core::enums::OperationKind;
use entity_core::projects;
use sea_orm::EntityTrait as _;

use super::clone::free_name;
use super::outside_file::{Inside, OutsideFile};
use super::place::{self, Placement};
use super::spoke_files;
use crate::staged::Staged;
use crate::{DatabaseManager as _, ProjectId, SqliteManager, StoreError, fail_point, provision};

/// A project that was made of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Adopted {
    /// The project.
    pub project: projects::Model,
    /// The id in the file. The project has a new one if a project of this data folder, in use or in the trash, has it.
    pub id_in_file: String,
}

/// Makes a copy of the file at `path` a project. The file stays as it is.
pub(crate) async fn adopt(
    manager: &SqliteManager,
    path: &Path,
    to_name: Option<&str>,
) -> Result<Adopted, StoreError> {
    let original = path.to_owned();
    let (
        file,
        Inside {
            id: id_in_file,
            name,
        },
    ) = provision::blocking(move || {
        let file = OutsideFile::open(&original)?;
        let inside = file.inside()?;
        Ok((file, inside))
    })
    .await?;
    let name = free_name(manager, to_name.unwrap_or(&name)).await?;
    let staged = Staged::copy(manager, path, move |path| file.copy_to(path)).await?;
    fail_point!("adopt-staged");
    let placement = Placement {
        kind: OperationKind::Adopt,
        id: free_id(manager, &id_in_file).await?,
        name,
    };
    let project = place::place(manager, staged, placement).await?;
    Ok(Adopted {
        project,
        id_in_file,
    })
}

/// The id in the file, or a new one if that is known here or something lies where its file would be.
async fn free_id(manager: &SqliteManager, in_file: &str) -> Result<ProjectId, StoreError> {
    let Ok(id) = in_file.parse::<ProjectId>() else {
        return Ok(ProjectId::new());
    };
    let known = manager
        .core()
        .one(projects::Entity::find_by_id(id.as_str()))
        .await?;
    let layout = manager.layout();
    let taken = known.is_some()
        || spoke_files::exists(&layout.spoke(&id.namespace()))?
        || spoke_files::exists(&layout.trashed(&id.namespace()))?;
    Ok(if taken { ProjectId::new() } else { id })
}
