//! What is counted of a whole store in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::database_meter::DatabaseMeter;
use super::held_read::{HeldReads, Hold};
use super::slow_query::{SlowQueries, SlowQuery};
use super::waits::WaitMeter;
use crate::sqlite::Role;
use crate::{Access, DatabaseId, Layout, Timestamp};

/// What counts as slow until the setting is read.
pub(crate) const SLOW_QUERY: Duration = Duration::from_millis(500);

/// Counters of one manager.
#[derive(Debug)]
pub(crate) struct StoreMeter {
    pub(super) since: DateTime<Utc>,
    /// What the files did that are closed: one sum, however many there were.
    pub(crate) closed: DatabaseMeter,
    pub(super) slow: SlowQueries,
    pub(super) reads: Arc<HeldReads>,
    pub(crate) place_waits: WaitMeter,
    slow_us: AtomicU64,
    slow_count: AtomicU64,
    opened: AtomicU64,
    evicted: AtomicU64,
    writers: AtomicU64,
    readers: AtomicU64,
}

impl StoreMeter {
    pub(crate) fn new(layout: &Layout, access: Access) -> Arc<Self> {
        Arc::new(Self {
            since: Timestamp::now(),
            closed: DatabaseMeter::default(),
            slow: SlowQueries::default(),
            reads: HeldReads::new(layout.clone(), access),
            place_waits: WaitMeter::default(),
            slow_us: AtomicU64::new(micros(SLOW_QUERY)),
            slow_count: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            writers: AtomicU64::new(0),
            readers: AtomicU64::new(0),
        })
    }

    /// From now on a query is slow that takes so long; `None`: none is.
    pub(crate) fn call_slow(&self, limit: Option<Duration>) {
        self.slow_us
            .store(limit.map_or(u64::MAX, micros), Ordering::Relaxed);
    }

    pub(super) fn is_slow(&self, ran: Duration) -> bool {
        micros(ran) >= self.slow_us.load(Ordering::Relaxed)
    }

    pub(super) fn add_slow(&self, slow: SlowQuery) {
        self.slow_count.fetch_add(1, Ordering::Relaxed);
        self.slow.add(slow);
    }

    /// A read begins that may last; it ends when the hold is dropped.
    pub(crate) fn hold(&self, which: &DatabaseId, purpose: &'static str) -> Hold {
        self.reads.begin(which, purpose)
    }

    pub(crate) fn spoke_opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn spoke_evicted(&self) {
        self.evicted.fetch_add(1, Ordering::Relaxed);
    }

    /// A connection is open until the count is dropped.
    pub(crate) fn connection(self: &Arc<Self>, role: Role) -> OpenConnection {
        self.connections(role).fetch_add(1, Ordering::Relaxed);
        OpenConnection {
            store: self.clone(),
            role,
        }
    }

    fn connections(&self, role: Role) -> &AtomicU64 {
        match role {
            Role::Writer => &self.writers,
            Role::Reader => &self.readers,
        }
    }

    pub(super) fn open_connections(&self, role: Role) -> u64 {
        self.connections(role).load(Ordering::Relaxed)
    }

    pub(super) fn slow_count(&self) -> u64 {
        self.slow_count.load(Ordering::Relaxed)
    }

    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    pub(super) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX - 1)
}

/// One open connection, counted while this exists.
#[derive(Debug)]
pub(crate) struct OpenConnection {
    store: Arc<StoreMeter>,
    role: Role,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.store
            .connections(self.role)
            .fetch_sub(1, Ordering::Relaxed);
    }
}
