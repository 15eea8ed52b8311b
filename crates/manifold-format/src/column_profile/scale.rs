//! How much memory a profile may take.

/// Columns that are profiled at full scale; they take 30 MB then.
const FULL: usize = 512;

/// How much is kept of each column of a table. A column takes at most 60 KB, and a table of 2,000 columns
/// 26 MB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// 512 values and 4,096 registers.
    Full,
    /// For tables with many columns: 64 values and 1,024 registers.
    Small,
}

impl Scale {
    pub(super) fn for_columns(columns: usize) -> Self {
        if columns <= FULL {
            Self::Full
        } else {
            Self::Small
        }
    }

    /// Values that are counted.
    pub(super) fn values(self) -> usize {
        match self {
            Self::Full => 512,
            Self::Small => 64,
        }
    }

    /// Of the number of registers the logarithm to the base of 2.
    pub(super) fn register_bits(self) -> u32 {
        match self {
            Self::Full => 12,
            Self::Small => 10,
        }
    }

    /// Top values that are told.
    pub(super) fn top(self) -> usize {
        match self {
            Self::Full => 20,
            Self::Small => 8,
        }
    }
}
