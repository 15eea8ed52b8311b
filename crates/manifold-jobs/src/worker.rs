//! Does the jobs that wait, several at once, until it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity_core::jobs;
use manifold_store::{Clock, Enlisted, JobId, Jobs, JobsError, SqliteManager, StoreError};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::crew::Crew;
use crate::schedule::Planter;
use crate::{Environment, Registry, rescue, upkeep};

/// How often the hub is asked for jobs that other processes wrote down.
const POLL: Duration = Duration::from_secs(1);
/// How often the worker looks for jobs of dead processes.
const RESCUE: Duration = Duration::from_secs(10);
/// How long the worker waits when the hub cannot be written.
pub(crate) const HUB_FAILED: Duration = Duration::from_secs(1);

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// How many jobs it does at once, at least 1.
    pub concurrency: usize,
    /// The queues it serves; all if `None`.
    pub queues: Option<Vec<String>>,
    /// How long jobs may go on after the worker was told to stop, before they are interrupted.
    pub soft_timeout: Duration,
    /// How long a job that is cancelled, interrupted or too slow may take to stop, before it is dropped.
    pub grace: Duration,
    /// Where `${env:NAME}` is looked up; nowhere unless somebody says so.
    pub environment: Environment,
    /// What time it is; for tests.
    pub clock: Clock,
    /// Who is told of each attempt that begins or ends.
    pub events: Option<mpsc::UnboundedSender<WorkerEvent>>,
}

/// What a worker tells while it works.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum WorkerEvent {
    /// It has begun an attempt at this job.
    Began(Box<jobs::Model>),
    /// It has ended an attempt, and the job is like this now: ended, or waiting for another attempt.
    Ended(Box<jobs::Model>),
    /// The job was taken away from it, or its end could not be written down.
    Lost {
        /// The job.
        job: JobId,
        /// Why.
        reason: String,
    },
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            concurrency: 2,
            queues: None,
            soft_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(30),
            environment: Environment::none(),
            clock: Clock::system(),
            events: None,
        }
    }
}

/// What a worker did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Served {
    /// Attempts that were made.
    pub attempts: u64,
}

/// Does the jobs that wait, several at once. Any number of workers, in any number of processes, may serve one store.
#[derive(Debug, Clone)]
pub struct Worker {
    pub(crate) jobs: Jobs,
    pub(crate) registry: Arc<Registry>,
    pub(crate) options: WorkerOptions,
}

impl Worker {
    /// A worker that does the kinds of jobs in `registry`.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>, registry: Registry, options: WorkerOptions) -> Self {
        Self {
            jobs: Jobs::with_clock(manager, options.clock.clone()),
            registry: Arc::new(registry),
            options,
        }
    }

    /// Does jobs until `stop` is cancelled: takes up those of dead processes, writes down those of the schedules, begins
    /// what is due, waits for more.
    ///
    /// It stops in two stages. First it begins no further job, and those that run may end in peace for
    /// [`soft_timeout`](WorkerOptions::soft_timeout). Then they are interrupted: each stops at a safe point and waits
    /// for another worker, without having used an attempt; one that does not stop within
    /// [`grace`](WorkerOptions::grace) is dropped.
    ///
    /// Once an hour it removes jobs that ended long ago, as the settings `jobs.keep_..` say, and copies the hub.
    ///
    /// A hub that is busy, full or only readable is no reason to end: the worker tries again. Dropping the future
    /// drops the jobs that run; they stay `running` until this process ends and another takes them up. While it runs
    /// the worker is one of [`Jobs::crews`].
    ///
    /// # Errors
    /// [`JobsError`] when the store cannot be used at the start.
    pub async fn run(&self, stop: &CancellationToken) -> Result<Served, JobsError> {
        rescue::rescue(&self.jobs).await?;
        let enlisted = self.enlist().await?;
        let mut crew = Crew::new(self, stop);
        let mut planter = Planter::new(&self.jobs);
        let upkeep = AbortOnDropHandle::new(tokio::spawn(upkeep::keep_up(self.jobs.clone())));
        let mut rescued_at = Instant::now();
        while !stop.is_cancelled() {
            if rescued_at.elapsed() >= RESCUE {
                rescued_at = Instant::now();
                if let Err(error) = rescue::rescue(&self.jobs).await {
                    tracing::warn!(%error, "jobs of dead processes were not looked for");
                }
            }
            // Listens before it looks, so that nothing is enqueued between.
            let woken = self.jobs.woken();
            let slot = match planter.plant_if_due().await {
                Ok(slot) => slot,
                Err(error) => {
                    tracing::warn!(%error, "the jobs of the schedules were not written down; trying again");
                    None
                }
            };
            let wait = match crew.fill().await {
                Ok(due) => due,
                Err(error) => {
                    tracing::warn!(%error, "no job was begun; trying again");
                    tokio::time::sleep(HUB_FAILED).await;
                    continue;
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = woken, if crew.has_place() => {}
                () = crew.one_ended() => {}
                () = until(self.jobs.clock(), wait) => {}
                () = until(self.jobs.clock(), slot) => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        drop(upkeep);
        let stopping = enlisted.stopping(self.jobs.clock().now()).await;
        crew.end().await;
        leave(stopping.and(enlisted.end().await));
        Ok(crew.served())
    }

    async fn enlist(&self) -> Result<Enlisted, StoreError> {
        let options = &self.options;
        let kinds = self.registry.names();
        self.jobs
            .enlist(options.queues.as_deref(), &kinds, options.concurrency)
            .await
    }

    /// Tells of an attempt.
    pub(crate) fn tell(&self, event: impl FnOnce() -> WorkerEvent) {
        if let Some(events) = &self.options.events {
            drop(events.send(event())); // nobody may listen any more
        }
    }

    /// Writes down the jobs of the slots that are due, does the jobs that are due, and those that become due by it,
    /// until none is; then returns. Jobs of a later time stay.
    ///
    /// # Errors
    /// [`JobsError`] when the hub cannot be read or written.
    pub async fn drain(&self) -> Result<Served, JobsError> {
        self.drain_until(&CancellationToken::new()).await
    }

    /// As [`Self::drain`], and stops as [`Self::run`] does when `stop` is cancelled.
    ///
    /// # Errors
    /// As [`Self::drain`].
    pub async fn drain_until(&self, stop: &CancellationToken) -> Result<Served, JobsError> {
        rescue::rescue(&self.jobs).await?;
        let enlisted = self.enlist().await?;
        let mut crew = Crew::new(self, stop);
        Planter::new(&self.jobs).plant().await?;
        let drained = loop {
            if let Err(error) = crew.fill().await {
                break Err(error);
            }
            if crew.is_idle() || stop.is_cancelled() {
                break Ok(());
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = crew.one_ended() => {}
            }
        };
        // What was begun ends, whatever went wrong.
        crew.end().await;
        leave(enlisted.end().await);
        drained.map(|()| crew.served())
    }
}

fn leave(left: Result<(), StoreError>) {
    if let Err(error) = left {
        tracing::info!(%error, "the worker is shown until its process ends");
    }
}

/// Returns when it is time for the next job, if one has a time to come.
async fn until(clock: &Clock, due: Option<DateTime<Utc>>) {
    match due {
        Some(due) => clock.sleep_until(due).await,
        None => std::future::pending().await,
    }
}
