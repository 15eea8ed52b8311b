//! Does a job now, in this process.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use manifold_store::{
    Ending, JobId, Jobs, JobsError, NewJob, ProjectId, SqliteManager, StoreError, fail_point,
};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::context::Reporter;
use crate::recorder::Recorder;
use crate::{Job, JobContext, JobError, Observer, Progress, cancellation};

/// A job that has ended.
#[derive(Debug)]
pub struct Finished<T> {
    /// The job as the hub keeps it.
    pub job: entity_core::jobs::Model,
    /// What came of it.
    pub outcome: Result<T, JobError>,
}

/// Does a job from its beginning to its end, in this process; it claims this job and no other.
///
/// The job is written down before anything is done, and its end is on the disk when this returns. When
/// the process dies the job stays `running` until [`rescue_dead`](crate::rescue_dead) finds it. A panic
/// in the job makes it `failed`. Dropping the future cancels the job, which then ends on its own.
///
/// # Errors
/// [`JobsError`] when the hub cannot keep the job's record, and [`JobsError::LeaseLost`] when another
/// process ended the job meanwhile. That the job itself failed is no error here: see [`Finished::outcome`].
pub async fn run_foreground<J: Job>(
    manager: &Arc<SqliteManager>,
    job: J,
    project_id: Option<ProjectId>,
    observer: Observer,
) -> Result<Finished<J::Output>, JobsError> {
    let payload = serde_json::to_value(&job).map_err(|error| StoreError::InvalidValue {
        what: "what the job needs to know".to_owned(),
        value: J::KIND.to_owned(),
        reason: error.to_string(),
    })?;
    let new = NewJob {
        id: JobId::new(),
        kind: J::KIND,
        project_id,
        payload,
        max_attempts: J::MAX_ATTEMPTS,
    };
    // A token of the job's own: that somebody asks it through the hub to stop is not the observer's wish.
    let cancel = observer.cancel.child_token();
    let stop_if_dropped = cancel.clone().drop_guard();
    // A task of its own from before the job is written down: a job whose caller is gone must still end.
    let attempt = tokio::spawn(attempt(
        manager.clone(),
        job,
        new,
        cancel,
        observer.progress,
    ));
    let finished = match attempt.await {
        Ok(finished) => finished,
        // The attempt catches the job's panics; what is left is one of the engine, or the runtime's end.
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Interrupted.into()),
        },
    };
    stop_if_dropped.disarm();
    finished
}

async fn attempt<J: Job>(
    manager: Arc<SqliteManager>,
    job: J,
    new: NewJob,
    cancel: CancellationToken,
    progress: watch::Sender<Progress>,
) -> Result<Finished<J::Output>, JobsError> {
    let jobs = Jobs::new(&manager);
    let claim = jobs.start(new).await?;
    fail_point!("job-started");
    let (lines, said) = mpsc::unbounded_channel();
    let recorder = Recorder::start(jobs.clone(), claim.clone(), progress.subscribe(), said);
    let watch = tokio::spawn(cancellation::watch(
        jobs.clone(),
        claim.clone(),
        cancel.clone(),
    ));
    let watch = AbortOnDropHandle::new(watch);
    let reporter = Reporter {
        progress,
        lines,
        target: J::KIND,
    };
    let context = JobContext {
        manager,
        claim,
        cancel,
        reporter,
    };

    let outcome = AssertUnwindSafe(job.run(&context)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|panic| {
        Err(JobError::Panicked {
            message: panic_message(&*panic),
        })
    });
    let (outcome, ending) = ending(outcome);

    drop(watch);
    recorder.stop().await;
    fail_point!("job-done");
    let job = jobs.finish(&context.claim, &ending).await?;
    fail_point!("job-finished");
    Ok(Finished { job, outcome })
}

fn ending<T: serde::Serialize>(outcome: Result<T, JobError>) -> (Result<T, JobError>, Ending) {
    let outcome = outcome.and_then(|output| match serde_json::to_value(&output) {
        Ok(result) => Ok((output, result)),
        Err(error) => Err(JobError::Panicked {
            message: format!("its result is no JSON: {error}"),
        }),
    });
    match outcome {
        Ok((output, result)) => (Ok(output), Ending::Completed { result }),
        Err(JobError::Cancelled) => (Err(JobError::Cancelled), Ending::Cancelled),
        Err(error) => {
            let ending = Ending::Failed {
                code: error.code().to_owned(),
                message: error.to_string(),
            };
            (Err(error), ending)
        }
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}
