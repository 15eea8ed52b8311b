//! What the manifest says of parts of the catalogue that are saved in segments.

use manifold_store::{ExpectedPart, TileCount};
use serde::{Deserialize, Serialize};

use super::saved_rows::is_segment_name;
use crate::backup::ManifestFile;

/// A part of a table of the catalogue that never changes: what a snapshot keeps beside its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPart {
    /// The table.
    pub table: String,
    /// Whose it is: the id of a snapshot, or of a source with the number of an order behind a slash.
    pub owner: String,
    /// How many rows it has.
    pub rows: i64,
    /// Their logical hash.
    pub hash: String,
    /// The file that holds them.
    pub segment: ManifestFile,
}

impl SavedPart {
    /// What it holds.
    pub(super) fn count(&self) -> TileCount {
        TileCount {
            rows: self.rows,
            hash: self.hash.clone(),
        }
    }

    /// What must come back of it.
    pub(crate) fn expected(&self) -> ExpectedPart {
        ExpectedPart {
            table: self.table.clone(),
            owner: self.owner.clone(),
            count: self.count(),
        }
    }

    /// What is wrong with it, whoever wrote it.
    pub(crate) fn flaw(&self) -> Option<String> {
        let name = &self.segment.name;
        (!is_segment_name(name)).then(|| format!("`{name}` is not the name of a segment"))
    }
}
