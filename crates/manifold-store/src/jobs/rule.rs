//! Which changes of a job's state are allowed, and where they lead. Nothing here reads or writes, so a test can walk
//! through every order of events.

use entity_core::enums::JobState;
use entity_core::jobs;

/// What somebody wants to happen to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Event {
    /// An attempt begins.
    Claim,
    /// The attempt did the work.
    Complete,
    /// The attempt failed, and another would too.
    Fail,
    /// The attempt failed, and another may not.
    Retry,
    /// The attempt stopped because its process is to end.
    Interrupt,
    /// The attempt found that it is too early.
    Snooze,
    /// The attempt stopped because somebody asked for it.
    Stop,
    /// Somebody asked that a job nobody has begun is not done.
    Withdraw,
    /// The attempt's process died.
    Crash,
    /// Somebody takes the job away from a process that lives but is silent.
    Release,
    /// The last job that this one waited for is completed.
    Unblock,
    /// Somebody wants a job that ended without success to be done after all; it waits for others when `blocked`.
    Reopen { blocked: bool },
}

/// What is known about a job when something is to happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    pub(super) state: JobState,
    pub(super) lease_token: i64,
    pub(super) attempt: i64,
    pub(super) max_attempts: i64,
    pub(super) crash_count: i64,
    pub(super) max_crashes: i64,
    pub(super) cancel_requested: bool,
}

/// Why something may not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Refused {
    /// The job is in another state.
    State,
    /// The attempt does not own the job any more.
    Lease,
}

impl From<&jobs::Model> for Seen {
    fn from(job: &jobs::Model) -> Self {
        Self {
            state: job.state,
            lease_token: job.lease_token,
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            crash_count: job.crash_count,
            max_crashes: job.max_crashes,
            cancel_requested: job.cancel_requested_at.is_some(),
        }
    }
}

/// Whether a state is final.
pub(super) fn is_final(state: JobState) -> bool {
    matches!(
        state,
        JobState::Completed | JobState::Failed | JobState::Cancelled
    )
}

/// Whether the process has died under this job as often as it may, this time included.
pub(super) fn is_crash_loop(seen: &Seen) -> bool {
    seen.max_crashes > 1 && seen.crash_count + 1 >= seen.max_crashes
}

/// The state in which `event` leaves a job, if it may happen. `lease_token` is the attempt's that wants it.
pub(super) fn next(event: Event, lease_token: i64, seen: &Seen) -> Result<JobState, Refused> {
    let again = || {
        if seen.cancel_requested {
            JobState::Cancelled
        } else {
            JobState::Pending
        }
    };
    let to = match (event, seen.state) {
        (Event::Claim, JobState::Pending) | (Event::Unblock, JobState::Blocked) => {
            return Ok(if event == Event::Claim {
                JobState::Running
            } else {
                JobState::Pending
            });
        }
        (Event::Withdraw, JobState::Pending | JobState::Blocked) => return Ok(JobState::Cancelled),
        (Event::Reopen { blocked }, JobState::Failed | JobState::Cancelled) => {
            return Ok(if blocked {
                JobState::Blocked
            } else {
                JobState::Pending
            });
        }
        (Event::Complete, JobState::Running) => JobState::Completed,
        (Event::Fail, JobState::Running) => JobState::Failed,
        (Event::Stop, JobState::Running) => JobState::Cancelled,
        (Event::Interrupt | Event::Snooze | Event::Release, JobState::Running) => again(),
        (Event::Retry, JobState::Running) => match again() {
            JobState::Pending if seen.attempt >= seen.max_attempts => JobState::Failed,
            again => again,
        },
        (Event::Crash, JobState::Running) => {
            let last =
                seen.crash_count + 1 >= seen.max_crashes || seen.attempt >= seen.max_attempts;
            match again() {
                JobState::Pending if last => JobState::Failed,
                again => again,
            }
        }
        (event, _) if event.is_of_an_attempt() => return Err(Refused::Lease),
        _ => return Err(Refused::State),
    };
    // Whoever speaks for an attempt must speak for the one that owns the job.
    if lease_token == seen.lease_token {
        Ok(to)
    } else {
        Err(Refused::Lease)
    }
}

impl Event {
    /// Whether an attempt itself says so: it must own its job.
    pub(super) fn is_of_an_attempt(self) -> bool {
        matches!(
            self,
            Self::Complete | Self::Fail | Self::Retry | Self::Interrupt | Self::Snooze | Self::Stop
        )
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
