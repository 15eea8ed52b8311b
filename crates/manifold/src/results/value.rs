//! One value of a result, in JSON and as text.

use std::borrow::Cow;
use std::fmt::Write as _;

use manifold_format::Value;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// A value that serializes exactly: 64-bit integers and reals as numbers, text as a string, NULL as null,
/// bytes that are no text as `{"$blob": "<hex>"}`, an infinite real as `{"$real": "inf"}`.
pub(crate) struct JsonValue<'a>(pub(crate) Value<'a>);

impl Serialize for JsonValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Int(value) => serializer.serialize_i64(value),
            Value::Real(value) if value.is_finite() => serializer.serialize_f64(value),
            Value::Real(value) => tagged(serializer, "$real", &format!("{value:?}")),
            Value::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => serializer.serialize_str(text),
                Err(_) => tagged(serializer, "$blob", &hex(bytes)),
            },
            Value::Blob(bytes) => tagged(serializer, "$blob", &hex(bytes)),
        }
    }
}

/// The bytes of a value's text; `None` for NULL. A real has the fewest digits that give it back.
pub(super) fn text<'a>(value: &Value<'a>) -> Option<Cow<'a, [u8]>> {
    match *value {
        Value::Null => None,
        Value::Int(value) => Some(Cow::Owned(value.to_string().into_bytes())),
        Value::Real(value) => Some(Cow::Owned(format!("{value:?}").into_bytes())),
        Value::Text(bytes) | Value::Blob(bytes) => Some(Cow::Borrowed(bytes)),
    }
}

/// What SQL calls the type of a value.
pub(super) fn kind(value: &Value<'_>) -> Option<&'static str> {
    match value {
        Value::Null => None,
        Value::Int(_) => Some("integer"),
        Value::Real(_) => Some("real"),
        Value::Text(_) => Some("text"),
        Value::Blob(_) => Some("blob"),
    }
}

/// The bytes as hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let written = write!(text, "{byte:02x}");
            debug_assert!(written.is_ok(), "writing to a String does not fail");
            text
        })
}

fn tagged<S: Serializer>(serializer: S, tag: &str, text: &str) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(tag, text)?;
    map.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_exact() {
        for (value, json) in [
            (Value::Null, "null"),
            (Value::Int(i64::MIN), "-9223372036854775808"),
            (Value::Int(i64::MAX), "9223372036854775807"),
            (Value::Real(0.1), "0.1"),
            (Value::Real(1e300), "1e+300"),
            (Value::Real(-0.0), "-0.0"),
            (Value::Real(f64::INFINITY), r#"{"$real":"inf"}"#),
            (Value::Text("a\"ü".as_bytes()), r#""a\"ü""#),
            (Value::Text(b"\xff"), r#"{"$blob":"ff"}"#),
            (Value::Blob(&[0, 255]), r#"{"$blob":"00ff"}"#),
        ] {
            assert_eq!(serde_json::to_string(&JsonValue(value)).unwrap(), json);
        }
        assert_eq!(serde_json::from_str::<f64>("1e+300").unwrap(), 1e300);
    }
}
