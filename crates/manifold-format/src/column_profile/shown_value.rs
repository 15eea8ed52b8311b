//! A value as far as it is kept.

use super::moment::{Writing, writings};
use crate::column_type::ColumnType;
use crate::number::{self, Number};
use serde::{Deserialize, Serialize};

/// Bytes of a value that are kept.
pub(super) const KEPT: usize = 64;

/// A value as it was read, as far as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Stored", try_from = "Stored")]
pub struct ShownValue {
    /// Its first bytes, at most 64; of text, whole characters.
    pub bytes: Vec<u8>,
    /// The bytes are no text.
    pub blob: bool,
    /// The value goes on behind them.
    pub shortened: bool,
}

impl ShownValue {
    /// The beginning of a value, of which the first [`KEPT`] bytes, and one more if there is one, are at hand.
    pub(super) fn of(value: &[u8], blob: bool) -> Self {
        let shortened = value.len() > KEPT;
        let mut bytes = &value[..value.len().min(KEPT)];
        if shortened && !blob {
            // No character has more than four bytes.
            let ends = (KEPT - 3..=KEPT).rev();
            let mut whole = ends.filter(|end| std::str::from_utf8(&value[..*end]).is_ok());
            bytes = &value[..whole.next().unwrap_or(KEPT)];
        }
        Self {
            bytes: bytes.to_vec(),
            blob,
            shortened,
        }
    }
}

impl ShownValue {
    /// Where the value stands among the numbers, or the seconds, of a column of this type; `None` where there are no
    /// distances.
    pub(crate) fn position(&self, column_type: ColumnType, format: Option<&str>) -> Option<f64> {
        match column_type {
            ColumnType::Integer | ColumnType::Real | ColumnType::Decimal => {
                match number::scan(&self.bytes) {
                    Number::Int(value) => Some(value as f64),
                    Number::Decimal { value, .. } => Some(value),
                    Number::Lookalike | Number::Other => None,
                }
            }
            ColumnType::Date | ColumnType::Time | ColumnType::Timestamp => {
                let mut writings = writings(&self.bytes).into_iter().flatten();
                let is_wanted = |w: &Writing| w.is(column_type, format.unwrap_or_default());
                let (seconds, nanoseconds) = writings.find(is_wanted)?.moment(&self.bytes);
                Some(seconds as f64 + f64::from(nanoseconds) / 1e9)
            }
            ColumnType::Empty | ColumnType::Boolean | ColumnType::Text => None,
        }
    }
}

/// How a value is stored: text as a string, other bytes as `{"$blob": "<hex>"}`.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    value: Form,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    shortened: bool,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    Blob {
        #[serde(rename = "$blob")]
        hex: String,
    },
}

impl From<ShownValue> for Stored {
    fn from(shown: ShownValue) -> Self {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let value = match std::str::from_utf8(&shown.bytes) {
            Ok(text) if !shown.blob => Form::Text(text.to_owned()),
            _ => Form::Blob {
                hex: hex(&shown.bytes),
            },
        };
        Self {
            value,
            shortened: shown.shortened,
        }
    }
}

impl TryFrom<Stored> for ShownValue {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        let (bytes, blob) = match stored.value {
            Form::Text(text) => (text.into_bytes(), false),
            Form::Blob { hex } => (unhex(&hex).ok_or("bytes that are no hex digits")?, true),
        };
        Ok(Self {
            bytes,
            blob,
            shortened: stored.shortened,
        })
    }
}

fn unhex(hex: &str) -> Option<Vec<u8>> {
    let pairs = (0..hex.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_text_is_cut_behind_a_whole_character() {
        let text = format!("{}é", "x".repeat(63));
        for (value, blob, len, shortened) in [
            (text.as_bytes(), false, 63, true),
            ("x".repeat(64).as_bytes(), false, 64, false),
            (&[0xff; 65], true, 64, true),
        ] {
            let shown = ShownValue::of(value, blob);
            assert_eq!((shown.bytes.len(), shown.shortened), (len, shortened));
        }
    }

    proptest! {
        #[test]
        fn what_is_stored_reads_back(value in prop::collection::vec(any::<u8>(), 0..80), blob: bool) {
            let blob = blob || std::str::from_utf8(&value).is_err();
            let shown = ShownValue::of(&value, blob);
            let json = serde_json::to_string(&shown).unwrap();
            prop_assert_eq!(serde_json::from_str::<ShownValue>(&json).unwrap(), shown);
        }
    }
}
