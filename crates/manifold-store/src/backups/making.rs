//! A backup is being made: begin, complete, fail, and what a dead process left.

use entity_core::enums::{BackupState, BackupType, JobState};
use entity_core::{TableCounts, backups, jobs};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::Backups;
use crate::jobs::hold;
use crate::{
    BackupId, Claim, DatabaseManager as _, IdError, JobsError, ProjectId, StoreError, Timestamp,
    WorkerId, worker,
};

/// A backup that is about to be made.
#[derive(Debug, Clone)]
pub struct NewBackup {
    /// Its id.
    pub id: BackupId,
    /// The project that is saved; the whole store if `None`.
    pub project_id: Option<ProjectId>,
    /// How it is saved.
    pub backup_type: BackupType,
    /// The folder that will hold it.
    pub location: String,
    /// Whether its files are compressed.
    pub compressed: bool,
    /// Whether it holds rows, or the catalogue alone.
    pub with_data: bool,
    /// What it is for.
    pub description: Option<String>,
}

/// A backup that nobody makes any more, though the hub says so.
#[derive(Debug, Clone)]
pub struct AbandonedBackup {
    /// Its line.
    pub backup: backups::Model,
    /// The lease token of the last attempt that can have written it.
    pub lease_token: i64,
}

/// What a complete backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupTotals {
    /// The size of all its files, in bytes.
    pub size_bytes: u64,
    /// Data sources.
    pub data_source_count: i64,
    /// Snapshots of all of them.
    pub snapshot_count: i64,
    /// Stored row versions of all of them; a row that several snapshots share counts once.
    pub total_records: i64,
    /// Each table with its rows and their logical hash.
    pub tables: TableCounts,
}

impl Backups {
    /// Writes down that the attempt of `claim` makes a backup. One with the same id that an earlier attempt did not
    /// complete is begun anew.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when the attempt does not own its job any more;
    /// [`StoreError`] by meaning.
    pub async fn begin(&self, claim: &Claim, new: NewBackup) -> Result<(), JobsError> {
        use backups::Column;
        let row = backups::ActiveModel {
            id: Set((&new.id).into()),
            project_id: Set(new.project_id.map(String::from)),
            r#type: Set(new.backup_type),
            state: Set(BackupState::Running),
            location: Set(new.location),
            size_bytes: Set(None),
            data_source_count: Set(None),
            snapshot_count: Set(None),
            total_records: Set(None),
            tables: Set(None),
            compressed: Set(new.compressed),
            with_data: Set(new.with_data),
            description: Set(new.description),
            job_id: Set(Some((&claim.job_id).into())),
            error: Set(None),
            verified_at: Set(None),
            created_at: Set(Timestamp::now()),
            completed_at: Set(None),
            last_proven_restore_at: Set(None),
        };
        let anew = [
            Column::State,
            Column::Location,
            Column::JobId,
            Column::Error,
            Column::CreatedAt,
            Column::CompletedAt,
        ];
        let begin = backups::Entity::insert(row).on_conflict(
            OnConflict::column(Column::Id)
                .update_columns(anew)
                .to_owned(),
        );
        self.manager
            .core()
            .write(async |transaction| {
                hold(transaction, claim).await?;
                transaction.exec(begin).await?;
                Ok(())
            })
            .await
    }

    /// Writes down that the backup which the attempt of `claim` makes is complete, after its folder is.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when the attempt does not own its job any more; others by meaning.
    pub async fn complete(
        &self,
        claim: &Claim,
        id: &BackupId,
        totals: BackupTotals,
    ) -> Result<backups::Model, JobsError> {
        let completed = completed(id, totals);
        self.manager
            .core()
            .write(async |transaction| {
                hold(transaction, claim).await?;
                Ok(transaction.update(completed).await?)
            })
            .await
    }

    /// Writes down why the attempt of `claim` made no backup.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when the attempt does not own its job any more; others by meaning.
    pub async fn fail(&self, claim: &Claim, id: &BackupId, error: String) -> Result<(), JobsError> {
        let failed = failed(id, error);
        self.manager
            .core()
            .write(async |transaction| {
                hold(transaction, claim).await?;
                transaction.update(failed).await?;
                Ok(())
            })
            .await
    }

