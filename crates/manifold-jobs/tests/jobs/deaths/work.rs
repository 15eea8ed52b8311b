//! Jobs that die.

use manifold_jobs::jobs::{ExportData, ImportFile, SyncSource, SyncTarget};
use manifold_jobs::{Job, Registry, new_job};
use manifold_store::{JobId, Jobs, NewJob, ProjectId};
use serde::{Deserialize, Serialize};

/// A job that dies.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Work {
    Import(Box<ImportFile>),
    Export(ExportData),
    Pull(SyncSource),
    Send(SyncTarget),
}

impl Work {
    /// Writes the job down.
    pub async fn submit(&self, jobs: &Jobs) -> JobId {
        let new = match self {
            Self::Import(job) => new(&**job, &job.target.project_id),
            Self::Export(job) => new(job, &job.request.project_id),
            Self::Pull(job) => new(job, &job.request.project_id),
            Self::Send(job) => new(job, &job.project_id),
        };
        let id = new.id.clone();
        jobs.submit(new).await.unwrap();
        id
    }
}

fn new<J: Job>(job: &J, project: &ProjectId) -> NewJob {
    new_job(job, Some(project.clone())).unwrap()
}

/// The kinds of these jobs.
pub fn registry() -> Registry {
    Registry::empty()
        .with::<ImportFile>()
        .with::<ExportData>()
        .with::<SyncSource>()
        .with::<SyncTarget>()
}
