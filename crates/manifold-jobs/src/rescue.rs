//! Jobs whose process died.

use std::sync::Arc;

use entity_core::jobs;
use manifold_store::{
    ImportRecord, Jobs, JobsError, ProjectId, Projects, SqliteManager, StagedBuilder,
};

use crate::jobs::{
    BackupProject, BackupStore, ExportData, ExportProjectFile, ImportFile, PruneBackups,
    export_data, export_project_file,
};
use crate::{Job as _, JobError, backup};

/// Takes up the jobs whose processes died, and returns them: `pending` again if an attempt is left, else `failed` with
/// error code `crashed` or `CRASH_LOOP`, or `cancelled` if that had been asked for. To be called when a store has been
/// opened; workers do it too. Several processes may do it at once.
///
/// What such a job left is brought in order. Of an import that is not tried again the history of its project says that it
/// failed, and a source or a project that was made for it and is empty is gone. Rows that a dead import wrote into a
/// source that stays are invisible; the next import goes on with them or takes them away. A backup that was complete is listed; what
/// another one left is removed, and so are spokes that were being built and files that were being exported.
///
/// # Errors
/// [`JobsError`] when the hub cannot be read or written. A project that cannot be opened is left to its
/// next import or backup.
pub async fn rescue_dead(manager: &Arc<SqliteManager>) -> Result<Vec<jobs::Model>, JobsError> {
    rescue(&Jobs::new(manager)).await
}

pub(crate) async fn rescue(jobs: &Jobs) -> Result<Vec<jobs::Model>, JobsError> {
    let manager = jobs.manager();
    let rescued = jobs.rescue_dead().await?;
    if !rescued.is_empty()
        && let Err(error) = StagedBuilder::clear_abandoned(manager).await
    {
        tracing::warn!(%error, "temporary files of dead processes stay");
    }
    for job in &rescued {
        let of_all = match job.kind.as_str() {
            BackupStore::KIND => backup::clear_leftovers(manager, None, None).await,
            PruneBackups::KIND => backup::finish_deletions(manager, None, None).await,
            _ => Ok(()),
        };
        if let Err(error) = of_all {
            tracing::warn!(job.id = %job.id, %error, "what the job left stays for now");
        }
        let Some(Ok(project)) = job.project_id.as_ref().map(|id| id.parse::<ProjectId>()) else {
            continue;
        };
        let cleared: Result<(), JobError> = match job.kind.as_str() {
            ImportFile::KIND => ImportRecord::close_abandoned(manager, &project)
                .await
                .map_err(JobError::from),
            BackupProject::KIND => backup::clear_leftovers(manager, None, Some(&project))
                .await
                .map_err(JobError::from),
            ExportData::KIND => export_data::clear_leftovers(&Jobs::new(manager), job).await,
            ExportProjectFile::KIND => {
                export_project_file::clear_leftovers(&Jobs::new(manager), job).await
            }
            _ => Ok(()),
        };
        if let Err(error) = cleared {
            tracing::warn!(job.id = %job.id, project.id = %project, %error, "what the job left stays for now");
        }
        if let Err(error) = Projects::new(manager).bring_in_step(&project).await {
            tracing::debug!(project.id = %project, %error, "the hub shows the project as it was before the job");
        }
    }
    Projects::new(manager).settle_drafts().await?;
    Ok(rescued)
}
