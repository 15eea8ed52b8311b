//! What may stop a running statement: a future that is gone, or a budget that is spent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// How many virtual-machine steps pass between two looks at the gate: about 0.05 ms.
pub(crate) const STEPS_BETWEEN_LOOKS: i32 = 5_000;

/// How many looks a bounded statement passes: it is stopped after 15,000 to 20,000 steps, because SQLite counts
/// a cached statement's steps on from its last run.
const LOOKS_WHEN_BOUNDED: u32 = 3;

const UNBOUNDED: u32 = u32::MAX;

/// What SQLite asks while a statement runs on a connection.
#[derive(Debug)]
pub(crate) struct Gate {
    stopped: AtomicBool,
    looks_left: AtomicU32,
}

impl Gate {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            stopped: AtomicBool::new(false),
            looks_left: AtomicU32::new(UNBOUNDED),
        })
    }

    /// Whether the running statement may go on.
    pub(crate) fn passes(&self) -> bool {
        if self.stopped.load(Ordering::Relaxed) {
            return false;
        }
        match self.looks_left.load(Ordering::Relaxed) {
            UNBOUNDED => true,
            0 => false,
            left => {
                self.looks_left.store(left - 1, Ordering::Relaxed);
                true
            }
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Lets statements run again. Only when none is running: earlier a statement that was left behind would run
    /// on, later the next one would be stopped.
    pub(crate) fn open(&self) {
        self.stopped.store(false, Ordering::Relaxed);
    }

    /// Gives statements a budget until the guard is dropped, also by a panic.
    pub(crate) fn bound(&self) -> Bounded<'_> {
        self.looks_left.store(LOOKS_WHEN_BOUNDED, Ordering::Relaxed);
        Bounded { gate: self }
    }
}

/// While it lives, a statement is stopped when its budget is spent.
pub(crate) struct Bounded<'a> {
    gate: &'a Gate,
}

impl Drop for Bounded<'_> {
    fn drop(&mut self) {
        self.gate.looks_left.store(UNBOUNDED, Ordering::Relaxed);
    }
}

/// Stops the running statement when it is dropped armed: the future that waited for it is gone.
pub(crate) struct StopOnDrop {
    gate: Arc<Gate>,
    armed: bool,
}

impl StopOnDrop {
    pub(crate) fn arm(gate: Arc<Gate>) -> Self {
        Self { gate, armed: true }
    }

    pub(crate) fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if self.armed {
            self.gate.stopped.store(true, Ordering::Relaxed);
        }
    }
}
