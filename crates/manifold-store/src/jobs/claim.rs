//! An attempt at a job begins.

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
    /// Begins an attempt at a pending job, for this process. After a power cut right afterwards the job may
    /// be pending again; a crash of the process alone leaves it running, to be
    /// [rescued](Jobs::rescue_dead).
    ///
    /// # Errors
    /// [`JobsError::Conflict`] with the state found when the job is not pending: somebody else has it;
    /// [`crate::StoreError::NotFound`]; others by meaning.
    pub async fn claim(&self, job: &JobId) -> Result<Claim, JobsError> {
        let worker = self.manager.worker().await?.id();
        let transaction = self.manager.core().begin_with(Durability::Relaxed).await?;
        let claim = claim(&transaction, job, worker).await?;
        transaction.commit().await?;
        Ok(claim)
    }

    /// Writes a job down and begins the first attempt at it, in one transaction: no other process gets it,
    /// and a crash cannot leave it pending with nobody to do it.
    ///
    /// # Errors
    /// As [`Jobs::enqueue`].
    pub async fn start(&self, new: NewJob) -> Result<Claim, JobsError> {
        let worker = self.manager.worker().await?.id();
        let id = new.id.clone();
        let transaction = self.manager.core().begin().await?;
        self.enqueue(&transaction, new).await?;
        let claim = claim(&transaction, &id, worker).await?;
        fail_point!("job-claimed");
        transaction.commit().await?;
        Ok(claim)
    }
}

async fn claim(
    transaction: &CoreTransaction,
    job: &JobId,
    worker: &WorkerId,
) -> Result<Claim, JobsError> {
    let execution = ExecutionId::new();
    let row = transition::apply(
        transaction,
        job,
        Transition::Claim {
            execution: &execution,
            worker,
        },
    )
    .await?;
    Ok(Claim {
        execution_id: execution,
        lease_token: row.lease_token,
        attempt: row.attempt,
        job_id: job.clone(),
        worker_id: worker.clone(),
        job: row,
    })
}
