//! A kind of job without its type: how its jobs are run by whoever has only their name and payload.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use manifold_store::{NewJob, ProjectId, StoreError};
use serde_json::Value as Json;

use crate::{Backoff, CleanUpReason, CrashPolicy, Job, JobContext, JobError};

/// What all jobs of a kind have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) crash_policy: CrashPolicy,
    pub(crate) backoff: Backoff,
    pub(crate) timeout: Option<Duration>,
    /// Makes the work of a job of its payload.
    pub(crate) work: fn(&Json) -> Result<Box<dyn Work>, serde_json::Error>,
}

impl Kind {
    pub(crate) fn of<J: Job>() -> Self {
        Self {
            name: J::KIND,
            crash_policy: J::CRASH_POLICY,
            backoff: J::BACKOFF,
            timeout: J::TIMEOUT,
            work: |payload| {
                let job: J = serde::Deserialize::deserialize(payload)?;
                Ok(Box::new(WorkOf::new(job)))
            },
        }
    }
}

/// The work of one job.
pub(crate) trait Work: Send + Sync {
    fn run<'a>(&'a self, context: &'a JobContext) -> BoxFuture<'a, Result<Json, JobError>>;

    fn clean_up<'a>(
        &'a self,
        context: &'a JobContext,
        reason: CleanUpReason,
    ) -> BoxFuture<'a, Result<(), JobError>>;
}

/// The work of a job of a known type, which keeps what came of it.
pub(crate) struct WorkOf<J: Job> {
    job: J,
    output: Mutex<Option<J::Output>>,
}

impl<J: Job> WorkOf<J> {
    pub(crate) fn new(job: J) -> Self {
        Self {
            job,
            output: Mutex::new(None),
        }
    }

    /// What came of it, once.
    pub(crate) fn take_output(&self) -> Option<J::Output> {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.take()
    }
}

impl<J: Job> Work for WorkOf<J> {
    fn run<'a>(&'a self, context: &'a JobContext) -> BoxFuture<'a, Result<Json, JobError>> {
        async {
            let output = self.job.run(context).await?;
            let result = serde_json::to_value(&output).map_err(|error| JobError::Panicked {
                message: format!("its result is no JSON: {error}"),
            })?;
            let mut kept = self.output.lock().unwrap_or_else(PoisonError::into_inner);
            *kept = Some(output);
            Ok(result)
        }
        .boxed()
    }

    fn clean_up<'a>(
        &'a self,
        context: &'a JobContext,
        reason: CleanUpReason,
    ) -> BoxFuture<'a, Result<(), JobError>> {
        self.job.clean_up(context, reason).boxed()
    }
}

/// A job of this kind as it is written down, with what its kind says of queue, attempts and crashes; the rest can
/// be set before it is enqueued.
///
/// # Errors
/// [`StoreError::InvalidValue`] when the job is no JSON.
pub fn new_job<J: Job>(job: &J, project_id: Option<ProjectId>) -> Result<NewJob, StoreError> {
    let payload = serde_json::to_value(job).map_err(|error| StoreError::InvalidValue {
        what: "what the job needs to know".to_owned(),
        value: J::KIND.to_owned(),
        reason: error.to_string(),
    })?;
    let max_crashes = match J::CRASH_POLICY {
        CrashPolicy::Fail => 1,
        CrashPolicy::Resume | CrashPolicy::Restart => J::MAX_CRASHES,
    };
    Ok(NewJob {
        project_id,
        max_attempts: J::MAX_ATTEMPTS,
        max_crashes,
        queue: J::QUEUE.to_owned(),
        ..NewJob::new(J::KIND, payload)
    })
}
