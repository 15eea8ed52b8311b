//! Writes a project as one file.

use std::path::PathBuf;

use entity_core::enums::JobState;
use entity_core::jobs;
use manifold_store::{AtomicFile, JobFilter, Jobs, ProjectId, Projects, StoreError, blocking};
use serde::{Deserialize, Serialize};

use crate::copying::{copy_error, follow_copy};
use crate::{Job, JobContext, JobError};

/// Writes a project as one database file. What fails, is cancelled or dies leaves what was at the path before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportProjectFile {
    /// The project.
    pub project_id: ProjectId,
    /// The file; one that exists is replaced. Absolute, so that it means the same in every process.
    pub path: PathBuf,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFile {
    /// The file.
    pub path: PathBuf,
    /// Its size, in bytes.
    pub size_bytes: u64,
}

impl Job for ExportProjectFile {
    const KIND: &'static str = "export_project_file";
    const MAX_ATTEMPTS: i64 = 3;

    type Output = ExportedFile;

    async fn run(&self, context: &JobContext) -> Result<ExportedFile, JobError> {
        if context.lease_token() > 1 {
            // An earlier attempt that lost the job and does not know it has nothing to publish from here on.
            let path = self.path.clone();
            blocking(move || AtomicFile::clear(&path)).await?;
        }
        let projects = Projects::new(context.manager());
        let file = projects
            .copy_beside(&self.project_id, &self.path, follow_copy(context))
            .await
            .map_err(|error| copy_error(context, error))?;
        context.hold().await?;
        let path = self.path.clone();
        let size_bytes = blocking(move || {
            file.commit()?;
            std::fs::metadata(&path).map_err(|source| StoreError::Io {
                action: "look at",
                path,
                source,
            })
        });
        let size_bytes = size_bytes.await?.len();
        Ok(ExportedFile {
            path: self.path.clone(),
            size_bytes,
        })
    }
}

/// Removes the part of a file that a job wrote whose process died, unless another job writes to the same place.
pub(crate) async fn clear_leftovers(jobs: &Jobs, dead: &jobs::Model) -> Result<(), JobError> {
    let Ok(dead) = serde_json::from_value::<ExportProjectFile>(dead.payload.clone()) else {
        return Ok(()); // of another version, which writes elsewhere
    };
    let running = JobFilter {
        kind: Some(ExportProjectFile::KIND.to_owned()),
        state: Some(JobState::Running),
        ..JobFilter::default()
    };
    for job in jobs.list(&running).await? {
        let other = serde_json::from_value::<ExportProjectFile>(job.payload);
        if other.is_ok_and(|other| other.path == dead.path) {
            return Ok(());
        }
    }
    Ok(blocking(move || AtomicFile::clear(&dead.path)).await?)
}
