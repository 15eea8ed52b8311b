//! Whether an attempt is still wanted.

use entity_core::enums::JobState;
use entity_core::jobs;
use sea_orm::EntityTrait as _;

use super::{Claim, Jobs};
use crate::{DatabaseManager as _, StoreError};

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
        Ok(match job {
            Some(job) if job.state == JobState::Running && job.lease_token == claim.lease_token => {
                match job.cancel_requested_at {
                    Some(_) => Standing::CancelRequested,
                    None => Standing::Owned,
                }
            }
            _ => Standing::Lost,
        })
    }
}
