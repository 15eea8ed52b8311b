//! How the stored cells of a column are shown.

use crate::boolean::BoolKind;
use crate::column_type::ColumnType;
use crate::date_form::DateForm;
use crate::encoding::Encoding;
use crate::shown_cell::ShownCell;
use crate::value::Value;

/// How the stored cells of a column are shown: as its type, whatever they are stored as. It is what the views of a
/// project do in SQL.
#[derive(Clone, Debug)]
pub struct ShownColumn {
    encoding: Encoding,
    shown: Shown,
    null_tokens: Vec<NullCell>,
}

/// What stands for NULL: a text, and the number that it is stored as.
#[derive(Clone, Debug)]
struct NullCell {
    text: Vec<u8>,
    number: Option<Value<'static>>,
}

#[derive(Clone, Debug)]
enum Shown {
    /// As they are stored.
    Stored,
    /// As the text that was read.
    Text,
    /// Dates in this form as ISO 8601; what is no such date as the text that was read.
    IsoDate(DateForm),
    /// As this encoding stores them: what does not conform stays text.
    As(Encoding),
    /// As one of two tokens.
    Bool(BoolKind),
    /// `1` and `0` as true and false.
    Digits,
}

impl ShownColumn {
    /// A column whose cells are stored as `encoding` and mean `column_type` in `format`. Cells that are one of `null_tokens`
    /// are shown as NULL.
    #[must_use]
    pub fn new(
        encoding: Encoding,
        column_type: Option<ColumnType>,
        format: Option<&str>,
        null_tokens: &[String],
    ) -> Self {
        let null_tokens = null_tokens.iter().map(|token| NullCell {
            text: token.as_bytes().to_vec(),
            number: match encoding.encode(token.as_bytes()) {
                Value::Int(value) => Some(Value::Int(value)),
                Value::Real(value) => Some(Value::Real(value)),
                Value::Null | Value::Text(_) | Value::Blob(_) => None,
            },
        });
        Self {
            encoding,
            shown: Shown::of(column_type, format),
            null_tokens: null_tokens.collect(),
        }
    }

    /// A column whose cells are shown as the text that was read.
    #[must_use]
    pub fn as_read(encoding: Encoding) -> Self {
        Self {
            encoding,
            shown: Shown::Text,
            null_tokens: Vec::new(),
        }
    }

    /// How a stored cell is shown. `scratch` may hold its text; what it held is replaced.
    #[must_use]
    #[inline]
    pub fn show<'a>(&self, stored: Value<'a>, scratch: &'a mut Vec<u8>) -> ShownCell<'a> {
        if !self.null_tokens.is_empty() && self.null_tokens.iter().any(|token| token.is(stored)) {
            return ShownCell::Null;
        }
        match (stored, &self.shown) {
            (Value::Null, _) => ShownCell::Null,
            (Value::Blob(bytes), _) => ShownCell::Blob(bytes),
            (Value::Text(bytes), Shown::Text | Shown::Stored) => ShownCell::Text(bytes),
            (Value::Int(value), Shown::As(_)) if !self.stores_tokens() => ShownCell::Int(value),
            (Value::Real(value), Shown::As(_)) => self.decimal(value),
            _ => self.show_otherwise(stored, scratch),
        }
    }

    fn show_otherwise<'a>(&self, stored: Value<'a>, scratch: &'a mut Vec<u8>) -> ShownCell<'a> {
        match (&self.shown, stored) {
            (Shown::As(shown), Value::Text(bytes)) if *shown == self.encoding => {
                ShownCell::Text(bytes)
            }
            (Shown::As(shown), _) => match self.encoding.reencode(stored, *shown, scratch) {
                Value::Real(value) => ShownCell::Decimal {
                    value,
                    digits: *shown,
                },
                Value::Null => ShownCell::Null,
                Value::Int(value) => ShownCell::Int(value),
                Value::Text(bytes) => ShownCell::Text(bytes),
                Value::Blob(bytes) => ShownCell::Blob(bytes),
            },
            (Shown::Stored, Value::Int(value)) => ShownCell::Int(value),
            (Shown::Stored, Value::Real(value)) => self.decimal(value),
            (Shown::IsoDate(form), Value::Text(bytes)) => match form.iso(bytes) {
                Some(iso) => {
                    scratch.clear();
                    scratch.extend_from_slice(&iso);
                    ShownCell::Text(scratch)
                }
                None => ShownCell::Text(bytes),
            },
            (Shown::Bool(kind), Value::Int(value)) if self.encoding == Encoding::Bool(*kind) => {
                truth(value != 0, *kind)
            }
            _ => {
                scratch.clear();
                self.encoding.render(stored, scratch);
                self.show_read(stored, scratch)
            }
        }
    }

