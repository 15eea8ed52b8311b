//! Jobs whose process died.

use std::collections::HashMap;

use entity_core::enums::JobState;
use entity_core::{job_workers, jobs};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::transition::{self, Transition};
use super::{Jobs, JobsError};
use crate::{DatabaseManager as _, Durability, StoreError, WorkerId, fail_point, worker};

impl Jobs {
    /// Takes up the jobs whose processes died. One that has an attempt left is `pending` again; one that has not is
    /// `failed` with error code `crashed`; one under which processes died as often as its kind allows is `failed` with
    /// `CRASH_LOOP`; one that was asked to stop is `cancelled`. Returns those that this call took up. A process is
    /// dead when the kernel has freed its lock; one that lives but is silent keeps its jobs.
    ///
    /// Two processes may do this at once: each job is taken up by one of them. It is not pressed onto the
    /// disk: after a power cut the job is found dead again.
    ///
    /// # Errors
    /// [`StoreError::Io`] when a process's lock cannot be tried; others by meaning.
    pub async fn rescue_dead(&self) -> Result<Vec<jobs::Model>, JobsError> {
        let running = jobs::Entity::find().filter(jobs::Column::State.eq(JobState::Running));
        let mut dead = Vec::new();
        for job in self.manager.core().all(running).await? {
            if self.is_dead(&job)? {
                dead.push(job);
            }
        }
        if dead.is_empty() {
            return Ok(dead);
        }
        let workers = self.workers(&dead).await?;
        let mut rescued = Vec::new();
        for job in dead {
            let process = process(job.worker_id.as_ref().and_then(|id| workers.get(id)));
            fail_point!("job-found-dead");
            match self.end_crashed(&job, &process).await {
                Ok(job) => rescued.push(job),
                // Another process was faster, or the attempt ended after all.
                Err(JobsError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(rescued)
    }

    fn is_dead(&self, job: &jobs::Model) -> Result<bool, StoreError> {
        match job.worker_id.as_ref().map(|id| id.parse::<WorkerId>()) {
            Some(Ok(worker)) => Ok(!worker::is_alive(self.manager.layout(), &worker)?),
            Some(Err(_)) | None => Ok(true),
        }
    }

    async fn workers(
        &self,
        jobs: &[jobs::Model],
    ) -> Result<HashMap<String, job_workers::Model>, StoreError> {
        let ids = jobs.iter().filter_map(|job| job.worker_id.as_deref());
        let workers = job_workers::Entity::find().filter(job_workers::Column::Id.is_in(ids));
        let workers = self.manager.core().all(workers).await?;
        Ok(workers
            .into_iter()
            .map(|worker| (worker.id.clone(), worker))
            .collect())
    }

    async fn end_crashed(
        &self,
        found: &jobs::Model,
        process: &str,
    ) -> Result<jobs::Model, JobsError> {
        let id = transition::id(found)?;
        let crash = Transition::Crash {
            lease_token: found.lease_token,
            message: process,
        };
        let job = self
            .manager
            .core()
            .write_with(Durability::Relaxed, async |transaction| {
                transition::apply(transaction, &id, crash, self.clock.now()).await
            })
            .await?;
        let message = job.error_message.as_deref().unwrap_or_default();
        tracing::warn!(job.id = %id, job.kind = %job.kind, "{message}");
        self.wake();
        Ok(job)
    }
}

fn process(worker: Option<&job_workers::Model>) -> String {
    match worker {
        Some(worker) => format!(
            "the process that ran it ({}, `{}`)",
            worker.pid, worker.command
        ),
        None => "the process that ran it".to_owned(),
    }
}
