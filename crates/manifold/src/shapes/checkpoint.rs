//! How far a step of a job has come: as its project's file has it, or, when it is completed, as the hub has it.

use chrono::{DateTime, Utc};
use entity_core::job_checkpoints;
use entity_project::job_cursors;
use serde::Serialize;
use serde_json::Value as Json;

/// How far a step of a job has come, as its project's file has it.
#[derive(Debug, Serialize)]
pub(crate) struct CheckpointShape {
    step: String,
    lease_token: i64,
    cursor: Option<Json>,
    output: Option<Json>,
    updated_at: DateTime<Utc>,
}

impl From<job_cursors::Model> for CheckpointShape {
    fn from(row: job_cursors::Model) -> Self {
        Self {
            step: row.step,
            lease_token: row.lease_token,
            cursor: row.cursor,
            output: None,
            updated_at: row.updated_at,
        }
    }
}

impl From<job_checkpoints::Model> for CheckpointShape {
    fn from(row: job_checkpoints::Model) -> Self {
        Self {
            step: row.step,
            lease_token: row.lease_token,
            cursor: None,
            output: Some(row.output),
            updated_at: row.completed_at,
        }
    }
}
