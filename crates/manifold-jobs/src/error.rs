//! Why a job did not complete.

use manifold_store::rows::{ImportError, RowsError};
use manifold_store::{FenceError, JobsError, RowLogError, StoreError};

/// Why a job did not complete. Nothing half-done is visible.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// Somebody asked it to stop.
    #[error("the job was cancelled; nothing of it is visible")]
    Cancelled,
    /// It could not be done.
    #[error("{message}")]
    Failed {
        /// The stable name of the error, as scripts see it. Errors of the store and of file formats keep
        /// theirs.
        code: &'static str,
        /// What is wrong and what can be done.
        message: String,
    },
    /// The program has a defect.
    #[error("the job stopped at a defect of the program: {message}; please report it")]
    Panicked {
        /// What the panic said.
        message: String,
    },
}

impl JobError {
    /// A failure with its stable name.
    #[must_use]
    pub fn failed(code: &'static str, error: &impl ToString) -> Self {
        Self::Failed {
            code,
            message: error.to_string(),
        }
    }

    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Failed { code, .. } => code,
            Self::Panicked { .. } => "defect",
        }
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self::failed(error.code(), &error)
    }
}

impl From<FenceError> for JobError {
    fn from(error: FenceError) -> Self {
        Self::failed(error.code(), &error)
    }
}

impl From<JobsError> for JobError {
    fn from(error: JobsError) -> Self {
        Self::failed(error.code(), &error)
    }
}

impl From<RowLogError> for JobError {
    fn from(error: RowLogError) -> Self {
        match &error {
            RowLogError::Import(ImportError::Cancelled) => Self::Cancelled,
            RowLogError::Rows(RowsError::Guard(refused)) => {
                match refused.downcast_ref::<FenceError>() {
                    Some(fence) => Self::failed(fence.code(), fence),
                    None => Self::failed(error.code(), &error),
                }
            }
            _ => Self::failed(error.code(), &error),
        }
    }
}
