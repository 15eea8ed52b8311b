//! The key of one row, as it stands on a command line.

use manifold_format::{Encoding, Value};
use manifold_store::rows::{Column, Row};
use serde_json::{Map, Value as Json};

use crate::command_error::CommandError;
use crate::results::iso_date;

/// A value for each column of a source's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    columns: Vec<String>,
    values: Vec<String>,
}

impl Key {
    /// Reads `value`, or `col=value` for each of the columns, in any order. No columns and any text is a key of
    /// nothing: the store says what is missing.
    ///
    /// # Errors
    /// [`CommandError::Usage`] naming the columns.
    pub(super) fn parse(columns: &[String], text: &str) -> Result<Self, CommandError> {
        let values = match columns {
            [] => Vec::new(),
            [column] => vec![after_name(text, column).unwrap_or(text).to_owned()],
            _ => named(columns, text)?,
        };
        Ok(Self {
            columns: columns.to_vec(),
            values,
        })
    }

    /// What the column may show for a row with this key: the text as it is, or what it means there.
    pub(super) fn candidates(&self, index: usize, column: &Column) -> Row {
        let Some(text) = self.values.get(index) else {
            return Row::new();
        };
        let mut candidates = Row::new();
        candidates.push_text(text.as_bytes());
        if let Ok(encoding) = column.encoding.parse::<Encoding>() {
            match encoding.encode(text.as_bytes()) {
                Value::Int(value) => candidates.push_int(value),
                Value::Real(value) => candidates.push_real(value),
                Value::Null | Value::Text(_) | Value::Blob(_) => {}
            }
        }
        match column.column_type.as_str() {
            "integer" | "real" | "decimal" | "boolean" => {
                if let Ok(value) = text.parse() {
                    candidates.push_int(value);
                } else if let Ok(value) = text.parse::<f64>() {
                    candidates.push_real(value);
                }
            }
            "date" => {
                let format = column.format.as_deref().unwrap_or_default();
                if let Some(date) = iso_date(text.as_bytes(), format) {
                    candidates.push_text(date.as_bytes());
                }
            }
            _ => {}
        }
        candidates
    }

    /// The columns and their values.
    pub(super) fn shape(&self) -> Json {
        let pairs = self.columns.iter().zip(&self.values);
        pairs
            .map(|(column, value)| (column.clone(), Json::from(value.as_str())))
            .collect::<Map<_, _>>()
            .into()
    }
}

/// The values of several columns. A value ends where a comma and the name of another column follow, so that it may
/// hold commas.
fn named(columns: &[String], text: &str) -> Result<Vec<String>, CommandError> {
    let mut values: Vec<Option<String>> = vec![None; columns.len()];
    let mut rest = Some(text);
    while let Some(part) = rest {
        let found = columns
            .iter()
            .enumerate()
            .find_map(|(index, column)| Some((index, after_name(part, column)?)));
        let Some((index, value)) = found.filter(|(index, _)| values[*index].is_none()) else {
            return Err(incomplete(columns));
        };
        let end = value.match_indices(',').find(|(comma, _)| {
            let behind = &value[comma + 1..];
            columns
                .iter()
                .any(|column| after_name(behind, column).is_some())
        });
        let end = end.map(|(comma, _)| comma);
        values[index] = Some(value[..end.unwrap_or(value.len())].to_owned());
        rest = end.map(|comma| &value[comma + 1..]);
    }
    values
        .into_iter()
        .collect::<Option<_>>()
        .ok_or_else(|| incomplete(columns))
}

fn incomplete(columns: &[String]) -> CommandError {
    let wanted: Vec<_> = columns
        .iter()
        .map(|column| format!("{column}=.."))
        .collect();
    CommandError::Usage {
        message: format!("the key of a row is written {}", wanted.join(",")),
    }
}

/// What stands behind `column=`; the name without regard to case.
fn after_name<'a>(text: &'a str, column: &str) -> Option<&'a str> {
    let (name, value) = text.split_at_checked(column.len())?;
    let value = value.strip_prefix('=')?;
    (name.to_lowercase() == column.to_lowercase()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(columns: &[&str], text: &str) -> Result<Vec<String>, String> {
        let columns: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
        let key = Key::parse(&columns, text);
        key.map(|key| key.values).map_err(|error| error.to_string())
    }

    #[test]
    fn one_column_needs_no_name() {
        for (text, value) in [
            ("N1", "N1"),
            ("tail=N1", "N1"),
            ("TAIL=N1", "N1"),
            ("a=b", "a=b"),
            ("", ""),
            ("tail=", ""),
        ] {
            assert_eq!(parsed(&["tail"], text).unwrap(), [value], "{text}");
        }
    }

    #[test]
    fn several_columns_are_named_in_any_order_and_values_may_hold_commas() {
        let columns = ["country", "Article"];
        for text in ["country=NL,article=7", "article=7,country=NL"] {
            assert_eq!(parsed(&columns, text).unwrap(), ["NL", "7"], "{text}");
        }
        assert_eq!(
            parsed(&columns, "country=a,b=c,Article=x,y").unwrap(),
            ["a,b=c", "x,y"]
        );
        for text in [
            "NL",
            "country=NL",
            "country=NL,country=NL",
            "article=7,other=1",
            "",
        ] {
            let error = parsed(&columns, text).unwrap_err();
            assert_eq!(
                error, "the key of a row is written country=..,Article=..",
                "{text}"
            );
        }
    }
}
