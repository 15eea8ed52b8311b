//! Makes a backup of the whole store.

use std::time::Duration;

use entity_core::backups;
use entity_core::enums::{BackupType, LogLevel};
use manifold_store::{BACKUP_STORE, BackupId, Backups, IdError};
use serde::{Deserialize, Serialize};

use super::backup_project::discard_begun;
use super::prune_backups::prune;
use super::verify_backup::verify;
use crate::backup::{
    self, BackupOptions, BackupPlace, BackupsOf, Depth, Encryption, Location, MadeStore,
    MissingProject, PATIENCE, Places, StoreBackupRequest, StoreWatch,
};
use crate::{CleanUpReason, Job, JobContext, JobError, Retention};

/// Projects that an error names; the others are in the manifest and in the job's log.
const MOST_NAMED: usize = 5;

/// Makes a backup of the hub and of every project. What fails, is cancelled or dies leaves no backup. When projects could not
/// be saved the backup of the others stays, and the job fails with code `backup_partial`, naming them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupStore {
    /// The id of the backup, so that a second attempt finds what the first one completed; that of the job if `None`,
    /// as for the jobs of a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_id: Option<BackupId>,
    /// How each project is saved: `sqlite`, `csv` or `full`.
    #[serde(rename = "type")]
    pub backup_type: BackupType,
    /// The place in which the backup's own folder will be; by default the folder of the data folder.
    pub to: Option<Location>,
    /// For whom it is encrypted, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// How it is made.
    #[serde(flatten)]
    pub options: BackupOptions,
    /// What it is for.
    pub description: Option<String>,
    /// How long imports are waited for, all together, in milliseconds; a minute if `None`. A project into which somebody
    /// imports still is then saved without that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience_ms: Option<u64>,
    /// Whether it is read back and compared once it is made; damage is then an error of the job.
    #[serde(default)]
    pub verify: bool,
    /// Which verified backups of the whole store are kept once it is made; all if `None`. See
    /// [`PruneBackups`](super::PruneBackups).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Retention>,
}

impl BackupStore {
    /// A backup with a new id, at its usual place, of all data, not compressed.
    #[must_use]
    pub fn new(backup_type: BackupType) -> Self {
        Self {
            backup_id: Some(BackupId::new()),
            ..Self::each_time(backup_type)
        }
    }

    /// As [`Self::new`], for a schedule: each time it is done the backup has another id.
    #[must_use]
    pub fn each_time(backup_type: BackupType) -> Self {
        Self {
            backup_id: None,
            backup_type,
            to: None,
            encryption: None,
            options: BackupOptions::default(),
            description: None,
            patience_ms: None,
            verify: false,
            keep: None,
        }
    }

    fn id(&self, context: &JobContext) -> Result<BackupId, JobError> {
        match &self.backup_id {
            Some(id) => Ok(id.clone()),
            None => (context.job_id().as_str().parse())
                .map_err(|error: IdError| JobError::failed("decode", &error)),
        }
    }
}

impl Job for BackupStore {
    const KIND: &'static str = BACKUP_STORE;
    const MAX_ATTEMPTS: i64 = 5;

    /// The backup as the hub lists it.
    type Output = backups::Model;

    async fn run(&self, context: &JobContext) -> Result<backups::Model, JobError> {
        backup::refuse_store(self.backup_type)?;
        let request = StoreBackupRequest {
            id: self.id(context)?,
            backup_type: self.backup_type,
            parent: self.to.clone(),
            options: self.options,
            encryption: self.encryption.clone(),
            description: self.description.clone(),
            patience: self.patience_ms.map_or(PATIENCE, Duration::from_millis),
            claim: context.claim().clone(),
        };
        let (places, watch) = (Places::of(context), StoreWatch::of(context));
        let made = backup::create_store(context.manager(), &places, request, watch).await?;
        let MadeStore { backup, missing } = made;
        context.log(
            LogLevel::Info,
            format!("backup {} is in {}", backup.id, backup.location),
        );
        if !missing.is_empty() {
            let message = format!(
                "backup {} was made without {}; the other projects are in it",
                backup.id,
                named(&missing)
            );
            return Err(JobError::failed("backup_partial", &message));
        }
        let backup = match self.verify && backup.verified_at.is_none() {
            true => verified(context, backup).await?,
            false => backup,
        };
        if let Some(keep) = &self.keep {
            prune(context, BackupsOf::Store, keep).await?;
        }
        Ok(backup)
    }

    /// Removes what was sent elsewhere of a backup that is not wanted any more, as of one of a project.
    async fn clean_up(&self, context: &JobContext, reason: CleanUpReason) -> Result<(), JobError> {
        match reason {
            CleanUpReason::Cancelled => discard_begun(context, BackupsOf::Store).await,
            _ => Ok(()),
        }
    }
}

/// Reads the backup back. One that is damaged stays, for somebody to look at; it never counts as verified.
async fn verified(
    context: &JobContext,
    backup: backups::Model,
) -> Result<backups::Model, JobError> {
    let id = backup.id;
    let verification = verify(context, &BackupPlace::Id(id.clone()), Depth::All).await?;
    if let Some(wrong) = verification.checks.iter().find(|check| !check.ok) {
        let message = format!(
            "backup {id} was made and is damaged ({}: {}); make another",
            wrong.name, wrong.detail
        );
        return Err(JobError::failed("backup_damaged", &message));
    }
    Ok(Backups::new(context.manager()).find(&id).await?)
}

fn named(missing: &[MissingProject]) -> String {
    let mut named: Vec<String> = missing
        .iter()
        .take(MOST_NAMED)
        .map(|project| format!("project `{}` ({})", project.name, project.reason))
        .collect();
    let more = missing.len().saturating_sub(named.len());
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}