    /// How a cell that was read as `text` is shown.
    fn show_read<'a>(&self, stored: Value<'a>, text: &'a [u8]) -> ShownCell<'a> {
        match (&self.shown, text, stored) {
            (Shown::Bool(kind), ..) => match BoolKind::scan(text) {
                Some((found, value)) if found == *kind => truth(value, *kind),
                _ => ShownCell::Text(text),
            },
            (Shown::Digits, b"1", _) => ShownCell::Bool {
                value: true,
                token: "1",
            },
            (Shown::Digits, b"0", _) => ShownCell::Bool {
                value: false,
                token: "0",
            },
            (Shown::Digits, _, Value::Int(value)) if !self.stores_tokens() => ShownCell::Int(value),
            (Shown::Digits, _, Value::Real(value)) => self.decimal(value),
            _ => ShownCell::Text(text),
        }
    }

    fn decimal<'a>(&self, value: f64) -> ShownCell<'a> {
        let digits = match self.encoding {
            fixed @ Encoding::Fixed(_) => fixed,
            _ => Encoding::Short,
        };
        ShownCell::Decimal { value, digits }
    }

    /// Whether integers stand for two tokens.
    fn stores_tokens(&self) -> bool {
        matches!(self.encoding, Encoding::Bool(_))
    }
}

fn truth<'a>(value: bool, kind: BoolKind) -> ShownCell<'a> {
    let token = kind.token(value);
    ShownCell::Bool { value, token }
}

impl Shown {
    fn of(column_type: Option<ColumnType>, format: Option<&str>) -> Self {
        let digits = format.and_then(|digits| digits.parse().ok());
        match (column_type, digits) {
            (Some(ColumnType::Date), _) => match format.and_then(DateForm::of) {
                Some(form) => Self::IsoDate(form),
                None => Self::Text,
            },
            (Some(ColumnType::Text | ColumnType::Time | ColumnType::Timestamp), _) => Self::Text,
            (Some(ColumnType::Integer), _) => Self::As(Encoding::Int),
            (Some(ColumnType::Decimal), Some(digits)) => Self::As(Encoding::Fixed(digits)),
            (Some(ColumnType::Real | ColumnType::Decimal), _) => Self::As(Encoding::Short),
            (Some(ColumnType::Boolean), _) => match format {
                Some("1/0") => Self::Digits,
                format => {
                    let code = format!("bool:{}", format.unwrap_or_default());
                    match code.parse() {
                        Ok(Encoding::Bool(kind)) => Self::Bool(kind),
                        _ => Self::Stored,
                    }
                }
            },
            (Some(ColumnType::Empty) | None, _) => Self::Stored,
        }
    }
}

