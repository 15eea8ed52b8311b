//! How a JSON input is to be read.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How a JSON input is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonOptions {
    /// Each line is a record.
    pub lines: bool,
    /// Arrays of objects within records become tables of their own; otherwise they stay JSON text.
    pub unnest: bool,
    /// The longest cell in bytes; at most 1,000,000,000. A record is limited to four times as much.
    pub max_cell: u64,
    /// The most columns a table may have.
    pub max_columns: usize,
    /// Cells that are counted because they stand for NULL in some column: see [`crate::Typing::tokens`].
    pub null_tokens: Arc<[String]>,
}

impl JsonOptions {
    pub(super) fn record_limit(&self) -> u64 {
        4 * self.max_cell.clamp(1024, 1_000_000_000)
    }
}

impl Default for JsonOptions {
    /// Values, unnested; 64 MiB, 1,990 columns.
    fn default() -> Self {
        Self {
            lines: false,
            unnest: true,
            max_cell: 64 * 1024 * 1024,
            max_columns: 1990,
            null_tokens: Arc::default(),
        }
    }
}

/// Where the records of a JSON input are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shape {
    /// They are the elements of one array.
    Array,
    /// They are the elements of arrays in one object.
    Envelope,
    /// They are values one after the other.
    Values,
    /// Each line is one.
    Lines,
}
