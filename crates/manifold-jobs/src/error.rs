//! Why a job did not complete.

use std::time::Duration;

use manifold_store::rows::{ImportError, RowsError};
use manifold_store::{FenceError, JobsError, RowLogError, StoreError};

/// The error code of a full disk, wherever it was met.
const DISK_FULL: &str = "disk_full";
/// The least time in which somebody frees space on a disk, or lets it be written.
const HELP: Duration = Duration::from_secs(60);

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
    /// It could not be done now; another attempt may succeed, and is made if the job has one left.
    #[error("{message}")]
    Retryable {
        /// The stable name of the error, as scripts see it.
        code: &'static str,
        /// What is wrong and what can be done.
        message: String,
        /// The least time before the next attempt, where the other side says one.
        retry_after: Option<Duration>,
    },
    /// It is too early: the job waits so long and is then begun again, without using an attempt.
    #[error("the job waits for {} s before it is begun again", delay.as_secs())]
    Snoozed {
        /// How long it waits.
        delay: Duration,
    },
    /// It took longer than jobs of its kind may.
    #[error("the job was stopped after {} s, longer than it may take; nothing half-done is visible", after.as_secs())]
    TimedOut {
        /// How long it may take.
        after: Duration,
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

    /// A failure that another attempt may not meet, with its stable name.
    #[must_use]
    pub fn retryable(code: &'static str, error: &impl ToString) -> Self {
        Self::Retryable {
            code,
            message: error.to_string(),
            retry_after: None,
        }
    }

    /// A failure that somebody may put right meanwhile, with its stable name.
    fn needs_help(code: &'static str, error: &impl ToString) -> Self {
        Self::Retryable {
            code,
            message: error.to_string(),
            retry_after: Some(HELP),
        }
    }

    /// What an error of this name means for a job: a full disk may have space later, and the rest stays as it is.
    pub(crate) fn of(code: &'static str, error: &impl ToString) -> Self {
        match code {
            DISK_FULL => Self::needs_help(code, error),
            _ => Self::failed(code, error),
        }
    }

    /// Whether another attempt may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Retryable { .. } | Self::TimedOut { .. } | Self::Panicked { .. } => true,
            Self::Cancelled | Self::Failed { .. } | Self::Snoozed { .. } => false,
        }
    }

    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Failed { code, .. } | Self::Retryable { code, .. } => code,
            Self::Snoozed { .. } => "snoozed",
            Self::TimedOut { .. } => "timeout",
            Self::Panicked { .. } => "defect",
        }
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy { .. }
            | StoreError::SchemaMoved { .. }
            | StoreError::StreamStalled { .. }
            | StoreError::ChangedWhileRead { .. } => Self::retryable(error.code(), &error),
            StoreError::ReadOnly { .. } => Self::needs_help(error.code(), &error),
            error => Self::of(error.code(), &error),
        }
    }
}

impl From<FenceError> for JobError {
    fn from(error: FenceError) -> Self {
        match error {
            FenceError::Store(error) => error.into(),
            error => Self::failed(error.code(), &error),
        }
    }
}

impl From<JobsError> for JobError {
    fn from(error: JobsError) -> Self {
        match error {
            JobsError::Store(error) => error.into(),
            error => Self::failed(error.code(), &error),
        }
    }
}

impl From<RowLogError> for JobError {
    fn from(error: RowLogError) -> Self {
        match error {
            RowLogError::Store(error) => error.into(),
            RowLogError::Import(ImportError::Cancelled) => Self::Cancelled,
            RowLogError::Import(ImportError::Moved { .. }) => Self::retryable(error.code(), &error),
            RowLogError::Rows(RowsError::Guard(refused)) => {
                match refused.downcast::<FenceError>() {
                    Ok(fence) => (*fence).into(),
                    Err(other) => Self::failed("lease_lost", &other),
                }
            }
            error => Self::of(error.code(), &error),
        }
    }
}
