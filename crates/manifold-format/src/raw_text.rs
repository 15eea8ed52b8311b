//! Bytes in JSON.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// Bytes that are usually text. In JSON a string when they are valid UTF-8 without NUL (which
/// databases refuse in JSON), else `{"hex": "00ff"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RawText(pub Vec<u8>);

impl Serialize for RawText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) if !text.contains('\0') => serializer.serialize_str(text),
            _ => {
                let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("hex", &hex)?;
                map.end()
            }
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    Hex { hex: String },
}

impl<'de> Deserialize<'de> for RawText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = match Form::deserialize(deserializer)? {
            Form::Text(text) => return Ok(Self(text.into_bytes())),
            Form::Hex { hex } => hex,
        };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        hex.as_bytes()
            .chunks(2)
            .map(|pair| match *pair {
                [high, low] => Some((digit(high)? << 4 | digit(low)?) as u8),
                _ => None,
            })
            .collect::<Option<Vec<u8>>>()
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected pairs of hexadecimal digits"))
    }
}
