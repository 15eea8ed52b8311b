//! The values of PostgreSQL as cells.

use std::str::from_utf8;

use manifold_format::TypedCell;

use super::spool_feed::SpoolFeed;

/// How the text that the server writes for a value of some type becomes a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PostgresCell {
    /// The digits as they are.
    Number,
    Real,
    Double,
    Bool,
    Bytes,
    /// `2024-01-31 12:00:00`, which gets its `T`.
    Timestamp,
    /// The same in UTC, which gets its `Z`.
    Moment,
    /// Whatever there is.
    Text,
}

impl PostgresCell {
    /// The one of a type. What is not known is text, as the server writes it.
    pub(super) fn of(declared: &str) -> Self {
        match declared.to_ascii_uppercase().as_str() {
            "INT2" | "INT4" | "INT8" | "NUMERIC" | "OID" => Self::Number,
            "FLOAT4" => Self::Real,
            "FLOAT8" => Self::Double,
            "BOOL" => Self::Bool,
            "BYTEA" => Self::Bytes,
            "TIMESTAMP" => Self::Timestamp,
            "TIMESTAMPTZ" => Self::Moment,
            _ => Self::Text,
        }
    }

    /// Puts a value into the row.
    pub(super) fn put(self, value: Option<&[u8]>, feed: &mut SpoolFeed<'_>) {
        let Some(bytes) = value else {
            return feed.cell(TypedCell::Null);
        };
        let text = from_utf8(bytes).unwrap_or_default();
        match self {
            Self::Number if is_number(bytes) => feed.cell(TypedCell::Number(bytes)),
            Self::Real => match text.parse::<f32>() {
                Ok(real) if real.is_finite() => {
                    feed.cell(TypedCell::Number(format!("{real:?}").as_bytes()));
                }
                _ => feed.cell(TypedCell::Text(bytes)),
            },
            Self::Double => match text.parse::<f64>() {
                Ok(real) if real.is_finite() => {
                    feed.cell(TypedCell::Number(format!("{real:?}").as_bytes()));
                }
                _ => feed.cell(TypedCell::Text(bytes)),
            },
            Self::Bool => match bytes {
                b"t" => feed.cell(TypedCell::Bool(true)),
                b"f" => feed.cell(TypedCell::Bool(false)),
                _ => feed.cell(TypedCell::Text(bytes)),
            },
            Self::Bytes => match unhex(bytes) {
                Some(blob) => feed.cell(TypedCell::Blob(&blob)),
                None => feed.cell(TypedCell::Text(bytes)),
            },
            Self::Timestamp => feed.cell(TypedCell::Text(&iso(bytes, b""))),
            Self::Moment => match bytes.strip_suffix(b"+00") {
                Some(utc) => feed.cell(TypedCell::Text(&iso(utc, b"Z"))),
                None => feed.cell(TypedCell::Text(bytes)),
            },
            Self::Number | Self::Text => feed.cell(TypedCell::Text(bytes)),
        }
    }
}

/// `NaN` and `Infinity` are numbers there and none here.
fn is_number(bytes: &[u8]) -> bool {
    bytes.last().is_some_and(u8::is_ascii_digit)
}

/// A date and a time as ISO 8601 has them; what is no such (`infinity`, `4713-01-01 BC`) stays as it is.
fn iso(bytes: &[u8], behind: &[u8]) -> Vec<u8> {
    let is_plain = bytes.get(10) == Some(&b' ')
        && bytes.first().is_some_and(u8::is_ascii_digit)
        && bytes.last().is_some_and(u8::is_ascii_digit);
    let mut iso = bytes.to_vec();
    if is_plain {
        iso[10] = b'T';
        iso.extend_from_slice(behind);
    }
    iso
}

/// The bytes that `\x00ff` writes.
fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"\\x")?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_become_iso_8601() {
        for (text, expected) in [
            ("2024-01-31 12:00:00", "2024-01-31T12:00:00Z"),
            ("2024-01-31 12:00:00.5", "2024-01-31T12:00:00.5Z"),
            ("infinity", "infinity"),
            ("0044-03-15 00:00:00 BC", "0044-03-15 00:00:00 BC"),
        ] {
            assert_eq!(iso(text.as_bytes(), b"Z"), expected.as_bytes(), "{text}");
        }
        assert_eq!(unhex(b"\\x00fF"), Some(vec![0, 255]));
        assert_eq!(unhex(b"\\x0"), None);
        assert!(is_number(b"-1.50") && !is_number(b"NaN"));
    }
}
