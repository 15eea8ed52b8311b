//! Rows as CSV.

use std::io::Write as _;

use manifold_format::{CsvWriter, LineEnd, Value, WriteError};
use serde_json::{Map, Value as Json};

use super::value::text;
use super::{Heading, RowWriter, Sink};
use crate::output::OutputError;

/// Writes a header and rows, comma-separated.
pub(super) struct CsvRows {
    header: Option<Vec<String>>,
    out: CsvWriter<Sink>,
}

impl CsvRows {
    pub(super) fn new(out: Sink) -> Self {
        Self {
            header: None,
            out: CsvWriter::new(out, b',', LineEnd::Lf),
        }
    }

    fn begin(&mut self) -> Result<(), OutputError> {
        match self.header.take() {
            Some(header) => self.out.write_header(&header).map_err(output_error),
            None => Ok(()),
        }
    }
}

impl RowWriter for CsvRows {
    fn columns(&mut self, columns: Vec<Heading>) -> Result<(), OutputError> {
        self.header = Some(columns.into_iter().map(|column| column.name).collect());
        Ok(())
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), OutputError> {
        self.begin()?;
        let texts: Vec<_> = values.iter().map(text).collect();
        self.out
            .write_texts(texts.iter().map(Option::as_deref))
            .map_err(output_error)
    }

    fn finish(mut self: Box<Self>, _trailer: Map<String, Json>) -> Result<(), OutputError> {
        self.begin()?;
        Ok(self.out.finish().map_err(output_error)?.flush()?)
    }
}

/// Only the output fails here: rows have as many cells as the header.
fn output_error(error: WriteError) -> OutputError {
    match error {
        WriteError::Io { source, .. } => source.into(),
        other => std::io::Error::other(other).into(),
    }
}
