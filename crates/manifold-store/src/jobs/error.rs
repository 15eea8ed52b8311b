//! What can go wrong with a job's record.

use entity_core::enums::JobState;
use entity_core::jobs;
use sea_orm::ActiveEnum as _;

use super::{dependencies, transition};
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
    /// Another job that has not ended has the same unique key.
    #[error(
        "job {job} with the unique key `{unique_key}` has not ended; wait for it, or cancel it"
    )]
    Duplicate {
        /// The job that has the key.
        job: JobId,
        /// The key.
        unique_key: String,
    },
    /// A job that is to be waited for has ended without success.
    #[error("job {dependency}, which must be completed first, is {}; retry it first", found.to_value())]
    DependencyFailed {
        /// The job that was to be waited for.
        dependency: JobId,
        /// The state it is in.
        found: JobState,
    },
    /// The hub could not be read or written, or there is no such job.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl JobsError {
    /// That `job` has the unique key that was wanted.
    pub(super) fn duplicate(job: &jobs::Model) -> Result<Self, StoreError> {
        Ok(Self::Duplicate {
            job: transition::id(job)?,
            unique_key: job.unique_key.clone().unwrap_or_default(),
        })
    }

    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "job_conflict",
            Self::LeaseLost { .. } => "lease_lost",
            Self::Duplicate { .. } => "job_duplicate",
            Self::DependencyFailed { .. } => dependencies::DEPENDENCY_FAILED,
            Self::Store(error) => error.code(),
        }
    }
}
