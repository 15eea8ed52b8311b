//! Rows as a table for people.

use manifold_format::Value;
use serde_json::{Map, Value as Json};

use super::value::{hex, kind, text};
use super::{Heading, RowWriter};
use crate::output::{self, OutputError};
use crate::table::{self, Align};

/// Keeps all rows, because the widest cell of a column decides its width; callers set a limit.
#[derive(Default)]
pub(super) struct TableWriter {
    columns: Vec<Heading>,
    numeric: Vec<Option<bool>>,
    rows: Vec<Vec<String>>,
}

impl RowWriter for TableWriter {
    fn columns(&mut self, columns: Vec<Heading>) -> Result<(), OutputError> {
        let is_number = |kind: &String| matches!(kind.as_str(), "integer" | "real" | "decimal");
        self.numeric = columns
            .iter()
            .map(|column| column.kind.as_ref().map(is_number))
            .collect();
        self.columns = columns;
        Ok(())
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), OutputError> {
        for (numeric, value) in self.numeric.iter_mut().zip(values) {
            // An expression is a number if its first value is one.
            *numeric =
                numeric.or_else(|| kind(value).map(|kind| matches!(kind, "integer" | "real")));
        }
        self.rows.push(values.iter().map(shown).collect());
        Ok(())
    }

    fn finish(mut self: Box<Self>, _trailer: Map<String, Json>) -> Result<(), OutputError> {
        let rows = std::mem::take(&mut self.rows);
        let aligned = self
            .columns
            .iter()
            .zip(&self.numeric)
            .map(|(column, numeric)| {
                (
                    column.name.as_str(),
                    if *numeric == Some(true) {
                        Align::Right
                    } else {
                        Align::Left
                    },
                )
            });
        let header: Vec<_> = aligned.collect();
        output::lines_to_stdout(&table::table(&header, rows))
    }
}

fn shown(value: &Value<'_>) -> String {
    match (value, text(value)) {
        (_, None) => String::new(),
        (Value::Blob(bytes), Some(text)) if std::str::from_utf8(&text).is_err() => {
            format!("x'{}'", hex(bytes))
        }
        (_, Some(text)) => String::from_utf8_lossy(&text).into_owned(),
    }
}
