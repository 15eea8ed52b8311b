//! An attempt says that it goes on, and how far it is.

use chrono::{DateTime, Utc};
use entity_core::enums::JobState;
use entity_core::{job_executions, jobs};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::{Claim, Jobs, JobsError, Standing, transition};
use crate::{DatabaseManager as _, Durability};

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
    /// How many `unit`s are done in a second, where that is known.
    pub rate: Option<f64>,
    /// When the job will be done if it goes on so, where that is known.
    pub eta_at: Option<DateTime<Utc>>,
}

impl Jobs {
    /// Writes down that an attempt goes on and how far it is, and tells whether it is to stop. A power cut may take it
    /// back. Nobody is taken for dead because he was not heard of: `heartbeat_at` only shows who is silent.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when the attempt does not own the job any more; others by meaning.
    pub async fn heartbeat(
        &self,
        claim: &Claim,
        progress: &JobProgress,
    ) -> Result<Standing, JobsError> {
        self.manager
            .core()
            .write_with(Durability::Relaxed, async |transaction| {
                let going_on = jobs::Entity::update_many()
                    .set(jobs::ActiveModel {
                        step: Set(progress.step.clone()),
                        items_done: Set(progress.items_done),
                        items_total: Set(progress.items_total),
                        unit: Set(progress.unit.clone()),
                        progress: Set(progress.progress.map(|share| share.clamp(0.0, 1.0))),
                        rate: Set(progress.rate),
                        eta_at: Set(progress.eta_at),
                        ..Default::default()
                    })
                    .filter(jobs::Column::Id.eq(&claim.job_id))
                    .filter(jobs::Column::State.eq(JobState::Running))
                    .filter(jobs::Column::LeaseToken.eq(claim.lease_token));
                let Some(job) = transaction.update_one(going_on).await? else {
                    let found = transition::find(transaction, &claim.job_id).await?;
                    return Err(JobsError::LeaseLost {
                        job: claim.job_id.clone(),
                        attempt: claim.attempt,
                        found: found.state,
                    });
                };
                let heard_of = job_executions::Entity::update_many()
                    .set(job_executions::ActiveModel {
                        heartbeat_at: Set(Some(self.clock.now())),
                        ..Default::default()
                    })
                    .filter(job_executions::Column::Id.eq(&claim.execution_id));
                transaction.update_one(heard_of).await?;
                Ok(match job.cancel_requested_at {
                    Some(_) => Standing::CancelRequested,
                    None => Standing::Owned,
                })
            })
            .await
    }
}
