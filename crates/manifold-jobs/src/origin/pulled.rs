//! What was pulled.

use std::path::PathBuf;

use manifold_format::Reader;
use serde_json::Value as Json;
use tempfile::TempPath;

/// What was pulled: an input on the disk that can be read as often as need be.
pub(crate) struct Pulled {
    /// Its first table is what was asked for.
    pub(crate) reader: Box<dyn Reader>,
    /// How much of the rows it holds.
    pub(crate) reach: Reach,
    /// What to pull after next time, to be kept in the transaction that publishes the rows; `None`: there is no cursor.
    pub(crate) cursor: Option<Json>,
    /// What the import history and errors call it, without secrets.
    pub(crate) name: PathBuf,
    /// Files that are removed when it is dropped.
    pub(crate) files: Vec<TempPath>,
}

/// How much of the rows was pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All there are: what is missing was deleted on the other side.
    Whole,
    /// Those that are new or have changed since the cursor; some may have come before.
    Since,
}
