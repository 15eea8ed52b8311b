//! The kinds of jobs that a worker knows.

use std::collections::BTreeMap;

use crate::Job;
use crate::jobs::{
    AdoptProject, BackupProject, BackupStore, CheckBackup, CloneProject, ExportData,
    ExportProjectFile, ImportFile, NotifyFailure, PruneBackups, ReadmitRejects, RestoreProject,
    RestoreStore, SyncSource, SyncTarget, UndoProject, VerifyBackup,
};
use crate::kind::Kind;

/// The kinds of jobs that a worker knows, by name. Jobs of other kinds are left to other workers.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    kinds: BTreeMap<&'static str, Kind>,
}

impl Registry {
    /// No kind at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The kinds of this crate.
    #[must_use]
    pub fn built_in() -> Self {
        Self::empty()
            .with::<AdoptProject>()
            .with::<BackupProject>()
            .with::<BackupStore>()
            .with::<CheckBackup>()
            .with::<CloneProject>()
            .with::<ExportData>()
            .with::<ExportProjectFile>()
            .with::<ImportFile>()
            .with::<NotifyFailure>()
            .with::<PruneBackups>()
            .with::<ReadmitRejects>()
            .with::<RestoreProject>()
            .with::<RestoreStore>()
            .with::<SyncSource>()
            .with::<SyncTarget>()
            .with::<UndoProject>()
            .with::<VerifyBackup>()
    }

    /// These kinds and one more; it replaces one of the same name.
    #[must_use]
    pub fn with<J: Job>(mut self) -> Self {
        self.kinds.insert(J::KIND, Kind::of::<J>());
        self
    }

    /// The names of the kinds, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.kinds.keys().copied().collect()
    }

    pub(crate) fn kind(&self, name: &str) -> Option<Kind> {
        self.kinds.get(name).copied()
    }
}
