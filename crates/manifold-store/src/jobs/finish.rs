//! An attempt at a job ends.

use chrono::{DateTime, Utc};
use entity_core::enums::{ExecutionState, JobState};
use entity_core::jobs;
use sea_orm::ActiveValue::Set;
use serde_json::Value as Json;

use super::transition::{self, Transition};
use super::{Claim, Jobs, JobsError};
use crate::DatabaseManager as _;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// The work is done.
    Completed {
        /// What came of it.
        result: Json,
    },
    /// The work could not be done.
    Failed {
        /// The stable name of the error.
        code: String,
        /// The error in words.
        message: String,
    },
    /// The work stopped because somebody asked for it.
    Cancelled,
}

impl Ending {
    pub(super) fn execution_state(&self) -> ExecutionState {
        match self {
            Self::Completed { .. } => ExecutionState::Completed,
            Self::Failed { .. } => ExecutionState::Failed,
            Self::Cancelled => ExecutionState::Cancelled,
        }
    }

    pub(super) fn changes(&self, now: DateTime<Utc>) -> jobs::ActiveModel {
        let ended = jobs::ActiveModel {
            finished_at: Set(Some(now)),
            ..Default::default()
        };
        match self {
            Self::Completed { result } => jobs::ActiveModel {
                state: Set(JobState::Completed),
                result: Set(Some(result.clone())),
                progress: Set(Some(1.0)),
                ..ended
            },
            Self::Failed { code, message } => jobs::ActiveModel {
                state: Set(JobState::Failed),
                error_code: Set(Some(code.clone())),
                error_message: Set(Some(message.clone())),
                ..ended
            },
            Self::Cancelled => jobs::ActiveModel {
                state: Set(JobState::Cancelled),
                ..ended
            },
        }
    }
}

impl Jobs {
    /// Ends an attempt and its job. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when the attempt does not own the job any more, whose record then stays as
    /// it is; others by meaning.
    pub async fn finish(&self, claim: &Claim, ending: &Ending) -> Result<jobs::Model, JobsError> {
        let transaction = self.manager.core().begin().await?;
        let job = transition::apply(
            &transaction,
            &claim.job_id,
            Transition::Finish { claim, ending },
        )
        .await?;
        transaction.commit().await?;
        Ok(job)
    }
}
