//! The record of one attempt at a job.

use chrono::{DateTime, Utc};
use entity_core::enums::ExecutionState;
use entity_core::{job_executions, jobs};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::{CoreTransaction, ExecutionId, StoreError, WorkerId};

/// The error code of a job whose process died.
pub(super) const CRASHED: &str = "crashed";

/// Writes down that an attempt begins; `job` is already running.
pub(super) async fn begin(
    transaction: &CoreTransaction,
    job: &jobs::Model,
    id: &ExecutionId,
    worker: &WorkerId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    transaction
        .exec(job_executions::Entity::insert(
            job_executions::ActiveModel {
                id: Set(id.into()),
                job_id: Set(job.id.clone()),
                attempt: Set(job.attempt),
                lease_token: Set(job.lease_token),
                worker_id: Set(worker.into()),
                state: Set(ExecutionState::Running),
                error_code: Set(None),
                error_message: Set(None),
                started_at: Set(now),
                finished_at: Set(None),
            },
        ))
        .await?;
    Ok(())
}

/// Writes down how the job's present attempt ended; `job` has its error already.
pub(super) async fn end(
    transaction: &CoreTransaction,
    job: &jobs::Model,
    state: ExecutionState,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    transaction
        .exec(
            job_executions::Entity::update_many()
                .set(job_executions::ActiveModel {
                    state: Set(state),
                    error_code: Set(job.error_code.clone()),
                    error_message: Set(job.error_message.clone()),
                    finished_at: Set(Some(now)),
                    ..Default::default()
                })
                .filter(job_executions::Column::JobId.eq(&job.id))
                .filter(job_executions::Column::LeaseToken.eq(job.lease_token))
                .filter(job_executions::Column::State.eq(ExecutionState::Running)),
        )
        .await?;
    Ok(())
}
