//! Jobs: work that takes time, written down in the hub.
//!
//! ```text
//! enqueue ──> blocked ──the last dependency completes──> pending
//! enqueue ──> pending ──claim──> running ──finish──> completed | failed | cancelled
//!                │ ^                │└──retry, interrupted, snoozed──> pending
//!                │ │                └────rescue───> pending | failed | cancelled   (its process died)
//!                │ └──retry── failed | cancelled
//!                └────cancel──> cancelled
//! ```
//!
//! Every change of state goes through [`transition`], which asks [`rule`] whether and where to, and makes one guarded
//! UPDATE: it names the state it leaves, and, once the job runs, the lease token of the attempt that makes it. When
//! it finds the job elsewhere nothing happens and the caller is told, so that of two processes that want the same
//! change one gets it. What follows is in the same transaction: the attempt's record, whose turn it is ([`lanes`]),
//! and the jobs that wait for this one ([`dependencies`]).
//!
//! The lease token rises with every claim. It fences the hub here, and a project's file through [`Fence`]:
//! an attempt that lost its job without noticing cannot write any more.

mod cancel;
mod checkpoint;
mod claim;
mod claim_next;
mod crews;
mod dependencies;
pub(crate) mod enqueue;
mod error;
mod excerpt;
mod execution;
mod explain;
mod fence;
mod finish;
mod heartbeat;
mod import_record;
mod job_watch;
mod lanes;
mod limits;
mod list;
mod log;
mod made_source;
mod on_failure;
mod planned_for;
mod prune;
mod rescue;
mod retry;
mod rule;
mod standing;
mod stats;
mod step;
mod step_cursor;
mod transition;

use std::sync::Arc;

pub use claim::Claim;
pub use crews::{Crew, Enlisted};
pub use enqueue::{DEFAULT_QUEUE, Enqueued, NewJob, Slot};
pub use error::JobsError;
pub use explain::{Explanation, Reason, SILENT_AFTER};
pub use fence::{Fence, FenceError};
pub use finish::Ending;
pub use heartbeat::JobProgress;
pub use import_record::{ImportEnding, ImportRecord, NewImport};
pub use job_watch::JobWatch;
pub use list::JobFilter;
pub use log::{JobLog, LogBuffer, LogLine};
pub use made_source::ImportSource;
pub use on_failure::NOTIFY_FAILURE;
pub use planned_for::PlannedFor;
pub use prune::{JobRetention, PrunedJobs};
pub use standing::Standing;
pub(crate) use standing::hold;
pub use stats::KindStats;
pub use step_cursor::StepCursor;

use crate::{Clock, SqliteManager};

/// The jobs of a store.
#[derive(Debug, Clone)]
pub struct Jobs {
    manager: Arc<SqliteManager>,
    clock: Clock,
}

impl Jobs {
    /// The jobs of the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self::with_clock(manager, Clock::system())
    }

    /// The same jobs, at the time that `clock` shows.
    #[must_use]
    pub fn with_clock(manager: &Arc<SqliteManager>, clock: Clock) -> Self {
        Self {
            manager: manager.clone(),
            clock,
        }
    }

    /// The store in which the jobs are.
    #[must_use]
    pub fn manager(&self) -> &Arc<SqliteManager> {
        &self.manager
    }

    /// What time it is for these jobs.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Tells the workers of this process that a job may have become ready. Those of other processes look every
    /// second.
    pub fn wake(&self) {
        self.manager.jobs_changed().notify_waiters();
    }

    /// Returns when [`Jobs::wake`] is called, in this process, after this was.
    pub fn woken(&self) -> impl Future<Output = ()> + Send + '_ {
        self.manager.jobs_changed().notified()
    }
}
