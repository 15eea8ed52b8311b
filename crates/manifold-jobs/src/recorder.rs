//! Keeps a running attempt in touch with the hub.

use std::sync::Arc;
use std::time::Duration;

use manifold_store::{Claim, JobLog, Jobs, JobsError, LogBuffer, Standing};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::stop::{Stop, StopCause};
use crate::{Pace, Progress};

/// The least time between two writes.
const PERIOD: Duration = Duration::from_millis(500);
/// How often the hub is asked whether the attempt is still wanted.
const LOOK: Duration = Duration::from_secs(1);
/// The most time between two signs of life.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Writes down, on a task of its own, what a running job says about itself and that it goes on, and stops it when it
/// is not wanted any more.
pub(crate) struct Recorder {
    task: JoinHandle<()>,
    end: CancellationToken,
}

impl Recorder {
    pub(crate) fn start(
        jobs: Jobs,
        claim: Claim,
        progress: watch::Receiver<Progress>,
        lines: Arc<LogBuffer>,
        stop: Stop,
    ) -> Self {
        let end = CancellationToken::new();
        let log = JobLog::new(&jobs, &claim);
        let now = Instant::now();
        let record = Record {
            jobs,
            claim,
            progress,
            lines,
            log,
            stop,
            pace: Pace::default(),
            began: now,
            heard_of: now,
            looked: now,
        };
        Self {
            task: tokio::spawn(record.keep(end.clone())),
            end,
        }
    }

    /// Writes down what was said until now, and ends.
    pub(crate) async fn stop(self) {
        self.end.cancel();
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the job's progress and log are incomplete");
        }
    }
}

struct Record {
    jobs: Jobs,
    claim: Claim,
    progress: watch::Receiver<Progress>,
    lines: Arc<LogBuffer>,
    log: JobLog,
    stop: Stop,
    pace: Pace,
    began: Instant,
    heard_of: Instant,
    looked: Instant,
}

impl Record {
    async fn keep(mut self, end: CancellationToken) {
        let mut ticks = tokio::time::interval_at(Instant::now() + PERIOD, PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = false;
        while !last {
            tokio::select! {
                () = end.cancelled() => last = true,
                _ = ticks.tick() => {}
            }
            self.say_how_far().await;
            self.write_log().await;
            if !last {
                self.look().await;
            }
        }
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
        if let Err(error) = self.log.append(&self.lines).await {
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
