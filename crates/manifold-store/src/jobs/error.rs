//! What can go wrong with a job's record.

use entity_core::enums::JobState;
use sea_orm::ActiveEnum as _;

use crate::{JobId, StoreError};

/// Why a job's record could not be read or changed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobsError {
    /// The job is in a state that does not allow the change; another process may have been faster.
    #[error("job {job} is {} and cannot be {wanted}", found.to_value())]
    Conflict {
        /// The job.
        job: JobId,
        /// What was to be done with it, such as `claimed`.
        wanted: &'static str,
        /// The state it is in.
        found: JobState,
    },
    /// The attempt does not own the job any more: it was taken for dead, or the job was ended or begun
    /// anew by another process.
    #[error("attempt {attempt} of job {job} has lost it, which is {} now; look at its latest attempt", found.to_value())]
    LeaseLost {
        /// The job.
        job: JobId,
        /// The attempt, from 1.
        attempt: i64,
        /// The state the job is in.
        found: JobState,
    },
    /// The hub could not be read or written, or there is no such job.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl JobsError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "job_conflict",
            Self::LeaseLost { .. } => "lease_lost",
            Self::Store(error) => error.code(),
        }
    }
}
