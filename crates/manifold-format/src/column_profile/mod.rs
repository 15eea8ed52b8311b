//! What the columns of a table hold.

mod byte_ends;
mod cardinality;
mod column_profiler;
mod extent;
mod filled;
mod fingerprint;
mod glance;
mod moment;
mod scale;
mod shown_value;
mod table_profiler;
mod tally;

pub use shown_value::ShownValue;
pub use table_profiler::TableProfiler;

use crate::column_type::ColumnType;
use serde::{Deserialize, Serialize};

/// Rows after which only the cells of some rows make it hold a new value.
const HELD_AT_ONCE: u64 = 8_192;

/// Of so many rows one makes columns hold new values, from then on.
const HELD_ONE_IN: u64 = 8;

/// How often a value is passed over before it is held, at most: (7/8)^128 is below 1 in 20,000,000.
const MISSED: u64 = 128;

/// What a column of a snapshot holds, over all of its rows.
///
/// `min`, `max` and the lengths are over the cells that are neither NULL nor empty. They and the values are the text that
/// was read; the column's type says in which order they stand: numbers by number, dates and times by time, text by bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Rows.
    pub rows: u64,
    /// Cells that are NULL.
    pub nulls: u64,
    /// Cells that are text of no characters.
    pub empties: u64,
    /// Different values; NULL is none.
    pub distinct: u64,
    /// `distinct` is exact. Else it is estimated, with a standard error of 1.6 %, and of 3.3 % in a table with more than 512 columns.
    pub distinct_exact: bool,
    /// The least value; `None` for booleans, and when no cell is what the column is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<ShownValue>,
    /// The greatest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<ShownValue>,
    /// The mean of the numbers of a column of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// The fewest characters of a cell of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// The most characters of a cell of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// A value that is not in `top` is in at most so many cells.
    pub others_at_most: u64,
    /// The most frequent values, the first more frequent than the next; at most 20, and 8 in a table with more than 512 columns.
    pub top: Vec<TopValue>,
}

/// What a column has turned out to be.
#[derive(Clone, Copy, Debug)]
pub struct JudgedColumn<'a> {
    /// What its cells are.
    pub column_type: ColumnType,
    /// The format of the type.
    pub format: Option<&'a str>,
    /// Texts that stand for NULL in it: cells that hold one count as NULL. This is the one place where a profile learns of them.
    pub null_tokens: &'a [Vec<u8>],
}

/// A value and how often a column holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopValue {
    /// The value.
    #[serde(flatten)]
    pub value: ShownValue,
    /// Cells that hold it.
    pub count: u64,
    /// So many more may hold it: there are too many values to count each from the beginning.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub error: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl ColumnProfile {
    /// The part of the rows that is NULL, from 0 to 1; 0 where there are no rows.
    #[must_use]
    pub fn null_rate(&self) -> f64 {
        if self.rows == 0 {
            0.0
        } else {
            self.nulls as f64 / self.rows as f64
        }
    }
}
