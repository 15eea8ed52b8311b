//! What can go wrong with a schedule.

use manifold_store::{JobsError, StoreError};

/// Why a schedule could not be made, read or changed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// The cron expression says nothing.
    #[error(
        "`{expression}` is no cron expression: {reason}; one is `30 2 * * *`: minute, hour, day of the month, month and day of the week"
    )]
    InvalidCron {
        /// The expression.
        expression: String,
        /// What is wrong.
        reason: String,
    },
    /// The cron expression names a time that never comes, such as a 30th of February.
    #[error("`{expression}` names a time that never comes")]
    NeverDue {
        /// The expression.
        expression: String,
    },
    /// There is no such time zone.
    #[error("`{name}` is no time zone; write it as IANA does, such as `Europe/Berlin`, `America/New_York` or `UTC`{}", meant.as_ref().map_or(String::new(), |meant| format!(" (`{meant}`?)")))]
    UnknownTimeZone {
        /// The name.
        name: String,
        /// One that may be meant.
        meant: Option<&'static str>,
    },
    /// Something else about the schedule cannot be.
    #[error("{what} of a schedule cannot be `{value}`: {reason}")]
    Invalid {
        /// What was being set.
        what: &'static str,
        /// The value.
        value: String,
        /// Why not.
        reason: &'static str,
    },
    /// The hub could not be read or written, there is no such schedule, or its name is taken.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A job of the schedule could not be written down.
    #[error(transparent)]
    Jobs(#[from] JobsError),
}

impl ScheduleError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidCron { .. } | Self::NeverDue { .. } => "invalid_cron",
            Self::UnknownTimeZone { .. } => "unknown_time_zone",
            Self::Invalid { .. } => "invalid_value",
            Self::Store(error) => error.code(),
            Self::Jobs(error) => error.code(),
        }
    }
}
