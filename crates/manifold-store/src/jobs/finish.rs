//! An attempt at a job ends.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use entity_core::enums::{EndReason, ExecutionState, JobState};
use entity_core::jobs;
use sea_orm::ActiveValue::Set;
use serde_json::Value as Json;

use super::claim::begin;
use super::claim_next::take_next;
use super::rule::Event;
use super::transition::{self, Transition};
use super::{Claim, Fence, Jobs, JobsError};
use crate::{DatabaseManager as _, ProjectId, StoreError, fail_point};

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Ending {
    /// The work is done.
    Completed {
        /// What came of it.
        result: Json,
    },
    /// The work could not be done, and another attempt would not do it either.
    Failed {
        /// The stable name of the error.
        code: String,
        /// The error in words.
        message: String,
    },
    /// The work could not be done now. The job waits for its next attempt, if it has one left and nobody asked it to
    /// stop.
    Retry {
        /// The stable name of the error.
        code: String,
        /// The error in words.
        message: String,
        /// When the next attempt may begin.
        run_at: DateTime<Utc>,
    },
    /// The work stopped because somebody asked for it.
    Cancelled,
    /// The work stopped because its process is to end; the attempt does not count.
    Interrupted,
    /// It is too early for the work; the attempt does not count.
    Snoozed {
        /// When the next attempt may begin.
        run_at: DateTime<Utc>,
    },
}

impl Ending {
    pub(super) fn event(&self) -> Event {
        match self {
            Self::Completed { .. } => Event::Complete,
            Self::Failed { .. } => Event::Fail,
            Self::Retry { .. } => Event::Retry,
            Self::Cancelled => Event::Stop,
            Self::Interrupted => Event::Interrupt,
            Self::Snoozed { .. } => Event::Snooze,
        }
    }

    pub(super) fn uses_attempt(&self) -> bool {
        !matches!(self, Self::Interrupted | Self::Snoozed { .. })
    }

    pub(super) fn execution_state(&self) -> ExecutionState {
        match self {
            Self::Completed { .. } => ExecutionState::Completed,
            Self::Failed { .. } | Self::Retry { .. } => ExecutionState::Failed,
            Self::Cancelled | Self::Interrupted | Self::Snoozed { .. } => ExecutionState::Cancelled,
        }
    }

    pub(super) fn end_reason(&self) -> EndReason {
        match self {
            Self::Completed { .. } => EndReason::Ok,
            Self::Failed { code, .. } | Self::Retry { code, .. } => match code.as_str() {
                "defect" => EndReason::Panic,
                "timeout" => EndReason::Timeout,
                _ => EndReason::Error,
            },
            Self::Cancelled => EndReason::Cancelled,
            Self::Interrupted => EndReason::Interrupted,
            Self::Snoozed { .. } => EndReason::Snoozed,
        }
    }

    pub(super) fn changes(
        &self,
        ended: jobs::ActiveModel,
        now: DateTime<Utc>,
    ) -> jobs::ActiveModel {
        match self {
            Self::Completed { result } => jobs::ActiveModel {
                result: Set(Some(result.clone())),
                progress: Set(Some(1.0)),
                error_code: Set(None),
                error_message: Set(None),
                ..ended
            },
            Self::Failed { code, message } => jobs::ActiveModel {
                error_code: Set(Some(code.clone())),
                error_message: Set(Some(message.clone())),
                ..ended
            },
            Self::Retry {
                code,
                message,
                run_at,
            } => jobs::ActiveModel {
                error_code: Set(Some(code.clone())),
                error_message: Set(Some(message.clone())),
                run_at: Set(*run_at),
                ..ended
            },
            Self::Cancelled => ended,
            Self::Interrupted => jobs::ActiveModel {
                run_at: Set(now),
                ..ended
            },
            Self::Snoozed { run_at } => jobs::ActiveModel {
                run_at: Set(*run_at),
                ..ended
            },
        }
    }
}

impl Jobs {
    /// Ends an attempt, and its job unless there is to be another one; jobs that waited for this one are released, or
    /// cancelled when it did not complete. It is on the disk when this returns. Returns the job as it is then.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when the attempt does not own the job any more, whose record then stays as
    /// it is; others by meaning.
    pub async fn finish(&self, claim: &Claim, ending: &Ending) -> Result<jobs::Model, JobsError> {
        fail_point!("job-done");
        let transition = Transition::Finish { claim, ending };
        let job = self
            .manager
            .core()
            .write(async |transaction| {
                let now = self.clock.now();
                transition::apply_to_claimed(transaction, claim, transition, now).await
            })
            .await?;
        fail_point!("job-finished");
        self.wake();
        Ok(job)
    }

    /// Ends an attempt as [`Jobs::finish`] does and begins another at the job whose turn it is then, as
    /// [`Jobs::claim_next`] does, in one transaction: a worker that goes on so waits once for the disk instead of twice.
    /// Returns the job that ended, and the claim of the next if there is one to begin now. A crash leaves both or
    /// neither.
    ///
    /// # Errors
    /// As [`Jobs::finish`] and [`Jobs::claim_next`]. Then nothing was written: the attempt has not ended, and none has
    /// begun.
    pub async fn finish_and_claim_next(
        &self,
        claim: &Claim,
        ending: &Ending,
        kinds: &[&str],
        queues: Option<&[String]>,
    ) -> Result<(jobs::Model, Option<Claim>), JobsError> {
        fail_point!("job-done");
        let transition = Transition::Finish { claim, ending };
        let done = self
            .manager
            .core()
            .write::<_, JobsError>(async |transaction| {
                let now = self.clock.now();
                let ended =
                    transition::apply_to_claimed(transaction, claim, transition, now).await?;
                let next = take_next(transaction, kinds, queues, &claim.worker_id, now).await?;
                Ok((ended, next))
            })
            .await?;
        fail_point!("job-finished");
        self.wake();
        Ok(done)
    }

    /// Ends an attempt as [`Jobs::finish`] does. When there is to be another one, this process begins it in the same
    /// transaction and gets its claim; it should wait until the job's `run_at` before it does anything.
    ///
    /// # Errors
    /// As [`Jobs::finish`].
    pub async fn finish_here(
        &self,
        claim: &Claim,
        ending: &Ending,
    ) -> Result<ControlFlow<jobs::Model, Claim>, JobsError> {
        fail_point!("job-done");
        let transition = Transition::Finish { claim, ending };
        let again = self
            .manager
            .core()
            .write::<_, JobsError>(async |transaction| {
                let now = self.clock.now();
                let job = transition::apply_to_claimed(transaction, claim, transition, now).await?;
                if job.state != JobState::Pending {
                    return Ok(ControlFlow::Break(job));
                }
                let again = begin(transaction, job, &claim.worker_id, now).await?;
                Ok(ControlFlow::Continue(again))
            })
            .await?;
        fail_point!("job-finished");
        self.wake();
        Ok(again)
    }

    /// Keeps what an attempt that was given up left on other threads from writing to its job's project. To be called
    /// before the attempt is ended.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn bar(&self, claim: &Claim) -> Result<(), StoreError> {
        let project = claim.job.project_id.as_ref();
        let Some(Ok(project)) = project.map(|id| id.parse::<ProjectId>()) else {
            return Ok(());
        };
        let spoke = self.manager.project(&project).await?;
        let next = claim.lease_token + 1;
        spoke
            .write(async |transaction| Fence::bar(transaction, &claim.job_id, next).await)
            .await
    }
}
