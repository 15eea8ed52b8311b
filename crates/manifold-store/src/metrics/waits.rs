//! How often somebody had to wait, and for how long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use super::latency::ms;

/// Counts waits as they end.
#[derive(Debug, Default)]
pub(crate) struct WaitMeter {
    count: AtomicU64,
    total_us: AtomicU64,
    longest_us: AtomicU64,
}

impl WaitMeter {
    pub(crate) const fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            total_us: AtomicU64::new(0),
            longest_us: AtomicU64::new(0),
        }
    }

    pub(crate) fn observe(&self, waited: Duration) {
        let us = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.total_us.fetch_add(us, Ordering::Relaxed);
        self.longest_us.fetch_max(us, Ordering::Relaxed);
    }

    pub(crate) fn absorb(&self, other: &Self) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        self.count.fetch_add(read(&other.count), Ordering::Relaxed);
        self.total_us
            .fetch_add(read(&other.total_us), Ordering::Relaxed);
        self.longest_us
            .fetch_max(read(&other.longest_us), Ordering::Relaxed);
    }

    pub(crate) fn waits(&self) -> Waits {
        Waits {
            count: self.count.load(Ordering::Relaxed),
            total_ms: ms(self.total_us.load(Ordering::Relaxed)),
            longest_ms: ms(self.longest_us.load(Ordering::Relaxed)),
        }
    }
}

/// How often somebody had to wait for something, and for how long, in milliseconds. What was free at once is not
/// counted; a wait that goes on is counted when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Waits {
    /// How many waits ended, with what was waited for or without.
    pub count: u64,
    /// All of them together.
    pub total_ms: f64,
    /// The longest one.
    pub longest_ms: f64,
}
