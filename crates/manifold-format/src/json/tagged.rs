//! Values that JSON does not know, as objects with one member: `{"$blob": "00ff"}`, `{"$real": "inf"}`.

use super::value::{members, unescaped};

/// The keys of the member, as they are written.
const BLOB: &[u8] = b"\"$blob\"";
const REAL: &[u8] = b"\"$real\"";

/// A value that JSON does not know.
#[derive(Debug, PartialEq)]
pub(super) enum Tagged {
    /// Bytes.
    Blob(Vec<u8>),
    /// The text of a number: `inf`, `-inf`.
    Real(Vec<u8>),
}

impl Tagged {
    /// What a checked value stands for, if it is such an object.
    pub(super) fn of(value: &[u8]) -> Option<Self> {
        if !value.starts_with(b"{") {
            return None;
        }
        let mut members = members(value);
        let (key, value) = members.next()?;
        if !matches!(key, BLOB | REAL) || members.next().is_some() || !value.starts_with(b"\"") {
            return None;
        }
        let text = unescaped(value);
        match key {
            BLOB => bytes(&text).map(Self::Blob),
            _ => matches!(&*text, b"inf" | b"-inf").then(|| Self::Real(text.into_owned())),
        }
    }
}

/// Writes bytes.
pub(super) fn write_blob(bytes: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'{');
    out.extend_from_slice(BLOB);
    out.extend_from_slice(b":\"");
    for byte in bytes {
        out.push(HEX[usize::from(byte >> 4)]);
        out.push(HEX[usize::from(byte & 15)]);
    }
    out.extend_from_slice(b"\"}");
}

/// Writes a number that is not finite.
pub(super) fn write_real(value: f64, out: &mut Vec<u8>) {
    out.push(b'{');
    out.extend_from_slice(REAL);
    let text: &[u8] = if value > 0.0 {
        b":\"inf\"}"
    } else {
        b":\"-inf\"}"
    };
    out.extend_from_slice(text);
}

/// The bytes that hex digits stand for.
fn bytes(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    // Below 256.
    pairs
        .map(|pair| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for bytes in [&b""[..], b"\0\xff", b"plain"] {
            let mut out = Vec::new();
            write_blob(bytes, &mut out);
            assert_eq!(Tagged::of(&out), Some(Tagged::Blob(bytes.to_vec())));
        }
        for (value, text) in [(f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")] {
            let mut out = Vec::new();
            write_real(value, &mut out);
            assert_eq!(Tagged::of(&out), Some(Tagged::Real(text.into())));
        }
    }

    #[test]
    fn other_objects_are_what_they_are() {
        for value in [
            r#"{"$blob":"f"}"#,
            r#"{"$blob":"fg"}"#,
            r#"{"$blob":"ff","a":1}"#,
            r#"{"$blob":1}"#,
            r#"{"a":"ff"}"#,
            r#"{"$real":"1"}"#,
            r#"{}"#,
            r#""$blob""#,
        ] {
            assert_eq!(Tagged::of(value.as_bytes()), None, "{value}");
        }
    }
}
