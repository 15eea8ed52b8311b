//! Checks that a backup can be restored, by reading it back.

use entity_core::enums::LogLevel;
use manifold_store::{BackupId, Backups};
use serde::{Deserialize, Serialize};

use crate::backup::{self, BackupPlace, Part, Places, Verification, Watch};
use crate::{Job, JobContext, JobError};

/// Checks a backup. The job completes also when it finds damage: that is then its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyBackup {
    /// The backup.
    pub backup: BackupPlace,
    /// How much is done.
    #[serde(default)]
    pub depth: Depth,
}

/// How much is done to check a backup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// The content of the files of one part, and the presence of the others. The backup does not count as verified then.
    Part(Part),
    /// Every file, and all that they hold.
    #[default]
    All,
    /// All, and it is really restored, where nobody sees it; see [`backup::drill`].
    Drill,
}

impl VerifyBackup {
    /// A check of every file and all that they hold.
    #[must_use]
    pub fn new(backup: BackupPlace) -> Self {
        Self {
            backup,
            depth: Depth::All,
        }
    }
}

impl Job for VerifyBackup {
    const KIND: &'static str = "verify_backup";
    const MAX_ATTEMPTS: i64 = 3;

    type Output = Verification;

    async fn run(&self, context: &JobContext) -> Result<Verification, JobError> {
        verify(context, &self.backup, self.depth).await
    }
}

/// Checks a backup for a job, and writes down what came of it.
pub(super) async fn verify(
    context: &JobContext,
    place: &BackupPlace,
    depth: Depth,
) -> Result<Verification, JobError> {
    let manager = context.manager();
    let found = place.find(manager).await?;
    let (folder, expected) = (&found.folder, found.id.as_deref());
    let (places, watch) = (Places::of(context), Watch::of(context));
    let verified = match depth {
        Depth::Part(part) => backup::verify_part(&places, folder, expected, part, watch).await?,
        Depth::All => backup::verify(manager, &places, folder, expected, watch).await?,
        Depth::Drill => backup::drill(manager, &places, folder, expected, watch).await?,
    };
    for check in verified.checks.iter().filter(|check| !check.ok) {
        context.log(LogLevel::Error, format!("{}: {}", check.name, check.detail));
    }
    if let Some(id) = found.id {
        let id: BackupId = id
            .parse()
            .map_err(|error| JobError::failed("decode", &error))?;
        let backups = Backups::new(manager);
        match depth {
            _ if !verified.ok => backups.mark_damaged(&id).await.map(drop)?,
            Depth::Part(_) => {}
            Depth::All => backups.mark_verified(&id).await.map(drop)?,
            Depth::Drill => backups.mark_proven(&id).await.map(drop)?,
        }
    }
    Ok(verified)
}
