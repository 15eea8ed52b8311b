//! What is exported, and how it is written.

use manifold_store::{ProjectId, SnapshotId};
use serde::{Deserialize, Serialize};

use super::ExportFormat;

/// What is exported, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRequest {
    /// The project.
    pub project_id: ProjectId,
    /// Its rows.
    pub rows: ExportedRows,
    /// How they are written; the bytes that were imported have their own format.
    pub format: ExportFormat,
}

/// Which rows of a project are exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum ExportedRows {
    /// Those of a snapshot, in their order.
    Snapshot {
        /// The snapshot.
        snapshot_id: SnapshotId,
    },
    /// The very bytes that a snapshot was imported from.
    Original {
        /// The snapshot.
        snapshot_id: SnapshotId,
    },
    /// Those that a snapshot has more, less or otherwise than an older one of the same source.
    Changes {
        /// The older one.
        since_id: SnapshotId,
        /// The snapshot.
        snapshot_id: SnapshotId,
    },
    /// Those of one SELECT.
    Query {
        /// The statement.
        sql: String,
    },
}

impl ExportedRows {
    /// The snapshot, if it is about one.
    #[must_use]
    pub fn snapshot_id(&self) -> Option<&SnapshotId> {
        match self {
            Self::Snapshot { snapshot_id }
            | Self::Original { snapshot_id }
            | Self::Changes { snapshot_id, .. } => Some(snapshot_id),
            Self::Query { .. } => None,
        }
    }

    /// Whether it is the bytes that were imported.
    #[must_use]
    pub fn is_original(&self) -> bool {
        matches!(self, Self::Original { .. })
    }
}
