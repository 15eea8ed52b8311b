//! What the cells of a column mean.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What the cells of a column mean. It is metadata: [`crate::Encoding`] says how they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// No cell holds anything.
    Empty,
    /// Integers in the range of `i64`.
    Integer,
    /// Decimals in the fewest digits that identify the double.
    Real,
    /// Decimals with a fixed number of digits behind the point; the format is that number.
    Decimal,
    /// One pair of tokens; the format names them, such as `true/false`.
    Boolean,
    /// Calendar dates; the format is written in strftime's letters.
    Date,
    /// Times of day; the format is written in strftime's letters.
    Time,
    /// Dates with a time; the format is written in strftime's letters.
    Timestamp,
    /// Anything else.
    Text,
}

impl ColumnType {
    /// The stable text form, the same as in JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::Text => "text",
        }
    }
}

impl ColumnType {
    const ALL: [Self; 9] = [
        Self::Empty,
        Self::Integer,
        Self::Real,
        Self::Decimal,
        Self::Boolean,
        Self::Date,
        Self::Time,
        Self::Timestamp,
        Self::Text,
    ];

    /// The type with this [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|found| found.code() == code)
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
