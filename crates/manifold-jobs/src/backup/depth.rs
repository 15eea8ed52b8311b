//! How thoroughly a backup is checked.

use serde::{Deserialize, Serialize};

use super::Part;

/// How much is done to check a backup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// The content of the files of one part, and the presence of the others. The backup does not count as verified then.
    Part(Part),
    /// Every file, and all that they hold.
    #[default]
    All,
    /// All, and it is really restored, where nobody sees it; see [`drill`](super::drill).
    Drill,
}
