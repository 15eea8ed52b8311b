//! How many rows a sync may delete.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How many rows of the latest snapshot a sync may delete, in hundredths of a percent of them: 5 % unless somebody says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MaxDeletes(u32);

impl MaxDeletes {
    /// All rows.
    pub const ALL: Self = Self(10_000);

    /// How many of `rows` may be deleted.
    #[must_use]
    pub fn of(self, rows: u64) -> u64 {
        let most = u128::from(rows) * u128::from(self.0) / 10_000;
        u64::try_from(most).unwrap_or(u64::MAX)
    }

    /// The least whole percentage that allows `deleted` of `rows`.
    #[must_use]
    pub fn enough(deleted: u64, rows: u64) -> Self {
        let percent = (u128::from(deleted) * 100).div_ceil(u128::from(rows.max(1)));
        Self(u32::try_from(percent.min(100)).unwrap_or(100) * 100)
    }
}

impl Default for MaxDeletes {
    fn default() -> Self {
        Self(500)
    }
}

impl fmt::Display for MaxDeletes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}%"),
            (whole, part) if part % 10 == 0 => write!(f, "{whole}.{}%", part / 10),
            (whole, part) => write!(f, "{whole}.{part:02}%"),
        }
    }
}

/// A text that says no percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no percentage from 0% to 100% with at most two digits behind the point, such as 20%"
)]
pub struct InvalidPercentage {
    /// The text.
    pub text: String,
}

impl FromStr for MaxDeletes {
    type Err = InvalidPercentage;

    fn from_str(text: &str) -> Result<Self, InvalidPercentage> {
        let parse = || {
            let number = text.trim().strip_suffix('%').unwrap_or(text).trim();
            let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
            let digits = |text: &str| {
                let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                is_number.then(|| text.parse::<u32>().ok()).flatten()
            };
            let part = match part.len() {
                1 => digits(part)? * 10,
                2 => digits(part)?,
                _ => return None,
            };
            let hundredths = digits(whole)?.checked_mul(100)? + part;
            (hundredths <= 10_000).then_some(Self(hundredths))
        };
        parse().ok_or_else(|| InvalidPercentage {
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_and_shown() {
        for (text, shown) in [
            ("5%", "5%"),
            ("20", "20%"),
            ("0.5%", "0.5%"),
            ("12.25 %", "12.25%"),
            ("100%", "100%"),
            ("0", "0%"),
        ] {
            assert_eq!(text.parse::<MaxDeletes>().unwrap().to_string(), shown);
        }
        for text in ["", "%", "-1", "101%", "100.01", "1.234", "a", "+5", "1."] {
            assert!(text.parse::<MaxDeletes>().is_err(), "{text}");
        }
    }

    #[test]
    fn rows_are_counted_down_and_percentages_up() {
        let five = MaxDeletes::default();
        assert_eq!((five.of(19), five.of(20), five.of(100)), (0, 1, 5));
        assert_eq!(five.of(u64::MAX / 2), u64::MAX / 2 / 20);
        assert_eq!(MaxDeletes::enough(1, 19), MaxDeletes(600));
        assert_eq!(MaxDeletes::enough(3, 3), MaxDeletes::ALL);
        for (deleted, rows) in [(1, 3), (7, 1_000), (999, 1_000)] {
            assert!(MaxDeletes::enough(deleted, rows).of(rows) >= deleted);
        }
    }
}
