//! Makes a backup of the whole store.

use std::time::Duration;

use entity_core::backups;
use entity_core::enums::{BackupType, LogLevel};
use manifold_store::{BACKUP_STORE, BackupId};
use serde::{Deserialize, Serialize};

use crate::backup::{
    self, BackupOptions, Location, MadeStore, MissingProject, PATIENCE, Places, StoreBackupRequest,
    StoreWatch,
};
use crate::{Job, JobContext, JobError};

/// Projects that an error names; the others are in the manifest and in the job's log.
const MOST_NAMED: usize = 5;

/// Makes a backup of the hub and of every project. What fails, is cancelled or dies leaves no backup. When projects could not
/// be saved the backup of the others stays, and the job fails with code `backup_partial`, naming them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupStore {
    /// The id of the backup, so that a second attempt finds what the first one completed.
    pub backup_id: BackupId,
    /// How each project is saved: `sqlite`, `csv` or `full`.
    #[serde(rename = "type")]
    pub backup_type: BackupType,
    /// The folder in which the backup's own folder will be; by default the folder of the data folder.
    pub to: Option<Location>,
    /// How it is made.
    #[serde(flatten)]
    pub options: BackupOptions,
    /// What it is for.
    pub description: Option<String>,
    /// How long imports are waited for, all together, in milliseconds; a minute if `None`. A project into which somebody
    /// imports still is then saved without that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience_ms: Option<u64>,
}

impl BackupStore {
    /// A backup with a new id, at its usual place, of all data, not compressed.
    #[must_use]
    pub fn new(backup_type: BackupType) -> Self {
        Self {
            backup_id: BackupId::new(),
            backup_type,
            to: None,
            options: BackupOptions::default(),
            description: None,
            patience_ms: None,
        }
    }
}

impl Job for BackupStore {
    const KIND: &'static str = BACKUP_STORE;
    const MAX_ATTEMPTS: i64 = 5;

    /// The backup as the hub lists it.
    type Output = backups::Model;

    async fn run(&self, context: &JobContext) -> Result<backups::Model, JobError> {
        backup::refuse_store(self.backup_type, self.to.as_ref(), None)?;
        let request = StoreBackupRequest {
            id: self.backup_id.clone(),
            backup_type: self.backup_type,
            parent: self.to.clone(),
            options: self.options,
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
        if missing.is_empty() {
            return Ok(backup);
        }
        let message = format!(
            "backup {} was made without {}; the other projects are in it",
            backup.id,
            named(&missing)
        );
        Err(JobError::failed("backup_partial", &message))
    }
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
