//! An attempt at a job.

use chrono::{DateTime, Utc};
use entity_core::enums::{EndReason, ExecutionState};
use entity_core::{job_executions, job_workers};
use serde::Serialize;

use super::job::{JobErrorShape, took};
use crate::table::{self, Align};
use crate::units;

/// An attempt at a job.
#[derive(Debug, Serialize)]
pub(crate) struct AttemptShape {
    id: String,
    attempt: i64,
    lease_token: i64,
    state: ExecutionState,
    end_reason: Option<EndReason>,
    worker: Option<WorkerShape>,
    error: Option<JobErrorShape>,
    started_at: DateTime<Utc>,
    heartbeat_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

/// The process of an attempt.
#[derive(Debug, Serialize)]
struct WorkerShape {
    id: String,
    host: String,
    pid: i64,
    command: String,
    alive: bool,
}

impl AttemptShape {
    /// The shape of an attempt, made by `worker`, which may live.
    pub(crate) fn new(
        attempt: job_executions::Model,
        worker: Option<job_workers::Model>,
        alive: bool,
    ) -> Self {
        Self {
            id: attempt.id,
            attempt: attempt.attempt,
            lease_token: attempt.lease_token,
            state: attempt.state,
            end_reason: attempt.end_reason,
            worker: worker.map(|worker| WorkerShape {
                id: worker.id,
                host: worker.host,
                pid: worker.pid,
                command: worker.command,
                alive,
            }),
            error: JobErrorShape::new(attempt.error_code, attempt.error_message),
            started_at: attempt.started_at,
            heartbeat_at: attempt.heartbeat_at,
            finished_at: attempt.finished_at,
        }
    }

    /// The process that makes the attempt, such as `process 4242 (manifold import planes.csv)`.
    pub(crate) fn process(&self) -> Option<String> {
        let name = |worker: &WorkerShape| format!("process {} ({})", worker.pid, worker.command);
        self.worker.as_ref().map(name)
    }

    /// A line for each attempt.
    pub(crate) fn table(attempts: &[Self]) -> String {
        let header = [
            ("attempt", Align::Right),
            ("state", Align::Left),
            ("started", Align::Left),
            ("took", Align::Right),
            ("by", Align::Left),
        ];
        let rows = attempts.iter().map(|attempt| {
            vec![
                attempt.attempt.to_string(),
                attempt.state.to_string(),
                units::time(attempt.started_at),
                took(Some(attempt.started_at), attempt.finished_at),
                attempt.process().unwrap_or_else(|| "-".to_owned()),
            ]
        });
        table::table(&header, rows)
    }
}
