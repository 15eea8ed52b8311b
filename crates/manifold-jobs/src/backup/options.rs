//! How a backup is to be made.

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
    /// How much of the project is saved.
    #[must_use]
    pub fn contents(self) -> Contents {
        if self.without_data {
            Contents::WithoutData
        } else {
            Contents::WithData
        }
    }
}
