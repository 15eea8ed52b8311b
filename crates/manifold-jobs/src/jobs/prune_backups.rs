//! Deletes the backups that a policy does not keep.

use entity_core::enums::LogLevel;
use manifold_store::ProjectId;
use serde::{Deserialize, Serialize};

use crate::backup::{self, BackupsOf, Fate, Places, Weighed};
use crate::{Job, JobContext, JobError, Retention};

/// Deletes the backups of a project, or of each, that a policy does not keep; see [`backup::decide`]. What is cancelled, fails or dies
/// between two leaves the others as they are; the same again goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneBackups {
    /// The project; each, also those that are gone, and the backups of the whole store, if `None`.
    pub project_id: Option<ProjectId>,
    /// Whether the backups of the whole store alone are meant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub store: bool,
    /// What is kept.
    pub keep: Retention,
}

/// What became of the backups of one project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrunedProject {
    /// The project, which may be gone; `None` for the backups of the whole store.
    pub project_id: Option<String>,
    /// The ids of the backups that were deleted, newest first.
    pub deleted: Vec<String>,
    /// What they took, in bytes.
    pub bytes_freed: u64,
    /// The id of the last backup, when that has failed; then nothing was deleted.
    pub failed: Option<String>,
}

impl Job for PruneBackups {
    const KIND: &'static str = "prune_backups";
    const MAX_ATTEMPTS: i64 = 3;

    /// What became of the backups, project by project.
    type Output = Vec<PrunedProject>;

    async fn run(&self, context: &JobContext) -> Result<Vec<PrunedProject>, JobError> {
        prune(context, self.of(), &self.keep).await
    }
}

impl PruneBackups {
    /// Whose backups are pruned.
    #[must_use]
    pub fn of(&self) -> BackupsOf<'_> {
        match &self.project_id {
            _ if self.store => BackupsOf::Store,
            Some(project) => BackupsOf::Project(project),
            None => BackupsOf::All,
        }
    }
}

/// Deletes backups for a job.
pub(super) async fn prune(
    context: &JobContext,
    of: BackupsOf<'_>,
    keep: &Retention,
) -> Result<Vec<PrunedProject>, JobError> {
    // Those of an attempt that died go first.
    let (manager, places) = (context.manager(), Places::of(context));
    backup::finish_deletions(manager, Some(&places), of.project()).await?;
    let mut pruned = Vec::new();
    for weighed in backup::survey(manager, &places, of, keep).await? {
        pruned.push(match weighed {
            Ok(weighed) => delete(context, weighed).await?,
            Err(failed) => {
                context.log(
                    LogLevel::Warn,
                    format!(
                        "no backup of {} is deleted: {}, the last one, has failed",
                        match &failed.project_id {
                            Some(project) => format!("project {project}"),
                            None => "the whole store".to_owned(),
                        },
                        failed.id
                    ),
                );
                PrunedProject {
                    project_id: failed.project_id,
                    failed: Some(failed.id),
                    ..PrunedProject::default()
                }
            }
        });
    }
    Ok(pruned)
}

async fn delete(context: &JobContext, weighed: Vec<Weighed>) -> Result<PrunedProject, JobError> {
    let places = Places::of(context);
    let mut pruned = PrunedProject::default();
    let mut seen = Vec::new();
    for Weighed { backup, fate } in weighed {
        pruned.project_id.clone_from(&backup.project_id);
        seen.push(backup.clone());
        if fate != Fate::Deleted {
            continue;
        }
        context.check_cancelled()?;
        context.hold().await?;
        pruned.bytes_freed += backup::delete(context.manager(), &places, &backup).await?;
        context.log(LogLevel::Info, format!("backup {} was deleted", backup.id));
        pruned.deleted.push(backup.id);
    }
    // Also what others left that deleted a backup, or died.
    match backup::collect_after(&places, &seen).await {
        Ok(collected) => pruned.bytes_freed += collected.bytes,
        Err(error) if error.is_of_another() => context.log(
            LogLevel::Warn,
            format!("segments of deleted backups stay: {error}"),
        ),
        Err(error) => return Err(error.into()),
    }
    Ok(pruned)
}
