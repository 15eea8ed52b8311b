//! Takes the rows of a query and writes them.

use std::collections::HashMap;
use std::ops::ControlFlow;

use manifold_format::Value;
use manifold_store::sandbox::{ResultColumn, RowColumn, RowSink, ValueRef};

use crate::output::OutputError;
use crate::results::{Heading, RowWriter};

/// A value as the sandbox hands it out.
pub(super) type RowValue<'a> = ValueRef<'a>;

/// Writes rows as they come; keeps the error when the output fails.
pub(super) struct QuerySink {
    writer: Box<dyn RowWriter>,
    types: HashMap<RowColumn, String>,
    failed: Option<OutputError>,
}

impl QuerySink {
    /// A sink into `writer`; `types` are those of stored columns.
    pub(super) fn new(writer: Box<dyn RowWriter>, types: HashMap<RowColumn, String>) -> Self {
        Self {
            writer,
            types,
            failed: None,
        }
    }

    /// The writer, after the last row.
    ///
    /// # Errors
    /// What kept rows from being written.
    pub(super) fn writer(self) -> Result<Box<dyn RowWriter>, OutputError> {
        self.failed.map_or(Ok(self.writer), Err)
    }

    fn keep(&mut self, written: Result<(), OutputError>) -> ControlFlow<()> {
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

impl RowSink for QuerySink {
    fn columns(&mut self, columns: &[ResultColumn]) -> ControlFlow<()> {
        let headings = columns.iter().map(|column| Heading {
            name: column.name.clone(),
            kind: column
                .origin
                .as_ref()
                .and_then(|origin| self.types.get(origin))
                .cloned(),
        });
        let written = self.writer.columns(headings.collect());
        self.keep(written)
    }

    fn row(&mut self, values: &[ValueRef<'_>]) -> ControlFlow<()> {
        let values: Vec<_> = values.iter().map(value).collect();
        let written = self.writer.row(&values);
        self.keep(written)
    }
}

/// The value as a writer takes it.
pub(super) fn value<'a>(value: &ValueRef<'a>) -> Value<'a> {
    match *value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(bytes) => Value::Text(bytes),
        ValueRef::Blob(bytes) => Value::Blob(bytes),
    }
}
