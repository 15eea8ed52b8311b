//! How a target is made equal to a source.

use serde::{Deserialize, Serialize};

/// How a target is made equal to a source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    /// All rows are written anew.
    #[default]
    Full,
    /// Rows that are new, and new versions of rows, are added; nothing else changes.
    Append,
    /// Rows are compared by the key of the source, with what was written last.
    Merge,
}

/// What becomes of a row of the target that the source has no more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deletes {
    /// It is deleted.
    #[default]
    Hard,
    /// It stays, with the time in the column `deleted_at`.
    Soft,
    /// It stays as it is.
    None,
}

/// What becomes of a row that was changed in the source and in the target too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// It becomes that of the source.
    #[default]
    Source,
    /// It stays that of the target.
    Target,
    /// The later one by a column of both wins.
    Newest {
        /// The column.
        column: String,
    },
    /// It stays, and is listed.
    List,
}
