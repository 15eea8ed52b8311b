//! How a backup is to be made.

use entity_core::enums::BackupType;
use manifold_store::Contents;
use serde::{Deserialize, Serialize};

/// How a backup is to be made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupOptions {
    /// Sources, settings, relationships and models, but no snapshot and no row: restored, every source is
    /// empty and can be imported into.
    #[serde(default)]
    pub without_data: bool,
    /// Compress each file with zstd.
    #[serde(default)]
    pub compress: bool,
}

impl BackupOptions {
    /// With what goes with a type: increments are always compressed.
    pub(super) fn of(self, backup_type: BackupType) -> Self {
        Self {
            compress: self.compress || backup_type == BackupType::Incremental,
            ..self
        }
    }

    /// How much of the project is saved.
    #[must_use]
    pub fn contents(self) -> Contents<'static> {
        if self.without_data {
            Contents::WithoutData
        } else {
            Contents::WithData
        }
    }
}
