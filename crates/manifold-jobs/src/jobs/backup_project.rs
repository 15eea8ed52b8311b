//! Makes a backup of a project.

use entity_core::backups;
use entity_core::enums::{BackupState, BackupType, LogLevel};
use manifold_store::{BACKUP_PROJECT, BackupId, Backups, IdError, ProjectId};
use serde::{Deserialize, Serialize};

use super::prune_backups::prune;
use crate::backup::{
    self, BackupOptions, BackupRequest, BackupsOf, Encryption, Location, Places, Watch,
};
use crate::{CleanUpReason, Job, JobContext, JobError, Retention};

/// Makes a backup of a project. What fails, is cancelled or dies leaves no backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupProject {
    /// The id of the backup, so that a second attempt finds what the first one completed; that of the job if `None`,
    /// as for the jobs of a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_id: Option<BackupId>,
    /// The project.
    pub project_id: ProjectId,
    /// How it is saved.
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
    /// The ids of the sources whose snapshots and rows are saved; those of all if `None`. A backup of some is `csv` or `full`, and a
    /// restore of it makes the other sources empty. One that is no more is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<String>>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it is read back and compared once it is made; damage is then an error of the job.
    #[serde(default)]
    pub verify: bool,
    /// Which verified backups of the project are kept once it is made; all if `None`. See [`PruneBackups`](super::PruneBackups).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Retention>,
}

impl BackupProject {
    /// A backup with a new id, at its usual place, of all data, not compressed.
    #[must_use]
    pub fn new(project_id: ProjectId, backup_type: BackupType) -> Self {
        Self {
            backup_id: Some(BackupId::new()),
            ..Self::each_time(project_id, backup_type)
        }
    }

    /// As [`Self::new`], for a schedule: each time it is done the backup has another id.
    #[must_use]
    pub fn each_time(project_id: ProjectId, backup_type: BackupType) -> Self {
        Self {
            backup_id: None,
            project_id,
            backup_type,
            to: None,
            encryption: None,
            options: BackupOptions::default(),
            sources: None,
            description: None,
            verify: false,
            keep: None,
        }
    }
}

impl Job for BackupProject {
    const KIND: &'static str = BACKUP_PROJECT;
    const MAX_ATTEMPTS: i64 = 5;

    /// The backup as the hub lists it.
    type Output = backups::Model;

    async fn run(&self, context: &JobContext) -> Result<backups::Model, JobError> {
        let request = BackupRequest {
            id: self.id(context)?,
            project_id: self.project_id.clone(),
            backup_type: self.backup_type,
            parent: self.to.clone(),
            options: self.options,
            sources: self.sources.clone(),
            encryption: self.encryption.clone(),
            description: self.description.clone(),
            claim: context.claim().clone(),
        };
        let places = Places::of(context);
        let watch = Watch::of(context);
        let mut made = backup::create(context.manager(), &places, request, watch).await?;
        context.log(
            LogLevel::Info,
            format!("backup {} is in {}", made.id, made.location),
        );
        if self.verify && made.verified_at.is_none() {
            made = verify(context, &made).await?;
        }
        if let Some(keep) = &self.keep {
            prune(context, BackupsOf::Project(&self.project_id), keep).await?;
        }
        Ok(made)
    }

    /// Removes what was sent elsewhere of a backup that is not wanted any more. Of one that failed it stays, with what it
    /// was sent from: the same backup goes on with it.
    async fn clean_up(&self, context: &JobContext, reason: CleanUpReason) -> Result<(), JobError> {
        match reason {
            CleanUpReason::Cancelled => {
                discard_begun(context, BackupsOf::Project(&self.project_id)).await
            }
            _ => Ok(()),
        }
    }
}

/// Removes what was sent elsewhere of the backups that this job has begun.
pub(super) async fn discard_begun(context: &JobContext, of: BackupsOf<'_>) -> Result<(), JobError> {
    let job = context.job_id().as_str();
    for begun in of.list(context.manager()).await? {
        if begun.state == BackupState::Failed && begun.job_id.as_deref() == Some(job) {
            let places = Places::of(context);
            backup::discard(&places, &begun).await?;
            match backup::collect_after(&places, &[begun]).await {
                Err(error) if !error.is_of_another() => return Err(error.into()),
                _ => {}
            }
            context.log(LogLevel::Info, "nothing of the backup is left at its place");
        }
    }
    Ok(())
}

impl BackupProject {
    fn id(&self, context: &JobContext) -> Result<BackupId, JobError> {
        match &self.backup_id {
            Some(id) => Ok(id.clone()),
            None => parse(context.job_id().as_str()),
        }
    }
}

/// Reads a backup back. One that is damaged stays, for somebody to look at; it never counts as verified.
async fn verify(context: &JobContext, made: &backups::Model) -> Result<backups::Model, JobError> {
    let (manager, places) = (context.manager(), Places::of(context));
    let (folder, watch) = (made.location.as_str().into(), Watch::of(context));
    let verified = backup::verify(manager, &places, &folder, Some(&made.id), watch).await?;
    if let Some(wrong) = verified.checks.iter().find(|check| !check.ok) {
        let message = format!(
            "backup {} was made and is damaged ({}: {}); make another",
            made.id, wrong.name, wrong.detail
        );
        return Err(JobError::failed("backup_damaged", &message));
    }
    Ok(Backups::new(manager)
        .mark_verified(&parse(&made.id)?)
        .await?)
}

fn parse(id: &str) -> Result<BackupId, JobError> {
    id.parse()
        .map_err(|error: IdError| JobError::failed("decode", &error))
}