impl NullCell {
    fn is(&self, stored: Value<'_>) -> bool {
        stored == Value::Text(&self.text) || self.number == Some(stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a cell is shown, in a column whose null tokens are `NA` and `-999`.
    fn shown(
        column_type: ColumnType,
        format: Option<&str>,
        encoding: Encoding,
        stored: Value<'static>,
    ) -> String {
        let tokens = ["NA".to_owned(), "-999".to_owned()];
        let column = ShownColumn::new(encoding, Some(column_type), format, &tokens);
        format!("{:?}", column.show(stored, &mut Vec::new()))
    }

    fn text(text: &str) -> String {
        format!("{:?}", ShownCell::Text(text.as_bytes()))
    }

    fn decimal(value: f64, digits: Encoding) -> String {
        format!("{:?}", ShownCell::Decimal { value, digits })
    }

    #[test]
    fn numbers_are_shown_as_their_columns_type() {
        use ColumnType::{Decimal, Integer, Text};
        let integer = |encoding, stored| shown(Integer, None, encoding, stored);
        assert_eq!(integer(Encoding::Int, Value::Int(7)), "Int(7)");
        assert_eq!(integer(Encoding::Text, Value::Text(b"7")), "Int(7)");
        assert_eq!(integer(Encoding::Text, Value::Text(b"07")), text("07"));
        let two = |encoding, stored| shown(Decimal, Some("2"), encoding, stored);
        let fixed = Encoding::Fixed;
        assert_eq!(two(fixed(2), Value::Real(1.5)), decimal(1.5, fixed(2)));
        assert_eq!(two(fixed(3), Value::Real(1.5)), decimal(1.5, fixed(3)));
        assert_eq!(
            two(Encoding::Text, Value::Text(b"1.50")),
            decimal(1.5, fixed(2))
        );
        assert_eq!(two(Encoding::Text, Value::Text(b"1.5")), text("1.5"));
        assert_eq!(shown(Text, None, fixed(2), Value::Real(1.5)), text("1.50"));
        assert_eq!(shown(Text, None, Encoding::Int, Value::Int(7)), text("7"));
        assert_eq!(
            shown(Text, None, Encoding::Text, Value::Blob(b"\xff")),
            "Blob([255])"
        );
    }

    #[test]
    fn dates_are_shown_as_iso() {
        let date = |format, cell: &'static str| {
            let stored = Value::Text(cell.as_bytes());
            shown(ColumnType::Date, Some(format), Encoding::Text, stored)
        };
        assert_eq!(date("%d/%m/%Y", "31/12/2013"), text("2013-12-31"));
        assert_eq!(date("%d/%m/%Y", "1/12/2013"), text("1/12/2013"));
        assert_eq!(date("%-d.%-m.%Y", "1.12.2013"), text("2013-12-01"));
        assert_eq!(date("%d/%m/%Y", "31/02/2013"), text("31/02/2013"));
        assert_eq!(date("%Y-%m-%d", "2013-12-31"), text("2013-12-31"));
    }

    #[test]
    fn null_tokens_are_null() {
        for (encoding, stored) in [
            (Encoding::Int, Value::Int(-999)),
            (Encoding::Text, Value::Text(b"-999")),
            (Encoding::Int, Value::Text(b"NA")),
        ] {
            assert_eq!(shown(ColumnType::Integer, None, encoding, stored), "Null");
        }
        let other = shown(ColumnType::Integer, None, Encoding::Int, Value::Text(b"na"));
        assert_eq!(other, text("na"));
        assert_eq!(
            shown(ColumnType::Empty, None, Encoding::Text, Value::Null),
            "Null"
        );
    }

    #[test]
    fn truth_has_its_tokens() {
        let truth = |value, token| format!("{:?}", ShownCell::Bool { value, token });
        let boolean =
            |format, encoding, stored| shown(ColumnType::Boolean, Some(format), encoding, stored);
        let yes_no = Encoding::Bool(BoolKind::LowerYes);
        assert_eq!(boolean("yes/no", yes_no, Value::Int(1)), truth(true, "yes"));
        assert_eq!(
            boolean("yes/no", Encoding::Text, Value::Text(b"no")),
            truth(false, "no")
        );
        assert_eq!(boolean("yes/no", Encoding::Int, Value::Int(1)), text("1"));
        assert_eq!(
            boolean("yes/no", yes_no, Value::Text(b"true")),
            text("true")
        );
        assert_eq!(
            boolean("1/0", Encoding::Int, Value::Int(1)),
            truth(true, "1")
        );
        assert_eq!(
            boolean("1/0", Encoding::Text, Value::Text(b"0")),
            truth(false, "0")
        );
        assert_eq!(boolean("1/0", Encoding::Int, Value::Int(5)), "Int(5)");
        let integer = shown(ColumnType::Integer, None, yes_no, Value::Int(1));
        assert_eq!(integer, text("yes"));
    }
}
