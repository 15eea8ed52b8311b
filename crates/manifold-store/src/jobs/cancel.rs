//! Somebody asks a job to stop.

use entity_core::enums::JobState;
use entity_core::jobs;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::transition::{self, Transition};
use super::{Jobs, JobsError};
use crate::{DatabaseManager as _, JobId};

impl Jobs {
    /// Asks a job to stop, and returns it as it is then: `cancelled` if nobody had begun it, with the jobs that waited
    /// for it, else still `running` with `cancel_requested_at` set, which its process sees within a second or so. A
    /// job that ends before it sees the request ends as it would have, but is not begun again. Asking twice is the
    /// same as once.
    ///
    /// # Errors
    /// [`JobsError::Conflict`] when the job has ended; [`crate::StoreError::NotFound`]; others by meaning.
    pub async fn cancel(&self, job: &JobId) -> Result<jobs::Model, JobsError> {
        self.cancel_because(job, None).await
    }

    /// As [`Jobs::cancel`], and writes down why, in words for people. The reason of the first request stays.
    ///
    /// # Errors
    /// As [`Jobs::cancel`].
    pub async fn cancel_because(
        &self,
        job: &JobId,
        reason: Option<&str>,
    ) -> Result<jobs::Model, JobsError> {
        let asked = self
            .manager
            .core()
            .write::<_, JobsError>(async |transaction| {
                let now = self.clock.now();
                let found = transition::find(transaction, job).await?;
                if found.state != JobState::Running {
                    let withdraw = Transition::Withdraw {
                        because: None,
                        reason,
                    };
                    return transition::apply_to(transaction, &found, withdraw, now).await;
                }
                let ask = jobs::Entity::update_many()
                    .set(jobs::ActiveModel {
                        cancel_requested_at: Set(Some(now)),
                        cancel_reason: Set(reason.map(str::to_owned)),
                        ..Default::default()
                    })
                    .filter(jobs::Column::Id.eq(job))
                    .filter(jobs::Column::CancelRequestedAt.is_null());
                Ok(transaction.update_one(ask).await?.unwrap_or(found))
            })
            .await?;
        self.wake();
        Ok(asked)
    }
}
