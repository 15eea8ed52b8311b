//! What a schedule wants done when one of its jobs fails.

use serde::{Deserialize, Serialize};

use super::ScheduleError;

/// The longest time that a command or a request may take, in seconds.
const LONGEST: u64 = 3600;

/// What is done when a job of a schedule has failed and is not begun again: [`NotifyFailure`](crate::jobs::NotifyFailure)
/// does it, as a job of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OnFailure {
    /// A program is run, without a shell. Its environment is that of the worker, with `MANIFOLD_JOB_ID`,
    /// `MANIFOLD_JOB_KIND`, `MANIFOLD_PROJECT_ID`, `MANIFOLD_SCHEDULE_ID`, `MANIFOLD_SCHEDULE`, `MANIFOLD_SCHEDULED_FOR`,
    /// `MANIFOLD_ERROR_CODE` and `MANIFOLD_ERROR_MESSAGE`. What it prints goes to the log of the job.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
        /// After so many seconds it is stopped, 1 to 3600.
        #[serde(default = "command_timeout")]
        timeout_seconds: u64,
    },
}

fn command_timeout() -> u64 {
    60
}

impl OnFailure {
    /// This command, which may take a minute.
    #[must_use]
    pub fn command(command: Vec<String>) -> Self {
        Self::Command {
            command,
            timeout_seconds: command_timeout(),
        }
    }

    /// Whether this can be done at all.
    pub(crate) fn check(&self) -> Result<(), ScheduleError> {
        let invalid = |what, value: String, reason| {
            Err(ScheduleError::Invalid {
                what,
                value,
                reason,
            })
        };
        match self {
            Self::Command {
                command,
                timeout_seconds,
            } => {
                if command.first().is_none_or(String::is_empty) {
                    let reason = "it names no program";
                    return invalid("the command on failure", command.join(" "), reason);
                }
                if !(1..=LONGEST).contains(timeout_seconds) {
                    let reason = "it is 1 to 3600 seconds";
                    return invalid("the time limit", timeout_seconds.to_string(), reason);
                }
            }
        }
        Ok(())
    }
}
