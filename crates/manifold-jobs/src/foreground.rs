//! Does a job now, in this process.

use std::ops::ControlFlow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use manifold_store::{Jobs, JobsError, NewJob, ProjectId, SqliteManager, StoreError};

use crate::attempt::{Attempt, Made};
use crate::kind::{Kind, WorkOf, new_job};
use crate::recorder::Recorders;
use crate::stop::Stop;
use crate::{Job, JobError, Observer};

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
/// the process dies the job stays `running` until [`rescue_dead`](crate::rescue_dead) finds it. A panic in the job makes it
/// fail. Dropping the future cancels the job, which then ends on its own.
///
/// The job has one attempt, whatever its kind says: who waits for it hears at once what is wrong, decides, and
/// repeats the command. For the same reason nobody takes it up after its process died.
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
    let new = new_job(&job, project_id)?;
    run_new(manager, job, new, observer).await
}

/// As [`run_foreground`], for a job of which more is said than its kind says.
pub(crate) async fn run_new<J: Job>(
    manager: &Arc<SqliteManager>,
    job: J,
    new: NewJob,
    observer: Observer,
) -> Result<Finished<J::Output>, JobsError> {
    let new = NewJob {
        max_attempts: 1,
        ..new
    };
    let jobs = Jobs::new(manager);
    // A token of the job's own: that somebody asks it through the hub to stop is not the observer's wish.
    let cancel = observer.cancel.child_token();
    let stop_if_dropped = cancel.clone().drop_guard();
    // A task of its own from before the job is written down: a job whose caller is gone must still end.
    let clock = jobs.clock().clone();
    let wait = async move |due| clock.sleep_until(due).await;
    let observer = Observer { cancel, ..observer };
    let running = to_the_end(jobs, job, new, observer, wait);
    let running = tokio::spawn(running);
    let finished = match running.await {
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

/// Makes attempts at the job until it has ended; `wait` returns when it is time for the next one.
pub(crate) async fn to_the_end<J: Job>(
    jobs: Jobs,
    job: J,
    new: NewJob,
    observer: Observer,
    wait: impl AsyncFn(DateTime<Utc>),
) -> Result<Finished<J::Output>, JobsError> {
    let Observer {
        cancel,
        progress,
        environment,
    } = observer;
    let mut attempt = Attempt {
        claim: Arc::new(jobs.start(new).await?),
        jobs,
        kind: Kind::of::<J>(),
        stop: Stop::with(cancel.clone()),
        progress,
        grace: None,
        environment,
        recorders: Recorders::default(),
    };
    let work = WorkOf::new(job);
    loop {
        let made = attempt.make(&work).await;
        let again = attempt
            .jobs
            .finish_here(&attempt.claim, &made.ending)
            .await?;
        attempt.claim = match again {
            ControlFlow::Break(job) => return finished(job, &work, made),
            ControlFlow::Continue(claim) => Arc::new(claim),
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = wait(attempt.claim.job.run_at) => {}
        }
    }
}

fn finished<J: Job>(
    job: entity_core::jobs::Model,
    work: &WorkOf<J>,
    made: Made,
) -> Result<Finished<J::Output>, JobsError> {
    let outcome = match (made.error, work.take_output()) {
        (Some(error), _) => Err(error),
        (None, Some(output)) => Ok(output),
        (None, None) => Err(JobError::Panicked {
            message: "nothing came of it".to_owned(),
        }),
    };
    Ok(Finished { job, outcome })
}
