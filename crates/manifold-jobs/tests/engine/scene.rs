//! A store in a temporary folder.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use entity_core::enums::{EndReason, JobState};
use entity_core::jobs;
use manifold_jobs::testing::Testing;
use manifold_jobs::{Job, Worker, WorkerOptions, new_job};
use manifold_store::{
    JobId, Jobs, Layout, NewProject, ProjectId, Projects, SqliteManager, StoreOptions,
};

use crate::kinds;

pub struct Scene {
    pub folder: tempfile::TempDir,
    pub manager: Arc<SqliteManager>,
    pub jobs: Jobs,
}

pub async fn open(folder: &Path) -> Arc<SqliteManager> {
    let layout = Layout::new(folder.join("data"));
    SqliteManager::open(layout, StoreOptions::default())
        .await
        .unwrap()
}

impl Scene {
    pub async fn new() -> Self {
        Self::of(tempfile::tempdir().unwrap()).await
    }

    /// In a folder within this one.
    pub async fn within(folder: &Path) -> Self {
        Self::of(tempfile::tempdir_in(folder).unwrap()).await
    }

    async fn of(folder: tempfile::TempDir) -> Self {
        let manager = open(folder.path()).await;
        let jobs = Jobs::new(&manager);
        Self {
            folder,
            manager,
            jobs,
        }
    }

    pub fn testing(&self) -> Testing {
        Testing::new(&self.manager, kinds::registry())
    }

    pub fn worker(&self, options: WorkerOptions) -> Worker {
        Worker::new(&self.manager, kinds::registry(), options)
    }

    pub async fn project(&self) -> ProjectId {
        let new = NewProject {
            name: "p".to_owned(),
            description: None,
        };
        Projects::id(&Projects::new(&self.manager).create(new).await.unwrap()).unwrap()
    }

    pub async fn submit<J: Job>(&self, job: &J, project: Option<&ProjectId>) -> JobId {
        let new = new_job(job, project.cloned()).unwrap();
        self.jobs.submit(new).await.unwrap().job.id.parse().unwrap()
    }

    pub async fn job(&self, id: &JobId) -> jobs::Model {
        self.jobs.find(id.as_str()).await.unwrap()
    }

    /// Waits until a job is in a state.
    pub async fn until(&self, id: &JobId, state: JobState) -> jobs::Model {
        loop {
            let job = self.job(id).await;
            if job.state == state {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn end_reasons(&self, id: &JobId) -> Vec<EndReason> {
        let attempts = self.jobs.executions(id).await.unwrap();
        attempts
            .into_iter()
            .filter_map(|attempt| attempt.end_reason)
            .collect()
    }
}
