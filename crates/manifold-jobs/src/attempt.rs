//! One attempt at a job, by whomever.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use entity_core::enums::{ExecutionState, LogLevel};
use futures_util::FutureExt as _;
use manifold_store::{Claim, Ending, Jobs, JobsError, LogBuffer, Standing, fail_point};
use serde_json::Value as Json;
use tokio::sync::watch;
use tracing::Instrument as _;

use crate::context::Reporter;
use crate::kind::{Kind, Work};
use crate::recorder::Recorders;
use crate::stop::{Stop, StopCause};
use crate::{
    CleanUpReason, CrashPolicy, Environment, JobContext, JobError, Progress, backoff, log_layer,
};

/// How long a job may take to remove what it left.
const CLEAN_UP: Duration = Duration::from_secs(30);

/// One attempt at a job that this process has claimed.
pub(crate) struct Attempt {
    pub(crate) jobs: Jobs,
    pub(crate) claim: Arc<Claim>,
    pub(crate) kind: Kind,
    pub(crate) stop: Stop,
    pub(crate) progress: watch::Sender<Progress>,
    /// How long the attempt may take to stop before it is dropped; for ever if `None`.
    pub(crate) grace: Option<Duration>,
    /// Where `${env:NAME}` is looked up.
    pub(crate) environment: Environment,
    /// Who writes down how far it is.
    pub(crate) recorders: Recorders,
}

/// What came of an attempt, before the hub knows it.
pub(crate) struct Made {
    pub(crate) ending: Ending,
    pub(crate) error: Option<JobError>,
}

impl Attempt {
    /// Does the work, as far as it goes. The job itself is not ended: the hub still says that it runs.
    pub(crate) async fn make(&self, work: &dyn Work) -> Made {
        let lines = Arc::new(LogBuffer::default());
        let span = log_layer::span(&self.claim, &lines);
        let recorder = self.recorders.start(
            &self.jobs,
            &self.claim,
            self.progress.subscribe(),
            lines.clone(),
            self.stop.clone(),
        );
        let reporter = Reporter {
            progress: self.progress.clone(),
            lines,
            target: self.kind.name,
        };
        let cancel = self.stop.token().clone();
        let context = JobContext::new(self.jobs.clone(), self.claim.clone(), cancel, reporter)
            .with_environment(self.environment);
        let made = self.make_within(work, &context).instrument(span).await;
        recorder.stop().await;
        made
    }

    async fn make_within(&self, work: &dyn Work, context: &JobContext) -> Made {
        let outcome = match self.prepare().await {
            Ok(()) => self.run(work, context).await,
            Err(error) => Err(error),
        };
        let made = self.judge(outcome);
        if let Some(reason) = self.is_last(&made.ending)
            && self.still_owns().await
        {
            clean_up(work, context, reason).await;
        }
        made
    }

    async fn prepare(&self) -> Result<(), JobError> {
        fail_point!("job-started");
        self.jobs.hold_plan(&self.claim).await?;
        Ok(self.begin_anew_after_crash().await?)
    }

    async fn begin_anew_after_crash(&self) -> Result<(), JobsError> {
        if self.kind.crash_policy != CrashPolicy::Restart || self.claim.job.crash_count == 0 {
            return Ok(());
        }
        let attempts = self.jobs.executions(&self.claim.job_id).await?;
        let before = attempts.iter().rev().nth(1);
        if before.is_some_and(|attempt| attempt.state == ExecutionState::Crashed) {
            self.jobs.forget_steps(&self.claim).await?;
        }
        Ok(())
    }

    async fn run(&self, work: &dyn Work, context: &JobContext) -> Result<Json, JobError> {
        let running = AssertUnwindSafe(work.run(context)).catch_unwind();
        let outcome = tokio::select! {
            biased;
            outcome = running => outcome,
            () = self.overdue() => {
                // What it left on other threads must not write any more.
                if let Err(error) = self.jobs.bar(&self.claim).await {
                    tracing::warn!(job.id = %self.claim.job_id, %error, "a job that was dropped may still write to its project");
                }
                return Err(JobError::Cancelled);
            }
        };
        outcome.unwrap_or_else(|panic| {
            Err(JobError::Panicked {
                message: panic_message(&*panic),
            })
        })
    }

