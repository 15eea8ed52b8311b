//! What has changed in a table.

use crate::column_profile::ShownValue;

/// From this weight on a change is strong: what one wants to hear of without asking.
const STRONG: f64 = 0.5;

/// A change.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// The name of the column, the later one if it was renamed; `None` for the table.
    pub column: Option<String>,
    /// What has changed.
    pub change: Change,
    /// How much it matters, from 0 to 1.
    pub weight: f64,
}

impl Drift {
    /// Whether one wants to hear of it without asking.
    #[must_use]
    pub fn is_strong(&self) -> bool {
        self.weight >= STRONG
    }
}

/// What has changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The table has another number of rows.
    Rows {
        /// Rows before.
        from: u64,
        /// Rows now.
        to: u64,
    },
    /// The column is new.
    Appeared,
    /// The column is gone.
    Removed,
    /// The column has another name.
    Renamed {
        /// Its name before.
        from: String,
    },
    /// The cells are something else, or written in another way.
    Type {
        /// Type and format before.
        from: String,
        /// Type and format now.
        to: String,
    },
    /// Another part of the rows is NULL, from 0 to 1.
    NullRate {
        /// The part before.
        from: f64,
        /// The part now.
        to: f64,
    },
    /// There are more or fewer different values than the number of rows explains.
    Distinct {
        /// Different values before.
        from: u64,
        /// Different values now.
        to: u64,
    },
    /// There are values below the former least.
    Below {
        /// The least before.
        from: ShownValue,
        /// The least now.
        to: ShownValue,
    },
    /// There are values above the former greatest.
    Above {
        /// The greatest before.
        from: ShownValue,
        /// The greatest now.
        to: ShownValue,
    },
    /// The mean is another.
    Mean {
        /// The mean before.
        from: f64,
        /// The mean now.
        to: f64,
    },
    /// A frequent value was not there before.
    NewValue {
        /// The value.
        value: ShownValue,
        /// The part of the cells that hold it now, from 0 to 1.
        to: f64,
    },
    /// A value that was frequent is not there any more.
    VanishedValue {
        /// The value.
        value: ShownValue,
        /// The part of the cells that held it, from 0 to 1.
        from: f64,
    },
    /// A value is more or less frequent.
    Share {
        /// The value.
        value: ShownValue,
        /// The part of the cells that held it before, from 0 to 1.
        from: f64,
        /// The part now.
        to: f64,
    },
}
