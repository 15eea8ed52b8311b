//! Makes a backup of a project.

use std::path::PathBuf;

use entity_core::backups;
use entity_core::enums::{BackupType, LogLevel};
use manifold_store::{BackupId, ProjectId};
use serde::{Deserialize, Serialize};

use crate::backup::{self, BackupOptions, BackupRequest, Watch};
use crate::{Job, JobContext, JobError};

/// Makes a backup of a project. What fails, is cancelled or dies leaves no backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupProject {
    /// The id of the backup, so that a second attempt finds what the first one completed.
    pub backup_id: BackupId,
    /// The project.
    pub project_id: ProjectId,
    /// How it is saved.
    #[serde(rename = "type")]
    pub backup_type: BackupType,
    /// The folder in which the backup's own folder will be; by default the one of the data folder.
    pub to: Option<PathBuf>,
    /// How it is made.
    #[serde(flatten)]
    pub options: BackupOptions,
    /// What it is for.
    pub description: Option<String>,
}

impl BackupProject {
    /// A backup with a new id, at its usual place, of all data, not compressed.
    #[must_use]
    pub fn new(project_id: ProjectId, backup_type: BackupType) -> Self {
        let backup_id = BackupId::new();
        Self {
            backup_id,
            project_id,
            backup_type,
            to: None,
            options: BackupOptions::default(),
            description: None,
        }
    }
}

impl Job for BackupProject {
    const KIND: &'static str = "backup_project";
    const MAX_ATTEMPTS: i64 = 5;

    /// The backup as the hub lists it.
    type Output = backups::Model;

    async fn run(&self, context: &JobContext) -> Result<backups::Model, JobError> {
        let request = BackupRequest {
            id: self.backup_id.clone(),
            project_id: self.project_id.clone(),
            backup_type: self.backup_type,
            parent: self.to.clone(),
            options: self.options,
            description: self.description.clone(),
            claim: context.claim().clone(),
        };
        let made = backup::create(context.manager(), request, Watch::of(context)).await?;
        context.log(
            LogLevel::Info,
            format!("backup {} is in {}", made.id, made.location),
        );
        Ok(made)
    }
}
