//! How the cells of a column are stored.

use crate::boolean::BoolKind;
use crate::number::{self, Number};
use crate::value::Value;
use std::fmt;
use std::str::FromStr;

/// How the cells of one column are stored.
///
/// For every byte string `t` and encoding `e`, `e.render(e.encode(t))` is `t` again: what an
/// encoding cannot print back stays text.
///
/// [`Encoding::code`] and [`FromStr`] are the persisted form: `text`, `int`, `fixed1` to
/// `fixed18`, `short`, and `bool:` with the two tokens, such as `bool:true/false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Every cell is text.
    Text,
    /// `0`, or digits without leading zero, in the range of `i64`, are integers.
    Int,
    /// Integers as under [`Encoding::Int`], and decimals with exactly this many digits behind the
    /// point (1 to 18) are reals.
    Fixed(u8),
    /// Integers as under [`Encoding::Int`], and decimals in the fewest digits that identify the
    /// double are reals: `0.1` and `3.0`, not `0.10`.
    Short,
    /// The two tokens of the kind are the integers 1 and 0; everything else, also `1`, is text.
    Bool(BoolKind),
}

impl Encoding {
    /// The stable text form that [`FromStr`] reads.
    #[must_use]
    pub fn code(&self) -> String {
        self.to_string()
    }

    /// Encodes a cell that is present. (An absent one is [`Value::Null`]; that is the reader's
    /// knowledge, not the cell's.)
    #[must_use]
    pub fn encode<'a>(&self, cell: &'a [u8]) -> Value<'a> {
        let number = match self {
            Self::Text | Self::Bool(_) => Number::Other,
            Self::Int | Self::Fixed(_) | Self::Short => number::scan(cell),
        };
        self.encode_scanned(cell, number)
            .unwrap_or_else(|| Value::text(cell))
    }

    /// The number that stands for `cell`, which scans as `number`; `None` when it stays text.
    #[inline]
    pub(crate) fn encode_scanned<'a>(&self, cell: &[u8], number: Number) -> Option<Value<'a>> {
        match (self, number) {
            (Self::Int | Self::Fixed(_) | Self::Short, Number::Int(value)) => {
                Some(Value::Int(value))
            }
            (
                Self::Fixed(wanted),
                Number::Decimal {
                    value,
                    digits,
                    fixed: true,
                    ..
                },
            ) if digits == *wanted => Some(Value::Real(value)),
            (
                Self::Short,
                Number::Decimal {
                    value, short: true, ..
                },
            ) => Some(Value::Real(value)),
            (Self::Bool(wanted), _) => match BoolKind::scan(cell) {
                Some((kind, value)) if kind == *wanted => Some(Value::Int(value.into())),
                _ => None,
            },
            _ => None,
        }
    }

    /// Appends the text of `value` to `out`; nothing for [`Value::Null`].
    pub fn render(&self, value: Value<'_>, out: &mut Vec<u8>) {
        match (value, self) {
            (Value::Null, _) => {}
            (Value::Int(value), Self::Bool(kind)) => {
                out.extend_from_slice(kind.token(value != 0).as_bytes());
            }
            (Value::Int(value), _) => number::print_int(value, out),
            (Value::Real(value), encoding) => print_real(value, *encoding, out),
            (Value::Text(bytes) | Value::Blob(bytes), _) => out.extend_from_slice(bytes),
        }
    }

    /// The value under `to` of what is stored as `value` under `self`. `out` is scratch space; its
    /// content is replaced.
    #[must_use]
    pub fn reencode<'a>(&self, value: Value<'a>, to: Self, out: &'a mut Vec<u8>) -> Value<'a> {
        if value.is_null() {
            return Value::Null;
        }
        out.clear();
        self.render(value, out);
        to.encode(out)
    }

    /// The encoding of a column that is already stored as `stored`, when a new file proposes
    /// `proposed`; `was_empty` says that no cell of it was ever stored.
    ///
    /// Text never narrows and a number never becomes text, because stored rows are not rewritten:
    /// a cell that does not fit stays text under any encoding. Between numbers and booleans the
    /// new file decides, except that an integer-only file keeps the decimals' encoding.
    #[must_use]
    pub fn adopt(stored: Self, was_empty: bool, proposed: Self) -> Self {
        if was_empty {
            return proposed;
        }
        match (stored, proposed) {
            (Self::Text, _) | (_, Self::Text) => stored,
            (Self::Fixed(_) | Self::Short, Self::Int) => stored,
            _ => proposed,
        }
    }
}

fn print_real(value: f64, encoding: Encoding, out: &mut Vec<u8>) {
    let printed = match encoding {
        Encoding::Fixed(digits) => number::print_fixed(value, digits, out),
        _ => number::print_short(value, out),
    };
    debug_assert!(printed.is_ok(), "writing to a Vec does not fail");
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Int => f.write_str("int"),
            Self::Fixed(digits) => write!(f, "fixed{digits}"),
            Self::Short => f.write_str("short"),
            Self::Bool(kind) => write!(f, "bool:{}/{}", kind.token(true), kind.token(false)),
        }
    }
}

/// A text that is no [`Encoding::code`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown column encoding `{code}`: it was written by a newer version; upgrade to read this column"
)]
pub struct UnknownEncoding {
    /// The text that was not understood.
    pub code: String,
}

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(code: &str) -> Result<Self, UnknownEncoding> {
        let fixed = |digits: u8| (1..=number::MAX_DIGITS).contains(&digits);
        let found = match code {
            "text" => Some(Self::Text),
            "int" => Some(Self::Int),
            "short" => Some(Self::Short),
            _ if code.starts_with("bool:") => BoolKind::ALL
                .map(Self::Bool)
                .into_iter()
                .find(|e| e.code() == code),
            _ => code
                .strip_prefix("fixed")
                .and_then(|digits| digits.parse().ok())
                .filter(|digits| fixed(*digits))
                .map(Self::Fixed),
        };
        found
            .filter(|e| e.code() == code)
            .ok_or_else(|| UnknownEncoding {
                code: code.to_owned(),
            })
    }
}
