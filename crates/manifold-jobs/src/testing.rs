//! Support for tests of programs that have job kinds of their own: jobs done here and now, and a clock that is set.
//!
//! ```
//! use std::time::Duration;
//!
//! use entity_core::enums::JobState;
//! use manifold_jobs::testing::Testing;
//! use manifold_jobs::{Job, JobContext, JobError, Registry};
//! use manifold_store::{Layout, SqliteManager, StoreOptions};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Flaky;
//!
//! impl Job for Flaky {
//!     const KIND: &'static str = "flaky";
//!     const MAX_ATTEMPTS: i64 = 2;
//!     type Output = i64;
//!
//!     async fn run(&self, context: &JobContext) -> Result<i64, JobError> {
//!         match context.claim().attempt {
//!             1 => Err(JobError::retryable("offline", &"the other side does not answer")),
//!             attempt => Ok(attempt),
//!         }
//!     }
//! }
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let manager = SqliteManager::open(Layout::new(folder.path()), StoreOptions::default()).await?;
//! let testing = Testing::new(&manager, Registry::empty().with::<Flaky>());
//!
//! let job = testing.enqueue(&Flaky, None).await?;
//! testing.drain().await?;
//! assert_eq!(testing.job(&job).await?.state, JobState::Pending);
//! testing.clock().advance(Duration::from_secs(60)); // its backoff is over
//! testing.drain().await?;
//! assert_eq!(testing.job(&job).await?.state, JobState::Completed);
//!
//! assert_eq!(testing.inline(Flaky, None).await?.outcome?, 2);
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;
use std::time::Duration;

use entity_core::jobs;
use manifold_store::{Clock, JobId, Jobs, JobsError, ProjectId, SqliteManager, Timestamp};

use crate::foreground::{Finished, to_the_end};
use crate::{Job, Observer, Registry, Worker, WorkerOptions, new_job};

/// Does jobs in the calling task, by a clock that stands until it is set.
#[derive(Debug, Clone)]
pub struct Testing {
    jobs: Jobs,
    worker: Worker,
}

impl Testing {
    /// Support for a store and the kinds in `registry`. The clock shows the present time, and stands.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>, registry: Registry) -> Self {
        let clock = Clock::manual(Timestamp::now());
        let options = WorkerOptions {
            concurrency: 1,
            grace: Duration::from_millis(100),
            clock: clock.clone(),
            ..WorkerOptions::default()
        };
        Self {
            jobs: Jobs::with_clock(manager, clock),
            worker: Worker::new(manager, registry, options),
        }
    }

    /// The clock; clones of it are the same.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        self.jobs.clock()
    }

    /// The jobs, by this clock.
    #[must_use]
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Writes a job down, to be done by [`Self::drain`].
    ///
    /// # Errors
    /// As [`Jobs::enqueue`].
    pub async fn enqueue<J: Job>(
        &self,
        job: &J,
        project: Option<ProjectId>,
    ) -> Result<JobId, JobsError> {
        let new = new_job(job, project)?;
        let id = new.id.clone();
        self.jobs.submit(new).await?;
        Ok(id)
    }

    /// Does the jobs that are due by the clock, one after the other, and those that become due by it. Returns how
    /// many attempts that took.
    ///
    /// # Errors
    /// As [`Worker::drain`].
    pub async fn drain(&self) -> Result<u64, JobsError> {
        Ok(self.worker.drain().await?.attempts)
    }

    /// Does a job at once, to its end. Between attempts the clock is set to the time of the next one.
    ///
    /// # Errors
    /// As [`run_foreground`](crate::run_foreground).
    pub async fn inline<J: Job>(
        &self,
        job: J,
        project: Option<ProjectId>,
    ) -> Result<Finished<J::Output>, JobsError> {
        let new = new_job(&job, project)?;
        let clock = self.clock().clone();
        let skip = async move |due| clock.set(due);
        to_the_end(self.jobs.clone(), job, new, Observer::default(), skip).await
    }

    /// A job as the hub has it.
    ///
    /// # Errors
    /// As [`Jobs::find`].
    pub async fn job(&self, id: &JobId) -> Result<jobs::Model, JobsError> {
        Ok(self.jobs.find(id.as_str()).await?)
    }
}
