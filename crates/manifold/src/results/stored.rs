//! The stored cells of a snapshot, as values of their column's type or as the text that was read.

use chrono::NaiveDate;
use manifold_format::{Encoding, UnknownEncoding, Value};
use manifold_store::rows::{Cell, Column};

/// Reads the cells of a snapshot's rows.
pub(crate) struct StoredCells {
    columns: Vec<StoredColumn>,
}

struct StoredColumn {
    encoding: Encoding,
    shown: Shown,
    null_tokens: Vec<NullToken>,
    buffer: Vec<u8>,
}

/// What stands for NULL: a text, and the number that it is stored as.
struct NullToken {
    text: Vec<u8>,
    number: Option<Value<'static>>,
}

/// How a column's cells are shown.
enum Shown {
    /// As the text that was read.
    Text,
    /// As they are stored.
    Stored,
    /// Dates in this format as ISO 8601; what is no such date as the text that was read.
    IsoDate(String),
    /// As this encoding stores them: what does not conform stays text.
    As(Encoding),
}

impl StoredCells {
    /// For rows with these columns; `as_text` shows every cell as the text that was read, otherwise cells are
    /// shown as their column's type, as SQL shows them.
    ///
    /// # Errors
    /// [`UnknownEncoding`] for what a newer version wrote.
    pub(crate) fn new(columns: &[Column], as_text: bool) -> Result<Self, UnknownEncoding> {
        let columns = columns.iter().map(|column| {
            let encoding = column.encoding.parse()?;
            Ok(if as_text {
                StoredColumn::new(encoding, Shown::Text, &[])
            } else {
                let shown = Shown::of(column);
                StoredColumn::new(encoding, shown, &column.null_tokens)
            })
        });
        Ok(Self {
            columns: columns.collect::<Result<_, _>>()?,
        })
    }

    /// The values of a row, given its cells.
    pub(crate) fn values<'a>(
        &'a mut self,
        cells: impl Iterator<Item = Cell<'a>>,
    ) -> Vec<Value<'a>> {
        self.columns
            .iter_mut()
            .zip(cells)
            .map(|(column, cell)| column.value(cell))
            .collect()
    }
}

impl Shown {
    fn of(column: &Column) -> Self {
        let digits = column
            .format
            .as_deref()
            .and_then(|digits| digits.parse().ok());
        match (column.column_type.as_str(), digits) {
            ("date", _) => match column.format.as_deref() {
                Some(format) if format != "%Y-%m-%d" => Self::IsoDate(format.to_owned()),
                _ => Self::Text,
            },
            ("text" | "time" | "timestamp", _) => Self::Text,
            ("integer", _) => Self::As(Encoding::Int),
            ("decimal", Some(digits)) => Self::As(Encoding::Fixed(digits)),
            ("real" | "decimal", _) => Self::As(Encoding::Short),
            ("boolean", _) => match column.format.as_deref() {
                Some("1/0") => Self::As(Encoding::Int),
                format => {
                    let code = format!("bool:{}", format.unwrap_or_default());
                    code.parse().map_or(Self::Stored, Self::As)
                }
            },
            _ => Self::Stored,
        }
    }
}

impl StoredColumn {
    fn new(encoding: Encoding, shown: Shown, null_tokens: &[String]) -> Self {
        let null_tokens = null_tokens.iter().map(|token| NullToken {
            text: token.as_bytes().to_vec(),
            number: match encoding.encode(token.as_bytes()) {
                Value::Int(value) => Some(Value::Int(value)),
                Value::Real(value) => Some(Value::Real(value)),
                Value::Null | Value::Text(_) | Value::Blob(_) => None,
            },
        });
        Self {
            encoding,
            shown,
            null_tokens: null_tokens.collect(),
            buffer: Vec::new(),
        }
    }

    fn value<'a>(&'a mut self, cell: Cell<'a>) -> Value<'a> {
        let stored = stored_value(cell);
        self.buffer.clear();
        if self.null_tokens.iter().any(|token| token.is(stored)) {
            return Value::Null;
        }
        match (&self.shown, stored) {
            (_, Value::Null | Value::Blob(_)) | (Shown::Stored, _) => stored,
            (Shown::IsoDate(format), Value::Text(bytes)) => match iso_date(bytes, format) {
                Some(date) => {
                    self.buffer.extend_from_slice(date.as_bytes());
                    Value::Text(&self.buffer)
                }
                None => stored,
            },
            (Shown::Text, Value::Text(_)) => stored,
            (Shown::Text | Shown::IsoDate(_), _) => {
                self.encoding.render(stored, &mut self.buffer);
                Value::Text(&self.buffer)
            }
            (Shown::As(shown), _) if *shown == self.encoding => stored,
            (Shown::As(shown), Value::Int(_) | Value::Real(_))
                if !matches!(
                    (shown, self.encoding),
                    (Encoding::Bool(_), _) | (_, Encoding::Bool(_))
                ) =>
            {
                stored
            }
            (Shown::As(shown), _) => self.encoding.reencode(stored, *shown, &mut self.buffer),
        }
    }
}

