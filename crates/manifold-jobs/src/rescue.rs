//! Jobs whose process died.

use std::sync::Arc;

use entity_core::jobs;
use manifold_store::{
    ImportRecord, Jobs, JobsError, ProjectId, Projects, SqliteManager, StoreError,
};

use crate::Job as _;
use crate::jobs::ImportFile;

/// Ends the jobs whose processes died, and returns them: `failed` with error code `crashed`, or `cancelled`
/// if that had been asked for. To be called when a store has been opened. Several processes may do it at
/// once.
///
/// What such a job left is brought in order: the import history of its project says that the import failed,
/// and a source or a project that was made for it and is empty is gone. Rows that a dead import wrote into a
/// source that stays are invisible, and the next import takes them away.
///
/// # Errors
/// [`JobsError`] when the hub cannot be read or written. A project that cannot be opened is left to its
/// next import.
pub async fn rescue_dead(manager: &Arc<SqliteManager>) -> Result<Vec<jobs::Model>, JobsError> {
    let rescued = Jobs::new(manager).rescue_dead().await?;
    for job in rescued.iter().filter(|job| job.kind == ImportFile::KIND) {
        let Some(Ok(project)) = job.project_id.as_ref().map(|id| id.parse::<ProjectId>()) else {
            continue;
        };
        let closed: Result<(), StoreError> = ImportRecord::close_abandoned(manager, &project).await;
        if let Err(error) = closed {
            tracing::warn!(job.id = %job.id, project.id = %project, %error, "the import history was not corrected");
        }
    }
    Projects::new(manager).settle_drafts().await?;
    Ok(rescued)
}
