//! Backups as the hub lists them.

mod making;
mod stats;

use std::path::Path;
use std::sync::Arc;

use entity_core::enums::{BackupState, JobState};
use entity_core::{backups, projects};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};

pub use self::making::{AbandonedBackup, BackupTotals, NewBackup};
pub use self::stats::{BackupStats, TypeStats};
use crate::reference::{self, Candidate};
use crate::{
    BackupId, DatabaseManager as _, ProjectId, SqliteManager, StoreError, Timestamp, fail_point,
    provision, sync_folder,
};

/// The kind of the jobs that make backups of projects.
pub const BACKUP_PROJECT: &str = "backup_project";

/// The kind of the jobs that make backups of a whole store.
pub const BACKUP_STORE: &str = "backup_store";

/// The backups of a store.
#[derive(Debug, Clone)]
pub struct Backups {
    manager: Arc<SqliteManager>,
}

impl Backups {
    /// The backups that the store of `manager` lists.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }

    /// Lists a complete backup that was found and that the hub does not list.
    ///
    /// # Errors
    /// [`StoreError::Unique`] when one with its id is listed; others by meaning.
    pub async fn list_again(&self, backup: backups::Model) -> Result<backups::Model, StoreError> {
        use sea_orm::IntoActiveModel as _;
        self.manager.core().insert(backup.into_active_model()).await
    }

