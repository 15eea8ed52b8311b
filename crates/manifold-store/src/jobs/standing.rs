//! Whether an attempt is still wanted.

use entity_core::enums::JobState;
use entity_core::jobs;
use sea_orm::EntityTrait as _;

use super::{Claim, Jobs, JobsError, transition};
use crate::{CoreTransaction, DatabaseManager as _, StoreError};

/// Whether an attempt is still wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It owns its job.
    Owned,
    /// It owns its job, and somebody asked that it stops.
    CancelRequested,
    /// It does not own its job any more; what it still does is refused.
    Lost,
}

impl Standing {
    fn of(claim: &Claim, job: &jobs::Model) -> Self {
        let owned = job.state == JobState::Running && job.lease_token == claim.lease_token;
        match job.cancel_requested_at {
            _ if !owned => Self::Lost,
            Some(_) => Self::CancelRequested,
            None => Self::Owned,
        }
    }
}

impl Jobs {
    /// Whether an attempt is still wanted.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn standing(&self, claim: &Claim) -> Result<Standing, StoreError> {
        let job = self
            .manager
            .core()
            .one(jobs::Entity::find_by_id(claim.job_id.as_str()))
            .await?;
        Ok(job.map_or(Standing::Lost, |job| Standing::of(claim, &job)))
    }

    /// Fails when an attempt has lost its job. To be called before something gets a name under which others find it,
    /// such as a file: what the hub and the project keep is fenced, a folder is not.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`]; others by meaning.
    pub async fn hold(&self, claim: &Claim) -> Result<(), JobsError> {
        self.manager
            .core()
            .read(async |transaction| hold(transaction, claim).await)
            .await
    }
}

/// Fails when an attempt has lost its job: for the transactions in which it writes to the hub.
pub(crate) async fn hold(transaction: &CoreTransaction, claim: &Claim) -> Result<(), JobsError> {
    let found = transition::find(transaction, &claim.job_id).await?;
    match Standing::of(claim, &found) {
        Standing::Owned | Standing::CancelRequested => Ok(()),
        Standing::Lost => Err(JobsError::LeaseLost {
            job: claim.job_id.clone(),
            attempt: claim.attempt,
            found: found.state,
        }),
    }
}
