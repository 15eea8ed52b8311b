//! Checks that a backup can be restored, by reading it back.

use entity_core::enums::LogLevel;
use manifold_store::{BackupId, Backups};
use serde::{Deserialize, Serialize};

use crate::backup::{self, BackupPlace, Verification, Watch};
use crate::{Job, JobContext, JobError};

/// Checks every file of a backup and reads all of it back. The job completes also when it finds damage:
/// that is then its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyBackup {
    /// The backup.
    pub backup: BackupPlace,
}

impl Job for VerifyBackup {
    const KIND: &'static str = "verify_backup";
    const MAX_ATTEMPTS: i64 = 3;

    type Output = Verification;

    async fn run(&self, context: &JobContext) -> Result<Verification, JobError> {
        let found = self.backup.find(context.manager()).await?;
        let verified = backup::verify(
            context.manager(),
            &found.folder,
            found.id.as_deref(),
            Watch::of(context),
        )
        .await?;
        for check in verified.checks.iter().filter(|check| !check.ok) {
            context.log(LogLevel::Error, format!("{}: {}", check.name, check.detail));
        }
        if let Some(id) = found.id {
            let id: BackupId = id
                .parse()
                .map_err(|error| JobError::failed("decode", &error))?;
            let backups = Backups::new(context.manager());
            if verified.ok {
                backups.mark_verified(&id).await?;
            } else {
                backups.mark_damaged(&id).await?;
            }
        }
        Ok(verified)
    }
}
