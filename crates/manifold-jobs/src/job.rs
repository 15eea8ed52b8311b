//! What a kind of job is.

use std::time::Duration;

use manifold_store::DEFAULT_QUEUE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::plan::no_plan;
use crate::{Backoff, JobContext, JobError, PlanContext};

/// A kind of job. The value is what the job needs to know; it is stored as JSON, so that another process
/// can do the job.
///
/// A kind is one file with three equal names: `jobs/import_file.rs`, `ImportFile`, `KIND = "import_file"`.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name of the kind, as it is stored.
    const KIND: &'static str;

    /// The queue of jobs of this kind.
    const QUEUE: &'static str = DEFAULT_QUEUE;

    /// How often a job of this kind may be begun. Attempts that ended because their process was to end, or that were
    /// [snoozed](JobError::Snoozed), do not count.
    const MAX_ATTEMPTS: i64 = 1;

    /// How often processes may die under a job of this kind before it is given up with `CRASH_LOOP`; each death also
    /// uses an attempt.
    const MAX_CRASHES: i64 = 3;

    /// What happens when a process dies under a job of this kind.
    const CRASH_POLICY: CrashPolicy = CrashPolicy::Resume;

    /// How long a job of this kind waits after an attempt that may be repeated.
    const BACKOFF: Backoff = Backoff::DEFAULT;

    /// How long an attempt may take before it is stopped and counts as failed with code `timeout`.
    const TIMEOUT: Option<Duration> = None;

    /// What comes of it; stored as JSON.
    type Output: Serialize + Send + 'static;

    /// Does the job. It may run twice: a second run must find what the first one published, and must not
    /// mind what it left half-done.
    ///
    /// It stops soon after [`JobContext::cancel`] is cancelled, at a point where nothing half-done is
    /// visible, and then fails with [`JobError::Cancelled`]. What blocks belongs on a blocking thread.
    ///
    /// # Errors
    /// [`JobError`]; the job is then `failed`, or `cancelled`, or waits for another attempt.
    fn run(
        &self,
        context: &JobContext,
    ) -> impl Future<Output = Result<Self::Output, JobError>> + Send;

    /// Finds out what the job would do, in words of its kind, and writes nothing: it reads the store, and what it has to
    /// remember it keeps in files of its own. A [`Plan`](crate::Plan) is made of it.
    ///
    /// # Errors
    /// [`JobError::Failed`] with code `no_plan` when jobs of this kind cannot be planned; as the job itself would fail.
    fn plan(&self, context: &PlanContext) -> impl Future<Output = Result<Json, JobError>> + Send {
        let _ = context;
        std::future::ready(Err(no_plan(Self::KIND)))
    }

    /// Removes what the job's attempts left, when there will be no further one. It has 30 seconds, and is called
    /// before the job ends. It is not called for a process that died: a kind must not rely on it for anything but
    /// tidiness.
    ///
    /// # Errors
    /// [`JobError`]; it is written to the job's log and changes nothing else.
    fn clean_up(
        &self,
        context: &JobContext,
        reason: CleanUpReason,
    ) -> impl Future<Output = Result<(), JobError>> + Send {
        let _ = (context, reason);
        std::future::ready(Ok(()))
    }
}

/// What happens when a process dies under a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashPolicy {
    /// The next attempt goes on from the steps and cursors that were written down.
    Resume,
    /// The next attempt forgets them and begins at the beginning.
    Restart,
    /// There is no next attempt: the job fails with code `crashed`.
    Fail,
}

/// Why a job has no further attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CleanUpReason {
    /// Somebody asked for it.
    Cancelled,
    /// It failed.
    Failed,
}
