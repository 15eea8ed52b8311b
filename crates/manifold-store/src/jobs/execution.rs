//! The record of one attempt at a job.

use chrono::{DateTime, Utc};
use entity_core::enums::{EndReason, ExecutionState, JobState};
use entity_core::{job_executions, jobs};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::inline::Kept;
use crate::{CoreTransaction, ExecutionId, StoreError, WorkerId};

/// The error code of a job whose process died.
pub(super) const CRASHED: &str = "crashed";
/// The error code of a job under which processes died as often as its kind allows.
pub(super) const CRASH_LOOP: &str = "CRASH_LOOP";

/// What is said of a job whose process died; `what` names the process.
pub(super) fn crash_message(what: &str, code: &str, to: JobState) -> String {
    match to {
        JobState::Pending => format!("{what} died; the job waits to be done again"),
        JobState::Failed if code == CRASH_LOOP => format!(
            "{what} died, as others did before it; nothing half-done is visible, and the job is not tried again"
        ),
        _ => format!("{what} died; nothing half-done is visible, run the command again"),
    }
}

/// Writes down that an attempt begins; `job` is already running.
pub(super) async fn begin(
    transaction: &CoreTransaction,
    job: &jobs::Model,
    id: &ExecutionId,
    worker: &WorkerId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let values = vec![
        id.into(),
        job.id.as_str().into(),
        job.attempt.into(),
        job.lease_token.into(),
        worker.into(),
        ExecutionState::Running.into(),
        None::<String>.into(),
        None::<String>.into(),
        now.into(),
        None::<DateTime<Utc>>.into(),
        None::<DateTime<Utc>>.into(),
        None::<EndReason>.into(),
    ];
    let begun = Kept::insert("an attempt begins", values, || {
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
            heartbeat_at: Set(None),
            end_reason: Set(None),
        }
    });
    transaction.change(begun).await?;
    Ok(())
}

/// Writes down how the attempt that owned `job` ended.
pub(super) async fn end(
    transaction: &CoreTransaction,
    job: &jobs::Model,
    (state, reason): (ExecutionState, EndReason),
    (error_code, error_message): (Option<String>, Option<String>),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let values = vec![
        state.into(),
        error_code.clone().into(),
        error_message.clone().into(),
        Some(now).into(),
        Some(reason).into(),
        job.id.as_str().into(),
        job.lease_token.into(),
        ExecutionState::Running.into(),
    ];
    let ended = Kept::update("an attempt ends", values, || {
        job_executions::Entity::update_many()
            .set(job_executions::ActiveModel {
                state: Set(state),
                end_reason: Set(Some(reason)),
                error_code: Set(error_code),
                error_message: Set(error_message),
                finished_at: Set(Some(now)),
                ..Default::default()
            })
            .filter(job_executions::Column::JobId.eq(&job.id))
            .filter(job_executions::Column::LeaseToken.eq(job.lease_token))
            .filter(job_executions::Column::State.eq(ExecutionState::Running))
    });
    transaction.change(ended).await?;
    Ok(())
}
