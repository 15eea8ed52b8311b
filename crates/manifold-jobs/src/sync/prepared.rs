//! What a sync would import.

use std::path::PathBuf;

use manifold_store::rows::{PullRecord, Snapshot};
use tempfile::TempPath;

use super::SyncMode;
use super::conflicts::Conflicts;
use crate::import::{FoundTarget, TableInput};

/// What a sync would import.
pub(crate) enum PreparedPull {
    /// Nothing: what is there came before.
    UpToDate(Box<Snapshot>),
    /// These rows.
    Rows(Box<Pull>),
}

/// Rows that are to become the next snapshot.
pub(crate) struct Pull {
    pub(crate) input: TableInput,
    pub(crate) format: &'static str,
    pub(crate) found: FoundTarget,
    /// What is written down with them, but for the job.
    pub(crate) record: PullRecord,
    pub(crate) mode: SyncMode,
    pub(crate) whole: bool,
    /// What the import history calls them.
    pub(crate) name: PathBuf,
    pub(crate) repeated: u64,
    pub(crate) conflicts: Conflicts,
    pub(crate) warnings: Vec<String>,
    /// Removed when it is dropped.
    pub(crate) files: Vec<TempPath>,
}
