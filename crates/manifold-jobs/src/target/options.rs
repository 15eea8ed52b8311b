//! What becomes of rows that were changed on both sides.

use serde::{Deserialize, Serialize};

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