impl NullToken {
    fn is(&self, stored: Value<'_>) -> bool {
        stored == Value::Text(&self.text) || self.number == Some(stored)
    }
}

/// A date that is written in exactly this format, as ISO 8601.
pub(crate) fn iso_date(text: &[u8], format: &str) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let date = NaiveDate::parse_from_str(text, format).ok()?;
    (date.format(format).to_string() == text).then(|| date.format("%Y-%m-%d").to_string())
}

/// A stored cell as a value of the same class.
pub(crate) fn stored_value(cell: Cell<'_>) -> Value<'_> {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(value) => Value::Int(value),
        Cell::Real(value) => Value::Real(value),
        Cell::Text(bytes) => Value::Text(bytes),
        Cell::Blob(bytes) => Value::Blob(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use manifold_format::BoolKind;

    fn shown(
        column_type: &str,
        format: Option<&str>,
        encoding: Encoding,
        cell: Cell<'static>,
    ) -> String {
        let column = Column {
            phys: 1,
            name: "a".to_owned(),
            column_type: column_type.to_owned(),
            format: format.map(str::to_owned),
            encoding: encoding.code(),
            quoting: "minimal".to_owned(),
            odd_cells: 0,
            null_tokens: vec!["NA".to_owned(), "-999".to_owned()],
        };
        let shown = Shown::of(&column);
        let mut column = StoredColumn::new(encoding, shown, &column.null_tokens);
        format!("{:?}", column.value(cell))
    }

    #[test]
    fn cells_are_shown_as_their_columns_type() {
        let text = |text: &str| format!("{:?}", Value::Text(text.as_bytes()));
        assert_eq!(
            shown("integer", None, Encoding::Int, Cell::Int(7)),
            "Int(7)"
        );
        assert_eq!(
            shown("integer", None, Encoding::Text, Cell::Text(b"7")),
            "Int(7)"
        );
        assert_eq!(
            shown("integer", None, Encoding::Text, Cell::Text(b"07")),
            text("07")
        );
        assert_eq!(
            shown("decimal", Some("2"), Encoding::Fixed(2), Cell::Real(1.5)),
            "Real(1.5)"
        );
        assert_eq!(
            shown("decimal", Some("2"), Encoding::Text, Cell::Text(b"1.50")),
            "Real(1.5)"
        );
        assert_eq!(
            shown("decimal", Some("2"), Encoding::Text, Cell::Text(b"1.5")),
            text("1.5")
        );
        assert_eq!(
            shown("text", None, Encoding::Fixed(2), Cell::Real(1.5)),
            text("1.50")
        );
        assert_eq!(shown("text", None, Encoding::Int, Cell::Int(7)), text("7"));
        assert_eq!(
            shown("text", None, Encoding::Text, Cell::Blob(b"\xff")),
            "Blob([255])"
        );
        assert_eq!(
            shown(
                "date",
                Some("%d/%m/%Y"),
                Encoding::Text,
                Cell::Text(b"31/12/2013")
            ),
            text("2013-12-31")
        );
        assert_eq!(
            shown(
                "date",
                Some("%d/%m/%Y"),
                Encoding::Text,
                Cell::Text(b"1/12/2013")
            ),
            text("1/12/2013")
        );
        assert_eq!(
            shown(
                "date",
                Some("%-d.%-m.%Y"),
                Encoding::Text,
                Cell::Text(b"1.12.2013")
            ),
            text("2013-12-01")
        );
        assert_eq!(
            shown(
                "date",
                Some("%d/%m/%Y"),
                Encoding::Text,
                Cell::Text(b"31/02/2013")
            ),
            text("31/02/2013")
        );
        for (encoding, cell) in [
            (Encoding::Int, Cell::Int(-999)),
            (Encoding::Text, Cell::Text(b"-999")),
            (Encoding::Int, Cell::Text(b"NA")),
        ] {
            assert_eq!(shown("integer", None, encoding, cell), "Null");
        }
        assert_eq!(
            shown("integer", None, Encoding::Int, Cell::Text(b"na")),
            text("na")
        );
        let boolean = |encoding, cell| shown("boolean", Some("yes/no"), encoding, cell);
        let yes_no = Encoding::Bool(BoolKind::LowerYes);
        assert_eq!(boolean(yes_no, Cell::Int(1)), "Int(1)");
        assert_eq!(boolean(Encoding::Text, Cell::Text(b"no")), "Int(0)");
        assert_eq!(boolean(Encoding::Int, Cell::Int(1)), text("1"));
        assert_eq!(shown("integer", None, yes_no, Cell::Int(1)), text("yes"));
        assert_eq!(
            shown("boolean", Some("1/0"), Encoding::Int, Cell::Int(1)),
            "Int(1)"
        );
        assert_eq!(shown("empty", None, Encoding::Text, Cell::Null), "Null");
    }
}
