//! A job is done after all.

use entity_core::jobs;

use super::enqueue::live;
use super::transition::{self, Transition};
use super::{Fence, Jobs, JobsError, dependencies};
use crate::{DatabaseManager as _, JobId, ProjectId};

impl Jobs {
    /// Makes a job that failed or was cancelled `pending` again, or `blocked` when jobs that it depends on are still to
    /// be completed. It has all its attempts again; what earlier ones did stays on record. It is on the disk when this
    /// returns.
    ///
    /// # Errors
    /// [`JobsError::Conflict`] when the job has not ended or is completed; [`JobsError::Duplicate`] when another job
    /// has its unique key by now; [`JobsError::DependencyFailed`] when a job that it depends on must be retried
    /// first; [`crate::StoreError::NotFound`]; others by meaning.
    pub async fn retry(&self, job: &JobId) -> Result<jobs::Model, JobsError> {
        let reopened = self
            .manager
            .core()
            .write::<_, JobsError>(async |transaction| {
                let found = transition::find(transaction, job).await?;
                if let Some(key) = &found.unique_key
                    && let Some(other) = live(transaction, key).await?
                    && other.id != found.id
                {
                    return Err(JobsError::duplicate(&other)?);
                }
                let depends_on = dependencies::of(transaction, job).await?;
                let pending_dependencies = dependencies::unfinished(
                    transaction,
                    &depends_on,
                    found.schedule_id.as_deref(),
                )
                .await?;
                let reopen = Transition::Reopen {
                    pending_dependencies,
                };
                transition::apply_to(transaction, &found, reopen, self.clock.now()).await
            })
            .await?;
        self.wake();
        Ok(reopened)
    }

    /// Takes a running job away from its process, which lives but is silent, and makes it `pending`, or `cancelled` if
    /// that had been asked for. What the old attempt still tries to write to the hub is refused from now on, and to
    /// the job's project as well, where this waits for the project's writer. The attempt does not count.
    ///
    /// # Errors
    /// [`JobsError::Conflict`] when the job does not run; others by meaning. When the project cannot be opened the job
    /// stays with its process.
    pub async fn release(&self, job: &JobId) -> Result<jobs::Model, JobsError> {
        let core = self.manager.core();
        let seen = core
            .read(async |transaction| transition::find(transaction, job).await)
            .await?;
        let lease_token = seen.lease_token;
        // The project first: once the hub lets another attempt begin, the old one must be kept out of it.
        if let Some(Ok(project)) = seen.project_id.as_ref().map(|id| id.parse::<ProjectId>()) {
            let spoke = self.manager.project(&project).await?;
            let bar = async |transaction: &_| Fence::bar(transaction, job, lease_token + 1).await;
            spoke.write(bar).await?;
        }
        let released = core
            .write(async |transaction| {
                let release = Transition::Release { lease_token };
                transition::apply(transaction, job, release, self.clock.now()).await
            })
            .await?;
        self.wake();
        Ok(released)
    }
}
