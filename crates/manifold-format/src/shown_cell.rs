//! A cell as the type of its column shows it.

use crate::encoding::Encoding;
use crate::number;
use crate::value::Value;
use std::io::Write as _;

/// A cell as the type of its column shows it, on its way into a file or a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ShownCell<'a> {
    /// Nothing.
    Null,
    /// An integer.
    Int(i64),
    /// A number in the digits that somebody wrote, which are those that the encoding prints.
    Decimal {
        /// The number; finite.
        value: f64,
        /// What prints it: [`Encoding::Fixed`] or [`Encoding::Short`].
        digits: Encoding,
    },
    /// A number that was computed, in the fewest digits that identify it; may be infinite.
    Real(f64),
    /// True or false.
    Bool {
        /// Which of them.
        value: bool,
        /// How it was written: `yes`.
        token: &'static str,
    },
    /// The bytes of valid UTF-8.
    Text(&'a [u8]),
    /// Any bytes.
    Blob(&'a [u8]),
}

impl<'a> ShownCell<'a> {
    /// A text that may not be UTF-8: then it is bytes.
    #[must_use]
    pub fn text(bytes: &'a [u8]) -> Self {
        match Value::text(bytes) {
            Value::Blob(bytes) => Self::Blob(bytes),
            _ => Self::Text(bytes),
        }
    }

    /// The cell as SQL has it: true and false are 1 and 0.
    #[must_use]
    #[inline]
    pub fn value(self) -> Value<'a> {
        match self {
            Self::Null => Value::Null,
            Self::Int(value) => Value::Int(value),
            Self::Decimal { value, .. } | Self::Real(value) => Value::Real(value),
            Self::Bool { value, .. } => Value::Int(value.into()),
            Self::Text(bytes) => Value::Text(bytes),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }

    /// Appends the cell as text; nothing for NULL.
    #[inline]
    pub fn print(self, out: &mut Vec<u8>) {
        match self {
            Self::Null => {}
            Self::Int(value) => number::print_int(value, out),
            Self::Decimal { value, digits } => digits.render(Value::Real(value), out),
            Self::Real(value) => {
                let printed = write!(out, "{value:?}");
                debug_assert!(printed.is_ok(), "writing to a Vec does not fail");
            }
            Self::Bool { token, .. } => out.extend_from_slice(token.as_bytes()),
            Self::Text(bytes) | Self::Blob(bytes) => out.extend_from_slice(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_print_as_they_were_written() {
        let decimal = |value, digits| ShownCell::Decimal { value, digits };
        let token = "yes";
        for (cell, text) in [
            (ShownCell::Null, &b""[..]),
            (ShownCell::Int(i64::MIN), b"-9223372036854775808"),
            (decimal(1.5, Encoding::Fixed(2)), b"1.50"),
            (decimal(3.0, Encoding::Short), b"3.0"),
            (ShownCell::Real(1e300), b"1e300"),
            (ShownCell::Real(f64::INFINITY), b"inf"),
            (ShownCell::Bool { value: true, token }, b"yes"),
            (ShownCell::text(b"\xff"), b"\xff"),
        ] {
            let mut out = Vec::new();
            cell.print(&mut out);
            assert_eq!(out, text, "{cell:?}");
        }
        assert_eq!(ShownCell::text(b"\xff"), ShownCell::Blob(b"\xff"));
        assert_eq!(
            ShownCell::Bool { value: true, token }.value(),
            Value::Int(1)
        );
    }
}
