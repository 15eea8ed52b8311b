//! How much is asked for again.

use chrono::TimeDelta;
use serde_json::Value as Json;

use super::decimal::Decimal;

/// How much is asked for again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lag {
    Number(Decimal),
    Time(TimeDelta),
}

impl Lag {
    /// A number, or so many seconds, minutes, hours or days: `90s`, `15m`, `1h`, `2d`.
    pub(super) fn of(value: &Json) -> Option<Self> {
        match value {
            Json::Number(number) => {
                let number = Decimal::of(&number.to_string())?;
                (!number.is_negative()).then_some(Self::Number(number))
            }
            Json::String(text) => {
                let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
                let seconds = match unit {
                    "s" => 1,
                    "m" => 60,
                    "h" => 3_600,
                    "d" => 86_400,
                    _ => return None,
                };
                let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
                let number: i64 = number.parse().ok().filter(|_| is_number)?;
                TimeDelta::try_seconds(number.checked_mul(seconds)?).map(Self::Time)
            }
            _ => None,
        }
    }
}
