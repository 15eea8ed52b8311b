//! Jobs: work that takes time, written down in the hub.
//!
//! ```text
//! enqueue ──> pending ──claim──> running ──finish──> completed | failed | cancelled
//!                │                  └─────rescue───> failed | cancelled   (its process died)
//!                └────cancel──> cancelled
//! ```
//!
//! Every change of state is one guarded UPDATE in [`transition`]: it names the state it leaves, and, once
//! the job runs, the lease token of the attempt that makes it. When it finds the job elsewhere nothing
//! happens and the caller is told, so that of two processes that want the same change one gets it.
//!
//! The lease token rises with every claim. It fences the hub here, and a project's file through [`Fence`]:
//! an attempt that lost its job without noticing cannot write any more.

mod cancel;
mod checkpoint;
mod claim;
mod enqueue;
mod error;
mod execution;
mod fence;
mod finish;
mod import_record;
mod job_watch;
mod list;
mod log;
mod made_source;
mod progress;
mod rescue;
mod standing;
mod transition;

use std::sync::Arc;

pub use claim::Claim;
pub use enqueue::NewJob;
pub use error::JobsError;
pub use fence::{Fence, FenceError};
pub use finish::Ending;
pub use import_record::{ImportEnding, ImportRecord, NewImport};
pub use job_watch::JobWatch;
pub use list::JobFilter;
pub use log::{JobLog, LogLine};
pub use made_source::ImportSource;
pub use progress::JobProgress;
pub use standing::Standing;

use crate::SqliteManager;

/// The jobs of a store.
#[derive(Debug, Clone)]
pub struct Jobs {
    manager: Arc<SqliteManager>,
}

impl Jobs {
    /// The jobs of the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }
}