    /// Stops the attempt when it takes too long, and returns when it has been asked to stop and its grace is over.
    async fn overdue(&self) {
        if let Some(timeout) = self.kind.timeout
            && tokio::time::timeout(timeout, self.stop.token().cancelled())
                .await
                .is_err()
        {
            self.stop.ask(StopCause::TimedOut);
        }
        self.stop.token().cancelled().await;
        match self.grace {
            Some(grace) => tokio::time::sleep(grace).await,
            None => std::future::pending().await,
        }
    }

    /// What an outcome means for the job.
    fn judge(&self, outcome: Result<Json, JobError>) -> Made {
        let error = match outcome {
            Ok(result) => {
                return Made {
                    ending: Ending::Completed { result },
                    error: None,
                };
            }
            Err(error) => error,
        };
        let stopped = matches!(error, JobError::Cancelled | JobError::Snoozed { .. });
        let error = match (self.stop.cause(), self.kind.timeout) {
            // What goes wrong while a job is stopped is most likely due to that.
            (Some(StopCause::TimedOut), Some(after)) if stopped => JobError::TimedOut { after },
            (Some(StopCause::Interrupted), _) if stopped || error.is_retryable() => {
                return Made {
                    ending: Ending::Interrupted,
                    error: Some(JobError::Cancelled),
                };
            }
            (Some(StopCause::Cancelled | StopCause::Lost), _)
                if stopped || error.is_retryable() =>
            {
                JobError::Cancelled
            }
            _ => error,
        };
        Made {
            ending: self.ending(&error),
            error: Some(error),
        }
    }

    fn ending(&self, error: &JobError) -> Ending {
        let (code, message) = (error.code().to_owned(), error.to_string());
        let now = self.jobs.clock().now();
        match error {
            JobError::Cancelled => Ending::Cancelled,
            JobError::Snoozed { delay } => Ending::Snoozed {
                run_at: now + *delay,
            },
            error if error.is_retryable() => {
                let least = match error {
                    JobError::Retryable { retry_after, .. } => retry_after.unwrap_or_default(),
                    _ => Duration::ZERO,
                };
                let share = backoff::random_share();
                let delay = self.kind.backoff.delay(self.claim.attempt, share);
                Ending::Retry {
                    code,
                    message,
                    run_at: now + delay.max(least),
                }
            }
            _ => Ending::Failed { code, message },
        }
    }

    /// Whether what the job left is this attempt's to remove. When in doubt it is not.
    async fn still_owns(&self) -> bool {
        let standing = self.jobs.standing(&self.claim).await;
        standing.is_ok_and(|standing| standing != Standing::Lost)
    }

    /// Why there will be no further attempt, if there will be none.
    fn is_last(&self, ending: &Ending) -> Option<CleanUpReason> {
        match ending {
            Ending::Cancelled => Some(CleanUpReason::Cancelled),
            Ending::Failed { .. } => Some(CleanUpReason::Failed),
            Ending::Retry { .. } if self.claim.attempt >= self.claim.job.max_attempts => {
                Some(CleanUpReason::Failed)
            }
            _ => None,
        }
    }
}

async fn clean_up(work: &dyn Work, context: &JobContext, reason: CleanUpReason) {
    let cleaning = AssertUnwindSafe(work.clean_up(context, reason)).catch_unwind();
    let problem = match tokio::time::timeout(CLEAN_UP, cleaning).await {
        Ok(Ok(Ok(()))) => return,
        Ok(Ok(Err(error))) => error.to_string(),
        Ok(Err(panic)) => panic_message(&*panic),
        Err(_) => format!("it took longer than {} s", CLEAN_UP.as_secs()),
    };
    context.log(
        LogLevel::Warn,
        format!("what the job left was not removed: {problem}"),
    );
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}
