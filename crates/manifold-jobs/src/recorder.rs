//! Writes down what a running job says about itself.

use std::time::Duration;

use manifold_store::{Claim, JobLog, Jobs, LogLine};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::Progress;

/// The least time between two writes.
const PERIOD: Duration = Duration::from_millis(500);

/// Writes down, on a task of its own, what a running job says about itself.
pub(crate) struct Recorder {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Recorder {
    pub(crate) fn start(
        jobs: Jobs,
        claim: Claim,
        progress: watch::Receiver<Progress>,
        lines: mpsc::UnboundedReceiver<LogLine>,
    ) -> Self {
        let stop = CancellationToken::new();
        let log = JobLog::new(&jobs, &claim);
        let record = Record {
            jobs,
            claim,
            progress,
            lines,
            log,
        };
        Self {
            task: tokio::spawn(record.keep(stop.clone())),
            stop,
        }
    }

    /// Writes down what was said until now, and ends.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the job's progress and log are incomplete");
        }
    }
}

struct Record {
    jobs: Jobs,
    claim: Claim,
    progress: watch::Receiver<Progress>,
    lines: mpsc::UnboundedReceiver<LogLine>,
    log: JobLog,
}

impl Record {
    async fn keep(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + PERIOD, PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = false;
        while !last {
            tokio::select! {
                () = stop.cancelled() => last = true,
                _ = ticks.tick() => {}
            }
            self.write().await;
        }
    }

    /// The job goes on when this fails: it is told elsewhere when it has lost its lease, and a busy hub
    /// is no reason to give up work.
    async fn write(&mut self) {
        if self.progress.has_changed().unwrap_or(true) {
            let latest = self.progress.borrow_and_update().stored();
            if let Err(error) = self.jobs.progress(&self.claim, &latest).await {
                tracing::warn!(job.id = %self.claim.job_id, %error, "the job's progress was not written down");
            }
        }
        let mut lines = Vec::new();
        while let Ok(line) = self.lines.try_recv() {
            lines.push(line);
        }
        if !lines.is_empty()
            && let Err(error) = self.log.append(lines).await
        {
            tracing::warn!(job.id = %self.claim.job_id, %error, "lines of the job's log were not written down");
        }
    }
}
