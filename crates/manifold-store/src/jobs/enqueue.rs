//! A job is written down.

use entity_core::enums::JobState;
use entity_core::jobs;
use sea_orm::ActiveValue::Set;
use serde_json::Value as Json;

use super::Jobs;
use crate::{CoreTransaction, JobId, ProjectId, StoreError, Timestamp};

/// A job to be done.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// What is to be done, such as `import_file`.
    pub kind: &'static str,
    /// The project it works on.
    pub project_id: Option<ProjectId>,
    /// What it needs to know, enough to do it in another process.
    pub payload: Json,
    /// How often it may be begun, at least 1.
    pub max_attempts: i64,
}

impl Jobs {
    /// Writes a job down as `pending`, in the caller's transaction: it exists if and only if that commits.
    ///
    /// # Errors
    /// [`StoreError::ForeignKey`] when there is no such project; others by meaning.
    pub async fn enqueue(
        &self,
        transaction: &CoreTransaction,
        new: NewJob,
    ) -> Result<jobs::Model, StoreError> {
        transaction
            .insert(jobs::ActiveModel {
                id: Set(new.id.into()),
                project_id: Set(new.project_id.map(Into::into)),
                kind: Set(new.kind.to_owned()),
                state: Set(JobState::Pending),
                payload: Set(new.payload),
                result: Set(None),
                error_code: Set(None),
                error_message: Set(None),
                attempt: Set(0),
                max_attempts: Set(new.max_attempts.max(1)),
                crash_count: Set(0),
                lease_token: Set(0),
                worker_id: Set(None),
                cancel_requested_at: Set(None),
                progress: Set(None),
                step: Set(None),
                items_done: Set(None),
                items_total: Set(None),
                unit: Set(None),
                created_at: Set(Timestamp::now()),
                started_at: Set(None),
                finished_at: Set(None),
            })
            .await
    }
}
