//! What a schedule wants done when one of its jobs fails.

use chrono::{DateTime, Utc};
use entity_core::{job_schedules, jobs};
use sea_orm::EntityTrait as _;
use serde_json::json;

use super::enqueue::enqueue;
use super::{JobsError, NewJob};
use crate::CoreTransaction;

/// The kind of the jobs that tell somebody that a job of a schedule failed. Their payload is
/// `{"job_id": the job that failed, "on_failure": what the schedule says}`.
pub const NOTIFY_FAILURE: &str = "notify_failure";

/// How often such a job is begun: the other side may be down for a while.
const ATTEMPTS: i64 = 5;

/// Writes down, in the transaction in which `failed` becomes so, the job that tells of it; so there is one for each
/// failure, whenever a process dies. Nothing is written when its schedule wants nothing, or is gone.
pub(super) async fn follow(
    transaction: &CoreTransaction,
    failed: &jobs::Model,
    now: DateTime<Utc>,
) -> Result<(), JobsError> {
    let Some(schedule) = &failed.schedule_id else {
        return Ok(());
    };
    let schedule = job_schedules::Entity::find_by_id(schedule.as_str());
    let schedule = transaction.one(schedule).await?;
    let Some(on_failure) = schedule.and_then(|schedule| schedule.on_failure) else {
        return Ok(());
    };
    let payload = json!({ "job_id": failed.id, "on_failure": on_failure });
    let tell = NewJob {
        max_attempts: ATTEMPTS,
        max_crashes: ATTEMPTS,
        ..NewJob::new(NOTIFY_FAILURE, payload)
    };
    enqueue(transaction, tell, now).await?;
    Ok(())
}
