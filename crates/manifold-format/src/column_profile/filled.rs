//! A cell that is not NULL.

use crate::number::{self, Number};

/// A cell that is not NULL.
#[derive(Clone, Copy, Debug)]
pub(super) enum Filled {
    /// Text that stands for this number.
    Int(i64),
    /// Text that stands for this number.
    Real(f64),
    Text,
    Blob,
}

impl Filled {
    /// What text is that begins as a number.
    pub(super) fn scanned(bytes: &[u8]) -> Self {
        match number::scan(bytes) {
            Number::Int(value) => Self::Int(value),
            Number::Decimal { value, .. } => Self::Real(value),
            Number::Lookalike | Number::Other => Self::Text,
        }
    }

    /// The number that the cell is; NaN if it is none.
    pub(super) fn number(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Real(value) => value,
            Self::Text | Self::Blob => f64::NAN,
        }
    }
}
