//! A job.

use chrono::{DateTime, Utc};
use entity_core::enums::JobState;
use entity_core::jobs;
use serde::Serialize;
use serde_json::Value as Json;

/// A job as the hub keeps it.
#[derive(Debug, Serialize)]
pub(crate) struct JobShape {
    id: String,
    kind: String,
    state: JobState,
    progress: Option<f64>,
    step: Option<String>,
    items_done: Option<i64>,
    items_total: Option<i64>,
    unit: Option<String>,
    eta_seconds: Option<i64>,
    attempt: i64,
    max_attempts: i64,
    project_id: Option<String>,
    error: Option<JobErrorShape>,
    result: Option<Json>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize)]
struct JobErrorShape {
    code: String,
    message: String,
}

impl From<jobs::Model> for JobShape {
    fn from(job: jobs::Model) -> Self {
        Self {
            eta_seconds: eta_seconds(&job, manifold_store::Timestamp::now()),
            id: job.id,
            kind: job.kind,
            state: job.state,
            progress: job.progress,
            step: job.step,
            items_done: job.items_done,
            items_total: job.items_total,
            unit: job.unit,
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            project_id: job.project_id,
            error: job.error_code.map(|code| JobErrorShape {
                code,
                message: job.error_message.unwrap_or_default(),
            }),
            result: job.result,
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}

/// What is left of a running job if it goes on as it went so far.
fn eta_seconds(job: &jobs::Model, now: DateTime<Utc>) -> Option<i64> {
    let share = job.progress.filter(|share| (0.01..1.0).contains(share))?;
    let running = job.state == JobState::Running;
    let seconds = (now - job.started_at.filter(|_| running)?).as_seconds_f64();
    Some((seconds * (1.0 - share) / share).round() as i64)
}
