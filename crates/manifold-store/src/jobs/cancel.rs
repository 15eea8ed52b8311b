//! Somebody asks a job to stop.

use entity_core::enums::JobState;
use entity_core::jobs;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::transition::{self, Transition};
use super::{Jobs, JobsError};
use crate::{CoreTransaction, DatabaseManager as _, JobId, StoreError, Timestamp};

impl Jobs {
    /// Asks a job to stop, and returns it as it is then: `cancelled` if nobody had begun it, else still
    /// `running` with `cancel_requested_at` set, which its process sees within a second or so. A job that
    /// ends before it sees the request ends as it would have. Asking twice is the same as once.
    ///
    /// # Errors
    /// [`JobsError::Conflict`] when the job has ended; [`StoreError::NotFound`]; others by meaning.
    pub async fn cancel(&self, job: &JobId) -> Result<jobs::Model, JobsError> {
        let transaction = self.manager.core().begin().await?;
        let found = find(&transaction, job).await?;
        if found.state != JobState::Running {
            let cancelled = transition::apply(&transaction, job, Transition::Withdraw).await?;
            transaction.commit().await?;
            return Ok(cancelled);
        }
        transaction
            .exec(
                jobs::Entity::update_many()
                    .set(jobs::ActiveModel {
                        cancel_requested_at: Set(Some(Timestamp::now())),
                        ..Default::default()
                    })
                    .filter(jobs::Column::Id.eq(job))
                    .filter(jobs::Column::CancelRequestedAt.is_null()),
            )
            .await?;
        let asked = find(&transaction, job).await?;
        transaction.commit().await?;
        Ok(asked)
    }
}

async fn find(transaction: &CoreTransaction, job: &JobId) -> Result<jobs::Model, StoreError> {
    let found = transaction
        .one(jobs::Entity::find_by_id(job.as_str()))
        .await?;
    found.ok_or_else(|| StoreError::NotFound {
        what: "job",
        name: job.to_string(),
    })
}
