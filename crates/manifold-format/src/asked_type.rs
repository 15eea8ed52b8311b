//! The type that somebody says a column has.

use crate::column_type::ColumnType;
use crate::date::Separator;
use crate::evidence::{TIMESTAMP_SHAPES, time_format, timestamp_format};
use crate::number::MAX_DIGITS;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The type that somebody says a column has.
///
/// [`FromStr`] and [`Display`](fmt::Display) are the persisted form: `auto`, or a type, and behind a colon its format:
/// `decimal:2`, `date:%d.%m.%Y`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AskedType {
    /// What is found in its cells.
    Auto,
    /// This type. Without a format, that of most cells.
    Type {
        /// Never [`ColumnType::Empty`].
        column_type: ColumnType,
        /// As [`crate::Verdict::format`]; only for decimals, dates, times and timestamps.
        format: Option<String>,
    },
}

/// A text that is no [`AskedType`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownType {
    /// There is no such type.
    #[error(
        "`{name}` is no type: it is text, integer, real, decimal, boolean, date, time, timestamp or auto"
    )]
    Name {
        /// The text before the colon.
        name: String,
    },
    /// The type has no such format.
    #[error("a {column_type} has no format `{format}`: {known}")]
    Format {
        /// The type.
        column_type: ColumnType,
        /// What was asked for.
        format: String,
        /// Those that there are.
        known: &'static str,
    },
}

impl FromStr for AskedType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let (name, format) = match text.split_once(':') {
            None => (text, None),
            Some((name, format)) => (name, Some(format)),
        };
        let column_type = match name {
            "auto" if format.is_none() => return Ok(Self::Auto),
            "text" => ColumnType::Text,
            "integer" => ColumnType::Integer,
            "real" => ColumnType::Real,
            "decimal" => ColumnType::Decimal,
            "boolean" => ColumnType::Boolean,
            "date" => ColumnType::Date,
            "time" => ColumnType::Time,
            "timestamp" => ColumnType::Timestamp,
            _ => {
                let name = name.to_owned();
                return Err(UnknownType::Name { name });
            }
        };
        if let Some(format) = format
            && let Err(known) = check(column_type, format)
        {
            let format = format.to_owned();
            return Err(UnknownType::Format {
                column_type,
                format,
                known,
            });
        }
        Ok(Self::Type {
            column_type,
            format: format.map(str::to_owned),
        })
    }
}

impl fmt::Display for AskedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Type {
                column_type,
                format: None,
            } => write!(f, "{column_type}"),
            Self::Type {
                column_type,
                format: Some(format),
            } => write!(f, "{column_type}:{format}"),
        }
    }
}

impl TryFrom<String> for AskedType {
    type Error = UnknownType;

    fn try_from(text: String) -> Result<Self, UnknownType> {
        text.parse()
    }
}

impl From<AskedType> for String {
    fn from(asked: AskedType) -> Self {
        asked.to_string()
    }
}

/// Whether a type has a format; which it has, if not this one.
fn check(column_type: ColumnType, format: &str) -> Result<(), &'static str> {
    let (is_known, known) = match column_type {
        ColumnType::Decimal => {
            let digits = format.parse::<u8>();
            let is_known = digits.is_ok_and(|digits| {
                (1..=MAX_DIGITS).contains(&digits) && digits.to_string() == format
            });
            (
                is_known,
                "it is the number of digits behind the point, 1 to 18",
            )
        }
        ColumnType::Date => {
            let is_known = Separator::ALL.into_iter().any(|separator| {
                let orders = [["d", "m"], ["m", "d"]];
                let day_first = orders.into_iter().any(|letters| {
                    [true, false]
                        .into_iter()
                        .any(|padded| day_month_format(letters, padded, separator) == format)
                });
                day_first || year_first_format(separator) == format
            });
            let known = "it is %Y-%m-%d, %d.%m.%Y or %m/%d/%Y with any of the separators `-`, `.` and `/`, or with %-d and %-m where there are no leading zeros";
            (is_known, known)
        }
        ColumnType::Time => {
            let shapes = [(false, false), (true, false), (true, true)];
            let mut shapes = shapes.into_iter();
            let is_known =
                shapes.any(|(seconds, fraction)| time_format(seconds, fraction) == format);
            (is_known, "it is %H:%M, %H:%M:%S or %H:%M:%S%.f")
        }
        ColumnType::Timestamp => {
            let is_known = (0..TIMESTAMP_SHAPES).any(|index| {
                let mut fractions = [false, true].into_iter();
                fractions.any(|fraction| timestamp_format(index, fraction) == format)
            });
            let known = "it is %Y-%m-%d, `T` or a space, %H:%M, %H:%M:%S or %H:%M:%S%.f, and Z, %:z, %z or nothing";
            (is_known, known)
        }
        _ => (false, "it has none"),
    };
    if is_known { Ok(()) } else { Err(known) }
}

/// The format of dates that begin with the year.
pub(crate) fn year_first_format(separator: Separator) -> String {
    let s = separator.as_str();
    format!("%Y{s}%m{s}%d")
}

/// The format of dates that begin with day and month, in the order of `letters`.
pub(crate) fn day_month_format(letters: [&str; 2], padded: bool, separator: Separator) -> String {
    let (s, minus) = (separator.as_str(), if padded { "" } else { "-" });
    let [first, second] = letters.map(|letter| format!("%{minus}{letter}"));
    format!("{first}{s}{second}{s}%Y")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_formats_that_there_are_read_back() {
        for text in [
            "auto",
            "text",
            "integer",
            "decimal:2",
            "decimal",
            "date",
            "date:%Y-%m-%d",
            "date:%d.%m.%Y",
            "date:%-m/%-d/%Y",
            "time:%H:%M",
            "timestamp:%Y-%m-%dT%H:%M:%S%.fZ",
        ] {
            let asked: AskedType = text.parse().unwrap();
            assert_eq!(asked.to_string(), text);
        }
    }

    #[test]
    fn others_are_refused_with_those_that_there_are() {
        let refused = |text: &str| text.parse::<AskedType>().unwrap_err().to_string();
        assert!(refused("int").contains("`int` is no type: it is text, integer"));
        assert!(refused("").contains("is no type"));
        assert!(refused("text:x").contains("a text has no format `x`: it has none"));
        assert!(refused("decimal:19").contains("1 to 18"));
        assert!(refused("decimal:02").contains("1 to 18"));
        assert!(refused("date:%d %b %Y").contains("%d.%m.%Y"));
        assert!(refused("date:%-d.%m.%Y").contains("%-d and %-m"));
        assert!(refused("timestamp:%s").contains("%H:%M:%S%.f"));
        assert!(refused("auto:1").contains("`auto` is no type"));
    }
}
