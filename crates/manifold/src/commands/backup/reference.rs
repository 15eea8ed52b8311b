//! A backup that a person points at: by its id, or by its folder.

use std::path::Path;
use std::sync::Arc;

use entity_core::backups;
use manifold_jobs::backup::{BackupPlace, BackupSource};
use manifold_store::{Backups, Projects, SqliteManager, StoreError};

use crate::shapes::backup::BackupShape;

/// A backup that was found.
pub(crate) struct FoundBackup {
    /// Where jobs find it.
    pub(crate) place: BackupPlace,
    /// What is known of it.
    pub(crate) shape: BackupShape,
}

impl FoundBackup {
    /// The backup with this exact id or unique id prefix; else the one in this folder. What looks like a path is one.
    ///
    /// # Errors
    /// The store's when the id points at none or several; [`manifold_jobs::backup::BackupError`] when the folder
    /// is no backup.
    pub(crate) async fn find(store: &Arc<SqliteManager>, reference: &str) -> anyhow::Result<Self> {
        let path = Path::new(reference);
        if path.components().count() > 1 || path.is_absolute() {
            return Self::in_folder(path).await;
        }
        match Backups::new(store).find(reference).await {
            Ok(row) => Ok(Self {
                place: BackupPlace::Id(row.id.clone()),
                shape: listed(store, row).await?,
            }),
            Err(StoreError::NotFound { .. }) if path.exists() => Self::in_folder(path).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn in_folder(path: &Path) -> anyhow::Result<Self> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let source = tokio::task::spawn_blocking(move || BackupSource::open(&path)).await??;
        Ok(Self {
            place: BackupPlace::Folder(source.folder().to_owned()),
            shape: BackupShape::of_folder(&source),
        })
    }
}

/// The shape of a backup that the hub lists.
pub(super) async fn listed(
    store: &Arc<SqliteManager>,
    row: backups::Model,
) -> Result<BackupShape, StoreError> {
    let project = match Projects::new(store).find(&row.project_id).await {
        Ok(project) if project.id == row.project_id => Some(project.name),
        Ok(_) | Err(StoreError::NotFound { .. } | StoreError::Ambiguous { .. }) => None,
        Err(error) => return Err(error),
    };
    Ok(BackupShape::new(row, project))
}
