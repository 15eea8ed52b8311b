//! The values of MySQL and MariaDB as cells.

use std::borrow::Cow;

use manifold_format::TypedCell;

/// A value as a cell. It is taken from the binary form, since the text form of a FLOAT has six digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MySqlCell<'a> {
    Null,
    Number(Cow<'a, [u8]>),
    Text(Cow<'a, [u8]>),
    Blob(&'a [u8]),
}

impl<'a> MySqlCell<'a> {
    /// The cell of a value of some type; `is_text`: what has the type of a string is one.
    pub(super) fn of(value: Option<&'a [u8]>, declared: &str, is_text: bool) -> Self {
        let Some(bytes) = value else {
            return Self::Null;
        };
        let unsigned = declared.ends_with("UNSIGNED");
        match declared.trim_end_matches(" UNSIGNED") {
            // A TINYINT(1) is called BOOLEAN, and may be any number.
            "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
                Self::Number(integer(bytes, unsigned).to_string().into_bytes().into())
            }
            "YEAR" => Self::Number(integer(bytes, true).to_string().into_bytes().into()),
            "FLOAT" => match bytes.try_into().map(f32::from_le_bytes) {
                Ok(real) => Self::Number(format!("{real:?}").into_bytes().into()),
                Err(_) => Self::Blob(bytes),
            },
            "DOUBLE" => match bytes.try_into().map(f64::from_le_bytes) {
                Ok(real) => Self::Number(format!("{real:?}").into_bytes().into()),
                Err(_) => Self::Blob(bytes),
            },
            "DECIMAL" => Self::Number(bytes.into()),
            "BIT" => {
                let bits = bytes
                    .iter()
                    .fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
                Self::Number(bits.to_string().into_bytes().into())
            }
            "DATE" => Self::Text(date(bytes).into_bytes().into()),
            "DATETIME" => Self::Text(moment(bytes, "").into_bytes().into()),
            "TIMESTAMP" => Self::Text(moment(bytes, "Z").into_bytes().into()),
            "TIME" => Self::Text(time(bytes).into_bytes().into()),
            "ENUM" | "SET" | "JSON" => Self::Text(bytes.into()),
            "GEOMETRY" => Self::Blob(bytes),
            _ if is_text => Self::Text(bytes.into()),
            _ => Self::Blob(bytes),
        }
    }

    pub(super) fn cell(&self) -> TypedCell<'_> {
        match self {
            Self::Null => TypedCell::Null,
            Self::Number(digits) => TypedCell::Number(digits),
            Self::Text(text) => TypedCell::Text(text),
            Self::Blob(bytes) => TypedCell::Blob(bytes),
        }
    }

    /// What a cursor remembers of it.
    pub(super) fn cursor(&self) -> Option<&[u8]> {
        match self {
            Self::Number(bytes) | Self::Text(bytes) => Some(bytes),
            Self::Null | Self::Blob(_) => None,
        }
    }
}

fn integer(bytes: &[u8], unsigned: bool) -> i128 {
    let magnitude = bytes
        .iter()
        .rev()
        .fold(0i128, |value, byte| value << 8 | i128::from(*byte));
    let bits = 8 * bytes.len();
    let is_negative = !unsigned && bits > 0 && magnitude >> (bits - 1) & 1 == 1;
    magnitude - if is_negative { 1 << bits } else { 0 }
}

/// The bytes behind the length that they begin with; those that are left out are zeros.
fn part(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at + 1).copied().unwrap_or_default().into()
}

fn four(bytes: &[u8], at: usize) -> u32 {
    (0..4).fold(0, |value, index| {
        value | part(bytes, at + index) << (8 * index)
    })
}

fn date(bytes: &[u8]) -> String {
    let year = part(bytes, 0) | part(bytes, 1) << 8;
    format!("{year:04}-{:02}-{:02}", part(bytes, 2), part(bytes, 3))
}

fn moment(bytes: &[u8], behind: &str) -> String {
    let (hour, minute, second) = (part(bytes, 4), part(bytes, 5), part(bytes, 6));
    let fraction = fraction(four(bytes, 7));
    format!(
        "{}T{hour:02}:{minute:02}:{second:02}{fraction}{behind}",
        date(bytes)
    )
}

/// A time of day, or a length of time of up to 838 hours, which may be negative.
fn time(bytes: &[u8]) -> String {
    let sign = if part(bytes, 0) == 1 { "-" } else { "" };
    let hours = four(bytes, 1) * 24 + part(bytes, 5);
    let fraction = fraction(four(bytes, 8));
    format!(
        "{sign}{hours:02}:{:02}:{:02}{fraction}",
        part(bytes, 6),
        part(bytes, 7)
    )
}

fn fraction(microseconds: u32) -> String {
    match microseconds {
        0 => String::new(),
        _ => {
            let digits = format!(".{microseconds:06}");
            digits.trim_end_matches('0').to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(declared: &str, bytes: &[u8]) -> String {
        let cell = MySqlCell::of(Some(bytes), declared, true);
        String::from_utf8(cell.cell().bytes().to_vec()).unwrap()
    }

    #[test]
    fn values_are_what_they_were() {
        for (declared, bytes, expected) in [
            ("BOOLEAN", &b"\xff"[..], "-1"),
            ("TINYINT UNSIGNED", b"\xff", "255"),
            (
                "BIGINT UNSIGNED",
                b"\xff\xff\xff\xff\xff\xff\xff\xff",
                "18446744073709551615",
            ),
            ("BIGINT", b"\0\0\0\0\0\0\0\x80", "-9223372036854775808"),
            ("YEAR", b"\xe8\x07", "2024"),
            ("BIT", b"\x01\x02", "258"),
            ("FLOAT", &16_777_217f32.to_le_bytes(), "16777216.0"),
            ("FLOAT", &0.1f32.to_le_bytes(), "0.1"),
            ("DATE", b"\0", "0000-00-00"),
            ("DATE", b"\x04\xe8\x07\0\0", "2024-00-00"),
            ("DATETIME", b"\0", "0000-00-00T00:00:00"),
            (
                "TIMESTAMP",
                b"\x07\xe8\x07\x01\x1f\x0c\x1e\x0f",
                "2024-01-31T12:30:15Z",
            ),
            (
                "DATETIME",
                b"\x0b\xe8\x07\x01\x1f\x0c\x1e\x0f\x20\xa1\x07\0",
                "2024-01-31T12:30:15.5",
            ),
            ("TIME", b"\0", "00:00:00"),
            ("TIME", b"\x08\x01\x22\0\0\0\x16\x3b\x3b", "-838:59:59"),
        ] {
            assert_eq!(shown(declared, bytes), expected, "{declared}");
        }
    }
}
