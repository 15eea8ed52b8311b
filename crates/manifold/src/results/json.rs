//! Rows as one JSON document.

use std::io::{self, Write as _};

use manifold_format::Value;
use serde_json::{Map, Value as Json, json};

use super::value::{JsonValue, kind};
use super::{Columns, Heading, RowWriter, Sink};
use crate::output::OutputError;

/// Writes `{"columns": [..], "rows": [[..], ..], ..}`, a row on each line.
pub(super) struct JsonWriter {
    out: Sink,
    shape: Columns,
    columns: Vec<Heading>,
    begun: bool,
}

impl JsonWriter {
    pub(super) fn new(out: Sink, shape: Columns) -> Self {
        Self {
            out,
            shape,
            columns: Vec::new(),
            begun: false,
        }
    }

    /// Columns without a type get that of their first value.
    fn begin(&mut self, first: &[Value<'_>]) -> Result<(), OutputError> {
        self.begun = true;
        let columns: Vec<Json> = (self.columns.iter().enumerate())
            .map(|(index, column)| match self.shape {
                Columns::Names => json!(column.name),
                Columns::NamesAndTypes => {
                    let found = column
                        .kind
                        .as_deref()
                        .or_else(|| first.get(index).and_then(kind));
                    json!({ "name": column.name, "type": found })
                }
            })
            .collect();
        self.out.write_all(b"{\"columns\": ")?;
        serde_json::to_writer(&mut self.out, &columns).map_err(io::Error::from)?;
        Ok(self.out.write_all(b", \"rows\": [")?)
    }
}

impl RowWriter for JsonWriter {
    fn columns(&mut self, columns: Vec<Heading>) -> Result<(), OutputError> {
        self.columns = columns;
        Ok(())
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), OutputError> {
        if self.begun {
            self.out.write_all(b",")?;
        } else {
            self.begin(values)?;
        }
        self.out.write_all(b"\n[")?;
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.out.write_all(b",")?;
            }
            serde_json::to_writer(&mut self.out, &JsonValue(*value)).map_err(io::Error::from)?;
        }
        Ok(self.out.write_all(b"]")?)
    }

    fn finish(mut self: Box<Self>, trailer: Map<String, Json>) -> Result<(), OutputError> {
        let any = self.begun;
        if !any {
            self.begin(&[])?;
        }
        self.out.write_all(if any { b"\n]" } else { b"]" })?;
        for (key, value) in trailer {
            write!(self.out, ", {}: {value}", Json::from(key))?;
        }
        self.out.write_all(b"}\n")?;
        Ok(self.out.flush()?)
    }
}
