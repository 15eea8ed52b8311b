//! What a schedule does with the backups of a project, or of the whole store.

use clap::ValueEnum;
use entity_core::job_schedules;
use manifold_jobs::jobs::{BackupProject, BackupStore, CheckBackup, PruneBackups};
use manifold_jobs::{Job as _, Retention, new_job};
use manifold_store::{NewJob, ProjectId, StoreError};

/// What a schedule does with the backups of a project, or of the whole store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ScheduledJob {
    /// Make one
    Backup,
    /// Read the one back that was not verified for the longest time
    Verify,
    /// Really restore the one, where nobody sees it, that was not for the longest time
    Drill,
    /// Delete those that a policy does not keep
    Prune,
}

impl ScheduledJob {
    /// Its name, which the schedule has if nobody gives it another.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Verify => "verify",
            Self::Drill => "drill",
            Self::Prune => "prune",
        }
    }

    /// What is scheduled, for people.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Backup => "backups",
            Self::Verify => "verifying backups",
            Self::Drill => "drills",
            Self::Prune => "pruning of backups",
        }
    }

    /// The job that verifies or drills, of the whole store without a project.
    pub(super) fn check(self, project: Option<&ProjectId>) -> Result<NewJob, StoreError> {
        let job = CheckBackup {
            project_id: project.cloned(),
            drill: self == Self::Drill,
        };
        new_job(&job, project.cloned())
    }

    /// The job that prunes, of the whole store without a project.
    pub(super) fn prune(
        project: Option<&ProjectId>,
        keep: Retention,
    ) -> Result<NewJob, StoreError> {
        let job = PruneBackups {
            project_id: project.cloned(),
            store: project.is_none(),
            keep,
        };
        new_job(&job, project.cloned())
    }

    /// Whether a schedule does this.
    pub(super) fn is_of(self, schedule: &job_schedules::Model) -> bool {
        let is_drill = schedule.payload["drill"] == true;
        match self {
            Self::Backup => [BackupProject::KIND, BackupStore::KIND].contains(&&*schedule.kind),
            Self::Verify => schedule.kind == CheckBackup::KIND && !is_drill,
            Self::Drill => schedule.kind == CheckBackup::KIND && is_drill,
            Self::Prune => schedule.kind == PruneBackups::KIND,
        }
    }
}