    /// Writes down that everything in a backup was read back and is right.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn mark_verified(&self, id: &BackupId) -> Result<backups::Model, StoreError> {
        let verified = backups::ActiveModel {
            id: Set(id.into()),
            verified_at: Set(Some(Timestamp::now())),
            ..Default::default()
        };
        self.manager.core().update(verified).await
    }

    /// Writes down that a backup was really restored and is right: it was verified and proven, and so was a restore of its
    /// project, if the hub knows it and the backup holds all of it, or, for one of the whole store, of the projects `within` it.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn mark_proven(
        &self,
        id: &BackupId,
        within: &[String],
    ) -> Result<backups::Model, StoreError> {
        let now = Timestamp::now();
        let proven = backups::ActiveModel {
            id: Set(id.into()),
            verified_at: Set(Some(now)),
            last_proven_restore_at: Set(Some(now)),
            ..Default::default()
        };
        self.manager
            .core()
            .write(async |transaction| {
                let backup = transaction.update(proven).await?;
                let proven = backup.project_id.iter().chain(within);
                for project in proven.filter(|_| backup.with_data) {
                    let project = projects::Entity::update_many()
                        .set(projects::ActiveModel {
                            last_proven_restore_at: Set(Some(now)),
                            ..Default::default()
                        })
                        .filter(projects::Column::Id.eq(project));
                    transaction.exec(project).await?;
                }
                Ok(backup)
            })
            .await
    }

    /// Writes down that a backup, whenever it was right, is damaged: it counts as verified and as proven no more.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn mark_damaged(&self, id: &BackupId) -> Result<backups::Model, StoreError> {
        let damaged = backups::ActiveModel {
            id: Set(id.into()),
            verified_at: Set(None),
            last_proven_restore_at: Set(None),
            ..Default::default()
        };
        self.manager.core().update(damaged).await
    }

    /// The backups of a project, or all there are, newest first. Also those whose project is gone, and those of the whole
    /// store, which have no project.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(
        &self,
        project: Option<&ProjectId>,
    ) -> Result<Vec<backups::Model>, StoreError> {
        let mut newest = backups::Entity::find()
            .order_by_desc(backups::Column::CreatedAt)
            .order_by_desc(backups::Column::Id);
        if let Some(project) = project {
            newest = newest.filter(backups::Column::ProjectId.eq(project));
        }
        self.manager.core().all(newest).await
    }

    /// The backup with this exact id or unique id prefix.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ambiguous`] with the candidates.
    pub async fn find(&self, reference: &str) -> Result<backups::Model, StoreError> {
        let core = self.manager.core();
        if let Some(exact) = core.one(backups::Entity::find_by_id(reference)).await? {
            return Ok(exact);
        }
        let prefixed = reference::prefixed(backups::Entity::find(), backups::Column::Id, reference);
        reference::by_prefix("backup", reference, core.all(prefixed).await?)
    }

    /// Deletes a backup: its folder, then its line in the hub. Can be repeated when it was interrupted;
    /// what is left of the folder meanwhile is not a backup, and the hub says so.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while it is being made; [`StoreError::Io`] naming the folder.
    pub async fn delete(&self, backup: &backups::Model) -> Result<(), StoreError> {
        self.begin_deletion(backup).await?;
        let folder = backup.location.clone();
        provision::blocking(move || remove_folder(Path::new(&folder))).await?;
        fail_point!("backup-folder-deleted");
        self.forget(backup).await
    }

    /// Writes down that a backup is being deleted, before the first of its files goes: it is none any more, and who finds it so
    /// deletes the rest of it.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while it is being made; others by meaning.
    pub async fn begin_deletion(&self, backup: &backups::Model) -> Result<(), StoreError> {
        self.refuse_while_made(backup).await?;
        let begun = backups::Entity::update_many()
            .set(backups::ActiveModel {
                state: Set(BackupState::Deleting),
                ..Default::default()
            })
            .filter(backups::Column::Id.eq(backup.id.as_str()))
            .filter(backups::Column::State.eq(BackupState::Completed));
        self.manager.core().exec(begun).await?;
        Ok(())
    }

    /// The backups of a project, or of all and of the whole store if `None`, whose deletion was begun.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn deleting(
        &self,
        project: Option<&ProjectId>,
    ) -> Result<Vec<backups::Model>, StoreError> {
        let mut listed = self.list(project).await?;
        listed.retain(|backup| backup.state == BackupState::Deleting);
        Ok(listed)
    }

    /// Fails while a backup is being made.
    ///
    /// # Errors
    /// [`StoreError::Busy`]; others by meaning.
    async fn refuse_while_made(&self, backup: &backups::Model) -> Result<(), StoreError> {
        if self.is_being_made(backup).await? {
            let what = format!("backup {}", backup.id);
            return Err(StoreError::Busy {
                what,
                holder: backup.job_id.as_ref().map(|job| format!("job {job}")),
            });
        }
        Ok(())
    }

    /// Takes a backup off the list, after its files are gone.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn forget(&self, backup: &backups::Model) -> Result<(), StoreError> {
        self.manager
            .core()
            .exec(backups::Entity::delete_by_id(backup.id.as_str()))
            .await?;
        Ok(())
    }

    /// Whether no job will go on with a backup that was begun: the one that made it has ended.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn is_given_up(&self, backup: &backups::Model) -> Result<bool, StoreError> {
        let job = self.job(backup).await?;
        Ok(job.is_none_or(|job| {
            matches!(
                job.state,
                JobState::Completed | JobState::Failed | JobState::Cancelled
            )
        }))
    }

    async fn is_being_made(&self, backup: &backups::Model) -> Result<bool, StoreError> {
        let job = match backup.state {
            BackupState::Running => self.job(backup).await?,
            _ => None,
        };
        self.is_running(job.as_ref())
    }
}

/// Removes a backup's folder, the manifest first: without it nothing takes the rest for a backup.
fn remove_folder(folder: &Path) -> Result<(), StoreError> {
    let manifest = folder.join("manifest.json");
    match std::fs::remove_file(&manifest) {
        Ok(()) => sync_folder(folder)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(StoreError::io("remove", manifest)(error)),
    }
    match std::fs::remove_dir_all(folder) {
        Ok(()) => folder.parent().map_or(Ok(()), sync_folder),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::io("remove", folder)(error)),
    }
}

impl Candidate for backups::Model {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.location
    }
}
