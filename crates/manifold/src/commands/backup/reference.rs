//! A backup that a person points at: by its id, or by its folder.

use std::path::Path;
use std::sync::Arc;

use entity_core::backups;
use manifold_jobs::backup::{BackupPlace, Location, Opened, Unlock};
use manifold_store::{Backups, ProjectId, Projects, SqliteManager, StoreError};

use crate::encryption_flags;
use crate::session::Session;
use crate::shapes::backup::BackupShape;

/// A backup that was found.
pub(crate) struct FoundBackup {
    /// Where jobs find it.
    pub(crate) place: BackupPlace,
    /// What is known of it.
    pub(crate) shape: BackupShape,
}

impl FoundBackup {
    /// The backup with this exact id or unique id prefix; else the one in this folder. What looks like a path or an
    /// address is one. An encrypted one is opened with `unlock`, where the data folder does not have its key.
    ///
    /// # Errors
    /// The store's when the id points at none or several; [`manifold_jobs::backup::BackupError`] when the folder
    /// is no backup.
    pub(crate) async fn find(
        session: &Session,
        reference: &str,
        unlock: Option<Unlock>,
    ) -> anyhow::Result<Self> {
        let store = session.store().await?;
        let path = Path::new(reference);
        if Location::is_address(reference) || path.components().count() > 1 || path.is_absolute() {
            return Self::in_folder(session, reference, unlock).await;
        }
        match Backups::new(&store).find(reference).await {
            Ok(row) => {
                let location = Location::from(row.location.as_str());
                encryption_flags::open(&session.places()?, &location, unlock).await?;
                Ok(Self {
                    place: BackupPlace::Id(row.id.clone()),
                    shape: listed(&store, row).await?,
                })
            }
            Err(StoreError::NotFound { .. }) if path.exists() => {
                Self::in_folder(session, reference, unlock).await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn in_folder(
        session: &Session,
        reference: &str,
        unlock: Option<Unlock>,
    ) -> anyhow::Result<Self> {
        let location = Location::from(reference).checked()?;
        let places = session.places()?;
        encryption_flags::open(&places, &location, unlock).await?;
        let source = manifold_store::blocking(move || Opened::open_in(&places, &location)).await?;
        Ok(Self {
            place: BackupPlace::Folder(source.location().clone()),
            shape: BackupShape::of_opened(&source),
        })
    }
}

/// The shape of a backup that the hub lists.
pub(super) async fn listed(
    store: &Arc<SqliteManager>,
    row: backups::Model,
) -> Result<BackupShape, StoreError> {
    let Some(id) = row.project_id.clone() else {
        return Ok(BackupShape::new(row, None));
    };
    let project = match Projects::new(store).find(&id).await {
        Ok(project) if project.id == id => Some(project.name),
        Ok(_) | Err(StoreError::NotFound { .. } | StoreError::Ambiguous { .. }) => None,
        Err(error) => return Err(error),
    };
    Ok(BackupShape::new(row, project))
}

/// The backups of a project, newest first, also of one that is gone: that is known by its id alone.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such project, and no backup of it.
pub(crate) async fn of_project(
    store: &Arc<SqliteManager>,
    reference: &str,
) -> Result<Vec<backups::Model>, StoreError> {
    let backups = Backups::new(store);
    let not_found = match Projects::new(store).find(reference).await {
        Ok(project) => return backups.list(Some(&Projects::id(&project)?)).await,
        Err(error @ StoreError::NotFound { .. }) => error,
        Err(error) => return Err(error),
    };
    match reference.parse::<ProjectId>() {
        Ok(id) => {
            let found = backups.list(Some(&id)).await?;
            if found.is_empty() {
                Err(not_found)
            } else {
                Ok(found)
            }
        }
        Err(_) => Err(not_found),
    }
}
