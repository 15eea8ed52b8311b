//! What this process measures of its work on a store. Counting takes a few relaxed atomic additions: no lock, and no
//! memory that grows with the number of projects or queries.

mod database_meter;
mod file_meter;
mod held_read;
mod latency;
mod read_record;
mod slow_query;
mod store_meter;
mod stream_meter;
mod waits;
mod write_ahead_log;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use database_meter::DatabaseMetrics;
pub use held_read::HeldRead;
pub use latency::Latency;
pub use slow_query::SlowQuery;
pub use waits::Waits;

pub(crate) use database_meter::Work;
pub(crate) use file_meter::FileMeter;
pub(crate) use held_read::Hold;
pub(crate) use read_record::long_reads;
pub(crate) use store_meter::{OpenConnection, StoreMeter};
pub(crate) use stream_meter::StreamMeter;
pub(crate) use waits::WaitMeter;
pub(crate) use write_ahead_log::log_bytes;

use crate::file_lock;
use crate::sqlite::Role;

/// What one manager has measured since it was opened: [`SqliteManager::metrics`](crate::SqliteManager::metrics).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// Since when.
    pub since: DateTime<Utc>,
    /// The hub.
    pub core: OpenDatabase,
    /// Projects that are open now, by id.
    pub projects: Vec<OpenDatabase>,
    /// Projects that were opened and are closed, together.
    pub closed: DatabaseMetrics,
    /// Connections that are open now.
    pub connections: Connections,
    /// Open projects and their places.
    pub spokes: Spokes,
    /// Waits for locks between processes, of every store in this process.
    pub lock_waits: Waits,
    /// Reads that hold one state of a database now, oldest first.
    pub held_reads: Vec<HeldRead>,
    /// How many queries were slower than the setting `store.slow_query_ms` says.
    pub slow_query_count: u64,
    /// The last 50 of those, oldest first.
    pub slow_queries: Vec<SlowQuery>,
}

/// A database that is open, and what was done with it since.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpenDatabase {
    /// The project, or `None` for the hub.
    pub project_id: Option<String>,
    /// Handles on it that exist now; 0 for the hub, which is always open.
    pub leases: u64,
    /// The size of its write-ahead log, in bytes.
    pub log_bytes: u64,
    /// How often, at least, its log was written back whole and begun anew while it was open here, by any process.
    pub log_restarts: u64,
    /// What was done with it.
    #[serde(flatten)]
    pub metrics: DatabaseMetrics,
}

/// Connections that are open now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Connections {
    /// Those that write.
    pub writers: u64,
    /// Those that read.
    pub readers: u64,
    /// Descriptors that they, the shared memory of their files and the locks of open projects use at most.
    pub descriptors: u64,
}

/// Open projects and their places.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spokes {
    /// Projects that are open now.
    pub open: u64,
    /// Those of them on which a handle exists.
    pub leased: u64,
    /// How many can be open at once.
    pub most_open: u64,
    /// How often a project was opened.
    pub opened: u64,
    /// How often one was closed because another needed its place.
    pub evicted: u64,
    /// Waits for a place, because every open project was in use.
    pub lease_waits: Waits,
}

impl StoreMeter {
    /// All of it, with the files that are open now.
    pub(crate) fn metrics(
        &self,
        core: OpenDatabase,
        mut projects: Vec<OpenDatabase>,
        most_open: usize,
    ) -> Metrics {
        projects.sort_by(|one, other| one.project_id.cmp(&other.project_id));
        let (writers, readers) = (
            self.open_connections(Role::Writer),
            self.open_connections(Role::Reader),
        );
        let open = projects.len() as u64;
        Metrics {
            since: self.since,
            connections: Connections {
                writers,
                readers,
                // Two for each connection; shared memory for each file, and the lock of each project.
                descriptors: 2 * (writers + readers) + 1 + 2 * open,
            },
            spokes: Spokes {
                open,
                leased: projects.iter().filter(|spoke| spoke.leases > 0).count() as u64,
                most_open: most_open as u64,
                opened: self.opened(),
                evicted: self.evicted(),
                lease_waits: self.place_waits.waits(),
            },
            core,
            projects,
            closed: self.closed.metrics(),
            lock_waits: file_lock::waits(),
            held_reads: self.reads.list(),
            slow_query_count: self.slow_count(),
            slow_queries: self.slow.list(),
        }
    }
}
