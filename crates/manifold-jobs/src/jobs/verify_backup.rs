//! Checks that a backup can be restored, by reading it back.

use entity_core::enums::LogLevel;
use manifold_store::{BackupId, Backups};
use serde::{Deserialize, Serialize};

pub use crate::backup::Depth;
use crate::backup::{
    self, BackupError, BackupPlace, Location, Opened, Places, StoreSource, StoreWatch,
    Verification, Watch, is_of_system,
};
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
    let mut within = Vec::new();
    // One that cannot be opened, or is another, is a finding below.
    let verified = match store_at(&places, folder, expected).await? {
        Some(source) => {
            within.extend(source.manifest().parts().map(|part| part.id.clone()));
            let watch = StoreWatch::of(context);
            backup::verify_store(manager, &places, source, depth, watch).await?
        }
        None => match depth {
            Depth::Part(part) => {
                backup::verify_part(&places, folder, expected, part, watch).await?
            }
            Depth::All => backup::verify(manager, &places, folder, expected, watch).await?,
            Depth::Drill => backup::drill(manager, &places, folder, expected, watch).await?,
        },
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
            Depth::Drill => backups.mark_proven(&id, &within).await.map(drop)?,
        }
    }
    Ok(verified)
}

/// The backup of a whole store in a folder, if it is one and the right one.
async fn store_at(
    places: &Places,
    folder: &Location,
    expected: Option<&str>,
) -> Result<Option<StoreSource>, BackupError> {
    let (places, folder) = (places.clone(), folder.clone());
    let opened = manifold_store::blocking(move || Opened::open_in(&places, &folder)).await;
    match opened {
        Ok(Opened::Store(source)) => {
            let is_it = expected.is_none_or(|id| id == source.manifest().id);
            Ok(is_it.then_some(*source))
        }
        // Nobody knows what it is.
        Err(error) if is_of_system(&error) => Err(error),
        _ => Ok(None),
    }
}