    /// Writes down what became of an abandoned backup: it was complete all the same, with these totals, or it was not.
    /// Nothing happens when an attempt has taken it up meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn close_abandoned(
        &self,
        abandoned: &AbandonedBackup,
        totals: Option<BackupTotals>,
    ) -> Result<(), StoreError> {
        let backup = &abandoned.backup;
        let id: BackupId = backup
            .id
            .parse()
            .map_err(|error: IdError| StoreError::Decode(error.to_string()))?;
        let closed = match totals {
            Some(totals) => completed(&id, totals),
            None => failed(&id, "the process that made it died".to_owned()),
        };
        self.manager
            .core()
            .write(async |transaction| {
                let job = match &backup.job_id {
                    Some(job) => transaction.one(jobs::Entity::find_by_id(job)).await?,
                    None => None,
                };
                let now = transaction
                    .one(backups::Entity::find_by_id(backup.id.as_str()))
                    .await?;
                let is_abandoned = now.is_some_and(|now| now.state == BackupState::Running)
                    && job.is_none_or(|job| job.lease_token <= abandoned.lease_token);
                if is_abandoned {
                    transaction.update(closed).await?;
                }
                Ok(())
            })
            .await
    }

    /// The backups of a project, or of the whole store if `None`, that are written down as being made though the job that
    /// made them runs no more: its process died, or it could not say how it ended.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn abandoned(
        &self,
        project: Option<&ProjectId>,
    ) -> Result<Vec<AbandonedBackup>, StoreError> {
        let of_it = match project {
            Some(project) => backups::Column::ProjectId.eq(project),
            None => backups::Column::ProjectId.is_null(),
        };
        let running = backups::Entity::find()
            .filter(of_it)
            .filter(backups::Column::State.eq(BackupState::Running));
        let mut abandoned = Vec::new();
        for backup in self.manager.core().all(running).await? {
            let job = self.job(&backup).await?;
            if !self.is_running(job.as_ref())? {
                abandoned.push(AbandonedBackup {
                    backup,
                    lease_token: job.map_or(i64::MAX, |job| job.lease_token),
                });
            }
        }
        Ok(abandoned)
    }

    pub(super) async fn job(
        &self,
        backup: &backups::Model,
    ) -> Result<Option<jobs::Model>, StoreError> {
        match &backup.job_id {
            Some(job) => {
                let job = jobs::Entity::find_by_id(job.as_str());
                self.manager.core().one(job).await
            }
            None => Ok(None),
        }
    }

    pub(super) fn is_running(&self, job: Option<&jobs::Model>) -> Result<bool, StoreError> {
        let worker = job
            .filter(|job| job.state == JobState::Running)
            .and_then(|job| job.worker_id.as_ref());
        match worker.map(|id| id.parse::<WorkerId>()) {
            Some(Ok(worker)) => worker::is_alive(self.manager.layout(), &worker),
            _ => Ok(false),
        }
    }
}

fn completed(id: &BackupId, totals: BackupTotals) -> backups::ActiveModel {
    backups::ActiveModel {
        id: Set(id.into()),
        state: Set(BackupState::Completed),
        size_bytes: Set(Some(i64::try_from(totals.size_bytes).unwrap_or(i64::MAX))),
        data_source_count: Set(Some(totals.data_source_count)),
        snapshot_count: Set(Some(totals.snapshot_count)),
        total_records: Set(Some(totals.total_records)),
        tables: Set(Some(totals.tables)),
        error: Set(None),
        completed_at: Set(Some(Timestamp::now())),
        ..Default::default()
    }
}

fn failed(id: &BackupId, error: String) -> backups::ActiveModel {
    backups::ActiveModel {
        id: Set(id.into()),
        state: Set(BackupState::Failed),
        error: Set(Some(error)),
        completed_at: Set(Some(Timestamp::now())),
        ..Default::default()
    }
}
