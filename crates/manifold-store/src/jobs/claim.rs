//! An attempt at a job begins.

use chrono::{DateTime, Utc};
use entity_core::jobs;

use super::transition::{self, Transition};
use super::{Jobs, JobsError, NewJob};
use crate::{
    CoreTransaction, DatabaseManager as _, Durability, ExecutionId, JobId, WorkerId, fail_point,
};

/// An attempt that owns its job: no other gets it while its process lives.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The job as it was claimed.
    pub job: jobs::Model,
    /// The record of this attempt.
    pub execution_id: ExecutionId,
    /// The number that fences what this attempt writes; each claim of the job gets a greater one.
    pub lease_token: i64,
    /// Which attempt this is, from 1.
    pub attempt: i64,
    /// The job's id.
    pub job_id: JobId,
    /// The process that makes the attempt.
    pub worker_id: WorkerId,
}

impl Jobs {
    /// Begins an attempt at a pending job, for this process, whatever its time, its queue and its turn. After a power
    /// cut right afterwards the job may be pending again; a crash of the process alone leaves it running, to be
    /// [rescued](Jobs::rescue_dead).
    ///
    /// # Errors
    /// [`JobsError::Conflict`] with the state found when the job is not pending: somebody else has it;
    /// [`crate::StoreError::NotFound`]; others by meaning.
    pub async fn claim(&self, job: &JobId) -> Result<Claim, JobsError> {
        let worker = self.manager.worker().await?.id();
        self.manager
            .core()
            .write_with(Durability::Relaxed, async |transaction| {
                let found = transition::find(transaction, job).await?;
                begin(transaction, found, worker, self.clock.now()).await
            })
            .await
    }

    /// Writes a job down and begins the first attempt at it, in one transaction: no other process gets it,
    /// and a crash cannot leave it pending with nobody to do it.
    ///
    /// # Errors
    /// As [`Jobs::enqueue`]; [`JobsError::Duplicate`] when a job that has not ended has its unique key,
    /// [`JobsError::Conflict`] when it must wait for others.
    pub async fn start(&self, new: NewJob) -> Result<Claim, JobsError> {
        let worker = self.manager.worker().await?.id();
        let transaction = self.manager.core().begin().await?;
        let enqueued = self.enqueue(&transaction, new).await?;
        if !enqueued.is_new {
            return Err(JobsError::duplicate(&enqueued.job)?);
        }
        let claim = begin(&transaction, enqueued.job, worker, self.clock.now()).await?;
        fail_point!("job-claimed");
        transaction.commit().await?;
        Ok(claim)
    }
}

/// Begins an attempt at a job that this transaction has read.
pub(super) async fn begin(
    transaction: &CoreTransaction,
    found: jobs::Model,
    worker: &WorkerId,
    now: DateTime<Utc>,
) -> Result<Claim, JobsError> {
    let execution = ExecutionId::new();
    let claim = Transition::Claim {
        execution: &execution,
        worker,
    };
    let job = transition::apply_to(transaction, &found, claim, now).await?;
    Ok(Claim {
        execution_id: execution,
        lease_token: job.lease_token,
        attempt: job.attempt,
        job_id: transition::id(&job)?,
        worker_id: worker.clone(),
        job,
    })
}
