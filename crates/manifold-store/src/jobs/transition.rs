//! Every change of a job's state.

use chrono::{DateTime, Utc};
use entity_core::enums::{ExecutionState, JobState};
use entity_core::jobs;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, UpdateMany};

use super::execution;
use super::{Claim, Ending, JobsError};
use crate::{CoreTransaction, ExecutionId, JobId, StoreError, Timestamp, WorkerId};

/// A change of a job's state, with what it must find and what it leaves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Transition<'a> {
    /// Pending → running: `worker` begins an attempt.
    Claim {
        execution: &'a ExecutionId,
        worker: &'a WorkerId,
    },
    /// Running → a final state: the attempt of `claim` ends.
    Finish {
        claim: &'a Claim,
        ending: &'a Ending,
    },
    /// Not begun → cancelled.
    Withdraw,
    /// Running → failed, or cancelled if that had been asked for: the process of `found` died.
    Crash {
        found: &'a jobs::Model,
        message: &'a str,
    },
}

impl Transition<'_> {
    fn from(&self) -> &'static [JobState] {
        match self {
            Self::Claim { .. } => &[JobState::Pending],
            Self::Withdraw => &[JobState::Pending, JobState::Blocked],
            Self::Finish { .. } | Self::Crash { .. } => &[JobState::Running],
        }
    }

    /// The attempt that must own the job.
    fn lease_token(&self) -> Option<i64> {
        match self {
            Self::Claim { .. } | Self::Withdraw => None,
            Self::Finish { claim, .. } => Some(claim.lease_token),
            Self::Crash { found, .. } => Some(found.lease_token),
        }
    }

    fn changes(&self, now: DateTime<Utc>) -> UpdateMany<jobs::Entity> {
        let add_one = |column| Expr::col(column).add(1);
        let update = jobs::Entity::update_many();
        match self {
            Self::Claim { worker, .. } => update
                .set(jobs::ActiveModel {
                    state: Set(JobState::Running),
                    worker_id: Set(Some((*worker).into())),
                    started_at: Set(Some(now)),
                    ..Default::default()
                })
                .col_expr(jobs::Column::Attempt, add_one(jobs::Column::Attempt))
                .col_expr(jobs::Column::LeaseToken, add_one(jobs::Column::LeaseToken)),
            Self::Finish { ending, .. } => update.set(ending.changes(now)),
            Self::Withdraw => update.set(jobs::ActiveModel {
                state: Set(JobState::Cancelled),
                cancel_requested_at: Set(Some(now)),
                finished_at: Set(Some(now)),
                ..Default::default()
            }),
            Self::Crash { found, message } => {
                let asked = found.cancel_requested_at.is_some();
                update
                    .set(jobs::ActiveModel {
                        state: Set(if asked {
                            JobState::Cancelled
                        } else {
                            JobState::Failed
                        }),
                        error_code: Set(Some(execution::CRASHED.to_owned())),
                        error_message: Set(Some((*message).to_owned())),
                        finished_at: Set(Some(now)),
                        ..Default::default()
                    })
                    .col_expr(jobs::Column::CrashCount, add_one(jobs::Column::CrashCount))
            }
        }
    }

    /// What happens to the attempt's own record.
    async fn record(
        &self,
        transaction: &CoreTransaction,
        job: &jobs::Model,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Claim { execution, worker } => {
                execution::begin(transaction, job, execution, worker, now).await
            }
            Self::Finish { ending, .. } => {
                execution::end(transaction, job, ending.execution_state(), now).await
            }
            Self::Crash { .. } => {
                execution::end(transaction, job, ExecutionState::Crashed, now).await
            }
            Self::Withdraw => Ok(()),
        }
    }

    fn refused(&self, job: &JobId, found: &jobs::Model) -> JobsError {
        let conflict = |wanted| JobsError::Conflict {
            job: job.clone(),
            wanted,
            found: found.state,
        };
        match self {
            Self::Claim { .. } => conflict("claimed"),
            Self::Withdraw => conflict("cancelled"),
            Self::Crash { .. } => conflict("rescued"),
            Self::Finish { claim, .. } => JobsError::LeaseLost {
                job: job.clone(),
                attempt: claim.attempt,
                found: found.state,
            },
        }
    }
}

/// Changes a job's state, if it is where `transition` expects it. Returns the job as it is then.
///
/// # Errors
/// [`JobsError::LeaseLost`] for an attempt that does not own the job any more, else
/// [`JobsError::Conflict`]; [`StoreError::NotFound`]; others by meaning.
pub(super) async fn apply(
    transaction: &CoreTransaction,
    job: &JobId,
    transition: Transition<'_>,
) -> Result<jobs::Model, JobsError> {
    let now = Timestamp::now();
    let mut guarded = transition
        .changes(now)
        .filter(jobs::Column::Id.eq(job))
        .filter(jobs::Column::State.is_in(transition.from().iter().copied()));
    if let Some(token) = transition.lease_token() {
        guarded = guarded.filter(jobs::Column::LeaseToken.eq(token));
    }
    let updated = transaction.exec(guarded).await?;
    let row = transaction
        .one(jobs::Entity::find_by_id(job.as_str()))
        .await?;
    let row = row.ok_or_else(|| StoreError::NotFound {
        what: "job",
        name: job.to_string(),
    })?;
    if updated.rows_affected == 0 {
        return Err(transition.refused(job, &row));
    }
    transition.record(transaction, &row, now).await?;
    Ok(row)
}
