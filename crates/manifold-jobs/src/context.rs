//! What a running job can reach.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use entity_core::enums::LogLevel;
use manifold_store::{
    Claim, ExecutionId, JobId, Jobs, LogBuffer, LogLine, SqliteManager, Timestamp, WorkerId,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Environment, JobError, Progress};

/// What a running job can reach: the store, its own claim, its progress and its log.
#[derive(Debug)]
pub struct JobContext {
    pub(crate) jobs: Jobs,
    pub(crate) steps: Mutex<HashSet<String>>,
    claim: Arc<Claim>,
    cancel: CancellationToken,
    reporter: Reporter,
    environment: Environment,
}

impl JobContext {
    pub(crate) fn new(
        jobs: Jobs,
        claim: Arc<Claim>,
        cancel: CancellationToken,
        reporter: Reporter,
    ) -> Self {
        Self {
            jobs,
            steps: Mutex::default(),
            claim,
            cancel,
            reporter,
            environment: Environment::none(),
        }
    }

    pub(crate) fn with_environment(self, environment: Environment) -> Self {
        Self {
            environment,
            ..self
        }
    }

    /// The variables of the process that runs the job.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// The store.
    #[must_use]
    pub fn manager(&self) -> &Arc<SqliteManager> {
        self.jobs.manager()
    }

    /// The attempt that is being made; it fences what the job writes.
    #[must_use]
    pub fn claim(&self) -> &Claim {
        &self.claim
    }

    /// The job.
    #[must_use]
    pub fn job_id(&self) -> &JobId {
        &self.claim.job_id
    }

    /// The record of this attempt.
    #[must_use]
    pub fn execution_id(&self) -> &ExecutionId {
        &self.claim.execution_id
    }

    /// The number that fences what this attempt writes.
    #[must_use]
    pub fn lease_token(&self) -> i64 {
        self.claim.lease_token
    }

    /// The process that makes the attempt.
    #[must_use]
    pub fn worker(&self) -> &WorkerId {
        &self.claim.worker_id
    }

    /// Cancelled when somebody asks the job to stop, when its process is to end, when it takes longer than it may, or
    /// when the attempt has lost its job.
    #[must_use]
    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Fails when the job is to stop: to be called where nothing half-done is visible.
    ///
    /// # Errors
    /// [`JobError::Cancelled`].
    pub fn check_cancelled(&self) -> Result<(), JobError> {
        if self.cancel.is_cancelled() {
            Err(JobError::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Fails when the attempt has lost its job. To be called before something gets a name under which others find it,
    /// such as a file, and after what earlier attempts left there has been taken away: what the hub and the project
    /// keep is fenced, a folder is not.
    ///
    /// # Errors
    /// [`JobError::Failed`] with code `lease_lost`; others by meaning.
    pub async fn hold(&self) -> Result<(), JobError> {
        Ok(self.jobs.hold(&self.claim).await?)
    }

    /// Fails when the job was planned for another state of its project than the project is in. It was checked when the
    /// attempt began, and is again by what is fenced; others check it where nobody else can change the project.
    ///
    /// # Errors
    /// [`JobError::Failed`] with code `plan_outdated`; others by meaning.
    pub async fn hold_plan(&self) -> Result<(), JobError> {
        Ok(self.jobs.hold_plan(&self.claim).await?)
    }

    /// Says how far the job is and what it met, also from other threads.
    #[must_use]
    pub fn reporter(&self) -> &Reporter {
        &self.reporter
    }

    /// Says how far the job is. May be called as often as one likes: observers see the latest, and the hub
    /// is told at most twice a second.
    pub fn report(&self, progress: Progress) {
        self.reporter.report(progress);
    }

    /// Adds a line to the job's log, where what is logged with `tracing` goes too if the subscriber has a
    /// [`JobLogLayer`](crate::JobLogLayer).
    pub fn log(&self, level: LogLevel, message: impl Into<String>) {
        self.reporter.log(level, message);
    }
}

/// Takes what a job says about itself. Cheap to clone, never blocks.
#[derive(Debug, Clone)]
pub struct Reporter {
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) lines: Arc<LogBuffer>,
    pub(crate) target: &'static str,
}

impl Reporter {
    /// As [`JobContext::report`].
    pub fn report(&self, progress: Progress) {
        self.progress.send_if_modified(|latest| {
            let news = *latest != progress;
            *latest = progress;
            news
        });
    }

    /// As [`JobContext::log`].
    pub fn log(&self, level: LogLevel, message: impl Into<String>) {
        let line = LogLine {
            at: Timestamp::now(),
            level,
            target: self.target.to_owned(),
            message: message.into(),
            fields: None,
        };
        self.lines.push(line);
    }
}
