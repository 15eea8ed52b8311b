//! A store with jobs, by a clock that is set.

use std::time::Duration;

use entity_core::enums::JobState;
use entity_core::jobs;
use manifold_store::{
    Claim, Clock, DatabaseManager as _, Ending, JobId, Jobs, NewJob, ProjectId, Timestamp,
};

use crate::support::{self, Store};

pub const KIND: &str = "try";
pub const MINUTE: Duration = Duration::from_secs(60);

pub struct Scene {
    pub store: Store,
    pub jobs: Jobs,
    pub clock: Clock,
}

impl Scene {
    pub async fn new() -> Self {
        let store = support::store().await;
        let clock = Clock::manual(Timestamp::now());
        let jobs = Jobs::with_clock(&store.manager, clock.clone());
        Self { store, jobs, clock }
    }

    /// Writes a job down and returns its id.
    pub async fn add(&self, new: NewJob) -> JobId {
        self.add_all([new]).await.remove(0)
    }

    pub async fn add_all(&self, new: impl IntoIterator<Item = NewJob>) -> Vec<JobId> {
        let transaction = self.store.manager.core().begin().await.unwrap();
        let mut ids = Vec::new();
        for new in new {
            let enqueued = self.jobs.enqueue(&transaction, new).await.unwrap();
            ids.push(enqueued.job.id.parse().unwrap());
        }
        transaction.commit().await.unwrap();
        ids
    }

    pub async fn job(&self, id: &JobId) -> jobs::Model {
        self.jobs.find(id.as_str()).await.unwrap()
    }

    pub async fn state(&self, id: &JobId) -> JobState {
        self.job(id).await.state
    }

    /// Begins the job whose turn it is.
    pub async fn next(&self) -> Option<Claim> {
        self.jobs.claim_next(&[KIND], None).await.unwrap()
    }

    pub async fn next_id(&self) -> Option<JobId> {
        self.next().await.map(|claim| claim.job_id)
    }

    pub async fn complete(&self, claim: &Claim) {
        self.jobs.finish(claim, &done()).await.unwrap();
    }
}

pub fn job() -> NewJob {
    NewJob::new(KIND, serde_json::json!({}))
}

pub fn job_of(project: &ProjectId) -> NewJob {
    NewJob {
        project_id: Some(project.clone()),
        ..job()
    }
}

pub fn done() -> Ending {
    Ending::Completed {
        result: serde_json::json!(1),
    }
}

pub fn failed() -> Ending {
    Ending::Failed {
        code: "tried".to_owned(),
        message: "it was tried".to_owned(),
    }
}
