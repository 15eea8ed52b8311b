//! Keeps a running attempt in touch with the hub.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use manifold_store::{Claim, JobLog, Jobs, JobsError, LogBuffer, Standing};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::stop::{Stop, StopCause};
use crate::{Pace, Progress};

/// The least time between two writes.
const PERIOD: Duration = Duration::from_millis(500);
/// How often the hub is asked whether the attempt is still wanted.
const LOOK: Duration = Duration::from_secs(1);
/// The most time between two signs of life.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Keeps running attempts in touch with the hub, each by a task of its own: its job may block the attempt's thread.
///
/// Most jobs are over before there is anything to write down. So those of a worker get their task only when they are not
/// over by the next look of one that they share.
#[derive(Clone, Default)]
pub(crate) struct Recorders {
    attempts: Arc<Mutex<Attempts>>,
    /// Whether somebody looks.
    shared: bool,
}

#[derive(Default)]
struct Attempts {
    last: u64,
    begun: HashMap<u64, Record>,
    lasting: HashMap<u64, Task>,
}

struct Task {
    task: JoinHandle<()>,
    end: CancellationToken,
}

impl Recorders {
    /// Those of a worker, and the task that they share, which ends when it is dropped.
    pub(crate) fn shared() -> (Self, AbortOnDropHandle<()>) {
        let recorders = Self {
            shared: true,
            ..Self::default()
        };
        let attempts = recorders.attempts.clone();
        let looking = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(PERIOD);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                locked(&attempts).look();
            }
        });
        (recorders, AbortOnDropHandle::new(looking))
    }

    /// Begins to write down what a running job says about itself and that it goes on, and to stop it when it is not
    /// wanted any more.
    pub(crate) fn start(
        &self,
        jobs: &Jobs,
        claim: &Arc<Claim>,
        progress: watch::Receiver<Progress>,
        lines: Arc<LogBuffer>,
        stop: Stop,
    ) -> Recorder {
        let now = Instant::now();
        let record = Record {
            jobs: jobs.clone(),
            claim: claim.clone(),
            progress,
            lines,
            log: None,
            stop,
            pace: Pace::default(),
            began: now,
            heard_of: now,
            looked: now,
        };
        let mut attempts = locked(&self.attempts);
        attempts.last += 1;
        let number = attempts.last;
        attempts.begun.insert(number, record);
        if !self.shared {
            attempts.look();
        }
        Recorder {
            attempts: self.attempts.clone(),
            number,
        }
    }
}

impl Attempts {
    /// Gives each attempt a task that has none.
    fn look(&mut self) {
        for (number, record) in self.begun.drain() {
            let end = CancellationToken::new();
            let task = Task {
                task: tokio::spawn(record.keep(end.clone())),
                end,
            };
            self.lasting.insert(number, task);
        }
    }
}

fn locked(attempts: &Mutex<Attempts>) -> MutexGuard<'_, Attempts> {
    attempts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is written down of one attempt. Nothing more is begun for it once this is dropped.
pub(crate) struct Recorder {
    attempts: Arc<Mutex<Attempts>>,
    number: u64,
}

impl Recorder {
    /// Writes down what was said until now, and ends.
    pub(crate) async fn stop(self) {
        let (begun, lasting) = self.take();
        if let Some(mut record) = begun {
            record.write().await;
        }
        if let Some(Task { task, end }) = lasting {
            end.cancel();
            if let Err(error) = task.await {
                tracing::warn!(%error, "the job's progress and log are incomplete");
            }
        }
    }

    fn take(&self) -> (Option<Record>, Option<Task>) {
        let mut attempts = locked(&self.attempts);
        (
            attempts.begun.remove(&self.number),
            attempts.lasting.remove(&self.number),
        )
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        drop(self.take());
    }
}

struct Record {
    jobs: Jobs,
    claim: Arc<Claim>,
    progress: watch::Receiver<Progress>,
    lines: Arc<LogBuffer>,
    /// Once there was a line.
    log: Option<JobLog>,
    stop: Stop,
    pace: Pace,
    began: Instant,
    heard_of: Instant,
    looked: Instant,
}

impl Record {
    async fn keep(mut self, end: CancellationToken) {
        let mut ticks = tokio::time::interval_at(self.began + PERIOD, PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = false;
        while !last {
            tokio::select! {
                () = end.cancelled() => last = true,
                _ = ticks.tick() => {}
            }
            self.write().await;
            if !last {
                self.look().await;
            }
        }
    }

    async fn write(&mut self) {
        self.say_how_far().await;
        self.write_log().await;
    }

    /// The job goes on when this fails: it is told elsewhere when it has lost its lease, and a busy hub
    /// is no reason to give up work.
    async fn say_how_far(&mut self) {
        let news = self.progress.has_changed().unwrap_or(true);
        let latest = self.progress.borrow_and_update().clone();
        let estimate = self.pace.observe(self.began.elapsed(), &latest);
        if !news && self.heard_of.elapsed() < HEARTBEAT {
            return;
        }
        let latest = latest.stored(&estimate, self.jobs.clock().now());
        self.heard_of = Instant::now();
        self.looked = self.heard_of;
        match self.jobs.heartbeat(&self.claim, &latest).await {
            Ok(standing) => self.heed(standing),
            Err(JobsError::LeaseLost { .. }) => self.heed(Standing::Lost),
            Err(error) => {
                tracing::warn!(job.id = %self.claim.job_id, %error, "the job's progress was not written down");
            }
        }
    }

    async fn write_log(&mut self) {
        if self.lines.is_empty() {
            return;
        }
        let log = self
            .log
            .get_or_insert_with(|| JobLog::new(&self.jobs, &self.claim));
        if let Err(error) = log.append(&self.lines).await {
            tracing::warn!(job.id = %self.claim.job_id, %error, "lines of the job's log were not written down yet");
        }
    }

    async fn look(&mut self) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        match self.jobs.standing(&self.claim).await {
            Ok(standing) => self.heed(standing),
            // The next look tells; meanwhile the fence keeps a lost attempt from writing.
            Err(error) => {
                tracing::debug!(job.id = %self.claim.job_id, %error, "cannot see whether the job is to stop");
            }
        }
    }

    fn heed(&self, standing: Standing) {
        match standing {
            Standing::Owned => {}
            Standing::CancelRequested => self.stop.ask(StopCause::Cancelled),
            Standing::Lost => self.stop.ask(StopCause::Lost),
        }
    }
}
