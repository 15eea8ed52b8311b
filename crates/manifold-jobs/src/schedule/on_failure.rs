//! What a schedule wants done when one of its jobs fails.

use std::collections::BTreeMap;

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
    /// A request with POST, whose JSON is `{"job": {"id", "kind", "project_id", "schedule_id", "schedule",
    /// "scheduled_for", "finished_at", "error": {"code", "message"}}}`. Redirects are not followed.
    Webhook {
        /// Where to. It may refer to secrets, as `${secret:NAME}` or `${env:NAME}`, and so may the headers; they are
        /// looked up when the request is made.
        url: String,
        /// Further headers.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
        /// After so many seconds it is given up, 1 to 3600.
        #[serde(default = "request_timeout")]
        timeout_seconds: u64,
    },
}

fn command_timeout() -> u64 {
    60
}

fn request_timeout() -> u64 {
    30
}

impl OnFailure {
    /// A request to this address, which may take half a minute.
    #[must_use]
    pub fn webhook(url: impl Into<String>) -> Self {
        Self::Webhook {
            url: url.into(),
            headers: BTreeMap::new(),
            timeout_seconds: request_timeout(),
        }
    }

    /// After how many seconds it is given up.
    pub(crate) fn timeout_seconds(&self) -> u64 {
        match self {
            Self::Command {
                timeout_seconds, ..
            }
            | Self::Webhook {
                timeout_seconds, ..
            } => *timeout_seconds,
        }
    }

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
            Self::Command { command, .. } => {
                if command.first().is_none_or(String::is_empty) {
                    let reason = "it names no program";
                    return invalid("the command on failure", command.join(" "), reason);
                }
            }
            Self::Webhook { url, .. } => {
                let begins = |start| url.starts_with(start);
                if !["https://", "http://", "${secret:", "${env:"]
                    .into_iter()
                    .any(begins)
                {
                    let reason =
                        "it begins with https:// or http://, or is a reference to a secret";
                    return invalid("the address on failure", url.clone(), reason);
                }
            }
        }
        let seconds = self.timeout_seconds();
        if !(1..=LONGEST).contains(&seconds) {
            let reason = "it is 1 to 3600 seconds";
            return invalid("the time limit", seconds.to_string(), reason);
        }
        Ok(())
    }
}
