//! What becomes of rows that come, and of those that do not come any more.

use serde::{Deserialize, Serialize};

use crate::origin::Reach;

/// What becomes of rows that come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    /// They are the next snapshot, or all that a table holds.
    #[default]
    Full,
    /// They are added behind the rows of the latest snapshot, unless they have come before.
    Append,
    /// Each replaces the row with its key, or is a new one.
    Merge,
}

impl SyncMode {
    /// What is done with what came, if nobody says it. `has_key`: whether the source has a key.
    pub(crate) fn for_reach(reach: Reach, has_key: bool) -> Self {
        match (reach, has_key) {
            (Reach::Whole, _) => Self::Full,
            (Reach::Since, true) => Self::Merge,
            (Reach::Since, false) => Self::Append,
        }
    }

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Append => "append",
            Self::Merge => "merge",
        }
    }
}

/// What becomes of rows that are merged and do not come any more, when all came that there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deletes {
    /// They are not in the next snapshot.
    #[default]
    Hard,
    /// They stay, with the time in a column `deleted_at`.
    Soft,
    /// They stay.
    None,
}

/// What becomes of merged rows that were changed on both sides: where rows come from, and where they are merged into others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// They become what came.
    #[default]
    Source,
    /// They stay as they are.
    Target,
    /// The later one by a column of both wins.
    Newest {
        /// The column.
        column: String,
    },
    /// They stay as they are, and are listed.
    List,
}
