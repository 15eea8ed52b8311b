//! A value of the column that tells what is new.

use std::cmp::Ordering;

use super::decimal::Decimal;
use super::lag::Lag;
use super::moment::Moment;

/// A value of the column that tells what is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Position {
    Number(Decimal),
    Time(Moment),
}

impl Position {
    /// What a text is; `None` when it has no place among numbers or times.
    pub(crate) fn of(text: &str) -> Option<Self> {
        Decimal::of(text)
            .map(Self::Number)
            .or_else(|| Moment::of(text).map(Self::Time))
    }

    /// Which is higher; `None` for a number and a time.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => Some(one.cmp(other)),
            (Self::Time(one), Self::Time(other)) => Some(one.instant().cmp(&other.instant())),
            _ => None,
        }
    }

    /// The position so much before, as it is written; `None` when a lag of another kind is meant.
    pub(super) fn minus(&self, lag: &Lag) -> Option<String> {
        match (self, lag) {
            (Self::Number(number), Lag::Number(lag)) => Some(number.minus(*lag).to_string()),
            (Self::Time(moment), Lag::Time(lag)) => moment.minus(*lag),
            _ => None,
        }
    }
}
