//! Where a row stands in its snapshot.

use std::fmt;
use std::str::FromStr;

/// Where a row stands in its snapshot. In one snapshot every row has another position, positions
/// rise from row to row, and they stay the same for as long as the snapshot exists, so one can be
/// kept and used to go on reading behind it. The text form is opaque.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// The rid of a row in natural order, otherwise its stored position, or its number in the stored order.
    pub(super) place: f64,
    pub(super) rid: i64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:{}", self.place, self.rid)
    }
}

/// A text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a position: pass on one that an earlier page ended with")]
pub struct NoPosition {
    /// The text.
    pub text: String,
}

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let parse = || {
            let (place, rid) = text.split_once(':')?;
            let place: f64 = place.parse().ok()?;
            Some(Self {
                place: Some(place).filter(|place| place.is_finite())?,
                rid: rid.parse().ok()?,
            })
        };
        parse().ok_or_else(|| NoPosition {
            text: text.to_owned(),
        })
    }
}
