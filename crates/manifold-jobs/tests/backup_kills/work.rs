//! What a process does with backups until it is killed.

use std::path::Path;
use std::sync::Arc;

use entity_core::enums::{BackupState, BackupType};
use manifold_jobs::backup::BackupPlace;
use manifold_jobs::jobs::{
    BackupProject, Depth, PruneBackups, RestoreProject, RestoreTarget, VerifyBackup,
};
use manifold_jobs::{JobError, Retention};
use manifold_store::{BackupId, Backups, ProjectId, SqliteManager};

use crate::scene::{run, saved};

/// A piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Backup(BackupType),
    /// A backup that is verified, after which the older ones go.
    BackupAndPrune,
    Prune,
    RestoreInPlace,
    RestoreAsNew,
    Drill,
}

/// One after the other, and then again.
pub const ACTS: [Act; 10] = [
    Act::Backup(BackupType::Csv),
    Act::RestoreInPlace,
    Act::BackupAndPrune,
    Act::Backup(BackupType::Full),
    Act::Drill,
    Act::RestoreInPlace,
    Act::Backup(BackupType::Incremental),
    Act::Prune,
    Act::RestoreAsNew,
    Act::Backup(BackupType::Sqlite),
];

/// So many of the newest are kept.
const KEEP: Retention = Retention {
    last: 1,
    hourly: 0,
    daily: 0,
    weekly: 0,
    monthly: 0,
    yearly: 0,
    within: None,
};

impl Act {
    /// The first act that passes a point.
    pub fn passing(point: &str) -> usize {
        let is = |act: Act| ACTS.iter().position(|known| *known == act).unwrap();
        let begins = |prefix: &str| point.starts_with(prefix);
        if begins("backup-lease") || begins("backup-segment") {
            is(Act::Backup(BackupType::Incremental))
        } else if begins("backup-folder") {
            is(Act::Prune)
        } else if begins("segment") {
            is(Act::BackupAndPrune)
        } else if begins("restore-") || begins("safety-copy-") {
            is(Act::RestoreInPlace)
        } else if begins("place-") {
            is(Act::RestoreAsNew)
        } else if begins("drill-") {
            is(Act::Drill)
        } else {
            0
        }
    }

    pub async fn run(
        self,
        manager: &Arc<SqliteManager>,
        folder: &Path,
        project: &ProjectId,
        number: u64,
    ) -> Result<(), JobError> {
        let of_saved = |target| RestoreProject {
            backup: BackupPlace::Folder(only(&saved(folder, usize::from(number % 8 < 4))).into()),
            target,
            dry_run: false,
        };
        match self {
            Self::Backup(backup_type) => {
                let mut job = BackupProject::new(project.clone(), backup_type);
                job.options.compress = number.is_multiple_of(3);
                run(manager, project, job).await.map(drop)
            }
            Self::BackupAndPrune => {
                let job = BackupProject {
                    verify: true,
                    keep: Some(KEEP),
                    ..BackupProject::new(project.clone(), BackupType::Incremental)
                };
                run(manager, project, job).await.map(drop)
            }
            Self::Prune => {
                for id in complete(manager).await {
                    Backups::new(manager).mark_verified(&id).await?;
                }
                let job = PruneBackups {
                    project_id: Some(project.clone()),
                    store: false,
                    keep: KEEP,
                };
                run(manager, project, job).await.map(drop)
            }
            Self::RestoreInPlace => {
                let restore = of_saved(RestoreTarget::InPlace);
                run(manager, project, restore).await.map(drop)
            }
            Self::RestoreAsNew => {
                let name = Some(format!("restored {}", BackupId::new()));
                let restore = of_saved(RestoreTarget::AsNew { name });
                run(manager, project, restore).await.map(drop)
            }
            Self::Drill => {
                let Some(id) = complete(manager).await.into_iter().next() else {
                    return Ok(());
                };
                let job = VerifyBackup {
                    depth: Depth::Drill,
                    ..VerifyBackup::new(BackupPlace::Id(id.to_string()))
                };
                let verified = run(manager, project, job).await?;
                assert!(verified.ok, "{verified:?}");
                Ok(())
            }
        }
    }
}

/// The complete backups, newest first.
pub async fn complete(manager: &Arc<SqliteManager>) -> Vec<BackupId> {
    let mut listed = Backups::new(manager).list(None).await.unwrap();
    listed.retain(|backup| backup.state == BackupState::Completed);
    listed
        .iter()
        .map(|backup| backup.id.parse().unwrap())
        .collect()
}

/// The only folder in this one.
fn only(folder: &Path) -> std::path::PathBuf {
    let mut entries = std::fs::read_dir(folder).unwrap();
    entries.next().unwrap().unwrap().path()
}
