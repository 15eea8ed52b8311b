//! A lease on an open spoke: while one exists, the spoke is not closed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
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
}

impl Drop for Lease {
    fn drop(&mut self) {
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
