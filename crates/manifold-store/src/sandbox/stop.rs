//! Stops a run that is cancelled or out of time or disk.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::QueryError;
use super::excess::Excess;
use super::temp_space::TempSpace;

/// How often temporary files are measured: a disk writes some 100 MB meanwhile.
const TEMP_INTERVAL: Duration = Duration::from_millis(50);

/// Asked by SQLite, by functions and between rows whether the run must end.
#[derive(Debug)]
pub(super) struct Stop {
    cancel: Arc<AtomicBool>,
    run: Mutex<Run>,
}

/// The run that is watched.
#[derive(Debug)]
struct Run {
    started: Instant,
    deadline: Option<Instant>,
    temp: TempSpace,
    measure_at: Instant,
    reason: Option<Reason>,
}

/// Why a run must end.
#[derive(Clone, Debug)]
enum Reason {
    Cancelled,
    TimedOut { after: Duration },
    TooBig(Excess),
}

impl Stop {
    /// Watches no run yet.
    pub(super) fn new(cancel: Arc<AtomicBool>, temp: TempSpace) -> Self {
        let now = Instant::now();
        let run = Run {
            started: now,
            deadline: None,
            temp,
            measure_at: now,
            reason: None,
        };
        Self {
            cancel,
            run: Mutex::new(run),
        }
    }

    /// Begins to watch a run. A `timeout` beyond what the clock can count is none.
    pub(super) fn start(&self, timeout: Option<Duration>) {
        let mut run = self.lock();
        let now = Instant::now();
        run.started = now;
        run.deadline = timeout.and_then(|timeout| now.checked_add(timeout));
        run.measure_at = now + TEMP_INTERVAL;
        run.temp.start();
        run.reason = None;
    }

    /// Whether the run must end; once true, it stays true until the next start.
    pub(super) fn is_due(&self) -> bool {
        let mut run = self.lock();
        if run.reason.is_none() {
            run.reason = self.find_reason(&mut run);
        }
        run.reason.is_some()
    }

    /// Why the run had to end, as the error to return; `None` while it may go on.
    pub(super) fn error(&self) -> Option<QueryError> {
        self.lock().reason.clone().map(|reason| match reason {
            Reason::Cancelled => QueryError::Cancelled,
            Reason::TimedOut { after } => QueryError::TimedOut { after },
            Reason::TooBig(excess) => QueryError::TooBig(excess),
        })
    }

    /// Time since the start of the run.
    pub(super) fn elapsed(&self) -> Duration {
        self.lock().started.elapsed()
    }

    fn find_reason(&self, run: &mut Run) -> Option<Reason> {
        if self.cancel.load(Ordering::Relaxed) {
            return Some(Reason::Cancelled);
        }
        let now = Instant::now();
        if run.deadline.is_some_and(|deadline| now >= deadline) {
            return Some(Reason::TimedOut {
                after: now - run.started,
            });
        }
        if now >= run.measure_at {
            run.measure_at = now + TEMP_INTERVAL;
            return run.temp.excess().map(Reason::TooBig);
        }
        None
    }

    /// No code panics while it holds the lock, and a reason is whole at any moment.
    fn lock(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
