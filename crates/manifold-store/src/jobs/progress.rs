//! How far a running job is.

use entity_core::enums::JobState;
use entity_core::jobs;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::{Claim, Jobs, JobsError};
use crate::{DatabaseManager as _, Durability, StoreError};

/// How far an attempt is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobProgress {
    /// What is being done, such as `reading`.
    pub step: Option<String>,
    /// How much of it is done, in `unit`s.
    pub items_done: Option<i64>,
    /// How much there is, in `unit`s, where known.
    pub items_total: Option<i64>,
    /// What is counted, such as `bytes`.
    pub unit: Option<String>,
    /// How much of the whole job is done, from 0 to 1, where known.
    pub progress: Option<f64>,
}

impl Jobs {
    /// Writes down how far an attempt is. A power cut may take it back.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when the attempt does not own the job any more; others by meaning.
    pub async fn progress(&self, claim: &Claim, progress: &JobProgress) -> Result<(), JobsError> {
        let transaction = self.manager.core().begin_with(Durability::Relaxed).await?;
        let updated = transaction
            .exec(
                jobs::Entity::update_many()
                    .set(jobs::ActiveModel {
                        step: Set(progress.step.clone()),
                        items_done: Set(progress.items_done),
                        items_total: Set(progress.items_total),
                        unit: Set(progress.unit.clone()),
                        progress: Set(progress.progress.map(|share| share.clamp(0.0, 1.0))),
                        ..Default::default()
                    })
                    .filter(jobs::Column::Id.eq(&claim.job_id))
                    .filter(jobs::Column::State.eq(JobState::Running))
                    .filter(jobs::Column::LeaseToken.eq(claim.lease_token)),
            )
            .await?;
        if updated.rows_affected == 0 {
            let found = transaction
                .one(jobs::Entity::find_by_id(claim.job_id.as_str()))
                .await?;
            return Err(match found {
                Some(found) => JobsError::LeaseLost {
                    job: claim.job_id.clone(),
                    attempt: claim.attempt,
                    found: found.state,
                },
                None => StoreError::NotFound {
                    what: "job",
                    name: claim.job_id.to_string(),
                }
                .into(),
            });
        }
        transaction.commit().await?;
        Ok(())
    }
}
