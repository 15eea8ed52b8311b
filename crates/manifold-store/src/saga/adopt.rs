//! Adopt a file: a copy of it, checked and migrated, becomes a project here.

use std::path::Path;

use entity_core::enums::OperationKind;
use entity_core::projects;
use sea_orm::EntityTrait as _;

use super::clone::free_name;
use super::outside_file::{Inside, OutsideFile};
use super::place::{self, Placement};
use super::spoke_files;
use crate::staged::{RedactedSecret, Staged};
use crate::{
    CopyWatch, DatabaseManager as _, ProjectId, SqliteManager, StoreError, fail_point, provision,
};

/// A project that was made of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Adopted {
    /// The project.
    pub project: projects::Model,
    /// The id in the file. The project has a new one if a project of this data folder, in use or in the trash, has it.
    pub id_in_file: String,
    /// Secrets that stood in configs as literals, and do not stand in the project: references took their place.
    pub redacted: Vec<RedactedSecret>,
}

/// How a file is made a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdoptOptions {
    /// Its name; without one it is the name in the file.
    pub name: Option<String>,
    /// What to do about secrets that stand in the configs of its sources as literals: put references to secrets of the
    /// data folder in their place. Otherwise such a file is refused.
    pub redact_secrets: bool,
}

/// Makes a copy of the file at `path` a project. The file stays as it is.
pub(crate) async fn adopt(
    manager: &SqliteManager,
    path: &Path,
    options: &AdoptOptions,
    watch: CopyWatch,
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
    let name = free_name(manager, options.name.as_deref().unwrap_or(&name)).await?;
    let followed = watch.clone();
    let staged = Staged::copy(manager, path, move |path| file.copy_to(path, &followed)).await?;
    let (original, redact) = (path.to_owned(), options.redact_secrets);
    let (staged, redacted) = provision::blocking(move || {
        if redact {
            let redacted = staged.redact_secrets()?;
            return Ok((staged, redacted));
        }
        staged.refuse_secrets(&original)?;
        Ok((staged, Vec::new()))
    })
    .await?;
    watch.look(0, 0)?; // the last point at which nothing of it is visible
    fail_point!("adopt-staged");
    let placement = Placement {
        kind: OperationKind::Adopt,
        id: free_id(manager, &id_in_file).await?,
        name,
    };
    let project = place::place(manager, staged, placement, &watch).await?;
    Ok(Adopted {
        project,
        id_in_file,
        redacted,
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
