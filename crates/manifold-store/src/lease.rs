//! A lease on an open spoke: while one exists, the spoke is not closed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

/// Who holds a spoke open, and since when.
#[derive(Debug, Clone)]
pub(crate) struct Holder {
    purpose: &'static str,
    since: Instant,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} for {} s",
            self.purpose,
            self.since.elapsed().as_secs()
        )
    }
}

/// The leases on one spoke.
#[derive(Debug)]
pub(crate) struct Leases {
    holders: Mutex<BTreeMap<u64, Holder>>,
    next: AtomicU64,
    released: Arc<Notify>,
}

impl Leases {
    /// `released` is notified when the last lease of this spoke ends.
    pub(crate) fn new(released: Arc<Notify>) -> Self {
        Self {
            holders: Mutex::default(),
            next: AtomicU64::new(0),
            released,
        }
    }

    pub(crate) fn grant(self: &Arc<Self>, purpose: &'static str) -> Arc<Lease> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let holder = Holder {
            purpose,
            since: Instant::now(),
        };
        self.holders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(number, holder);
        Arc::new(Lease {
            number,
            leases: self.clone(),
            uses: AtomicU64::new(0),
            has_ended: AtomicBool::new(false),
        })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.holders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.holders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }

    pub(crate) fn holders(&self) -> Vec<Holder> {
        self.holders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }
}

/// One lease; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Lease {
    number: u64,
    leases: Arc<Leases>,
    uses: AtomicU64,
    has_ended: AtomicBool,
}

impl Lease {
    /// Counts a use, before a connection is waited for.
    pub(crate) fn begin_use(&self) {
        self.uses.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether it has ended although its holder lives. Asked when a connection has been taken: then either the spoke
    /// is seen to be in use, or the end of the lease is seen here.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::SeqCst)
    }

    /// How often it has been used.
    pub(crate) fn uses(&self) -> u64 {
        self.uses.load(Ordering::SeqCst)
    }

    /// Ends it although its holder lives, who gets no connection any more.
    pub(crate) fn end(&self) {
        self.has_ended.store(true, Ordering::SeqCst);
        self.give_back();
    }

    fn give_back(&self) {
        let mut holders = self
            .leases
            .holders
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        holders.remove(&self.number);
        if holders.is_empty() {
            self.leases.released.notify_waiters();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.give_back();
    }
}
