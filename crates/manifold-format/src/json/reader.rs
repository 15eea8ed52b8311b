//! A JSON input behind the trait that every format has.

use super::analysis::{Analysis, analyse};
use super::options::{JsonOptions, Shape};
use super::rows::JsonRows;
use super::schema::{Identity, dotted};
use super::source::JsonSource;
use crate::detection::{Decision, Decisions};
use crate::error::ReadError;
use crate::reader::{ByteProgress, OpenInput, Reader, Rows, Table};
use crate::text_encoding::TextEncoding;
use std::sync::Arc;

/// JSON or JSON Lines whose tables are known. The input is read once to find them, and once more for each table.
pub struct JsonReader {
    open: OpenInput,
    options: JsonOptions,
    progress: ByteProgress,
    analysis: Arc<Analysis>,
    tables: Vec<Table>,
    decisions: Vec<Decision>,
}

impl JsonReader {
    /// Reads the input to find its tables, their columns and types; `progress` counts what is read of it.
    ///
    /// # Errors
    /// [`ReadError`], those about delimited text excepted.
    pub fn open(
        open: OpenInput,
        options: JsonOptions,
        progress: ByteProgress,
    ) -> Result<Self, ReadError> {
        let analysis = analyse(&open, &options)?;
        Ok(Self {
            open,
            options,
            progress,
            tables: analysis.schema.tables(),
            decisions: decisions(&analysis),
            analysis: Arc::new(analysis),
        })
    }
}

impl JsonReader {
    /// The encoding of the input.
    #[must_use]
    pub fn encoding(&self) -> TextEncoding {
        self.analysis.encoding
    }
}

impl Reader for JsonReader {
    fn format(&self) -> &'static str {
        if self.options.lines { "jsonl" } else { "json" }
    }

    fn tables(&self) -> &[Table] {
        &self.tables
    }

    fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    fn progress(&self) -> ByteProgress {
        self.progress.clone()
    }

    fn rows(&mut self, table: usize) -> Result<Box<dyn Rows>, ReadError> {
        if table >= self.tables.len() {
            return Err(ReadError::NoTable { table });
        }
        let input = (self.open)().map_err(|source| ReadError::Io {
            offset: 0,
            line: 1,
            source,
        })?;
        let source = JsonSource::new(input, self.options.record_limit())?;
        let rows = JsonRows::new(self.analysis.clone(), source, table);
        Ok(Box::new(rows))
    }
}

fn decisions(analysis: &Analysis) -> Vec<Decision> {
    let mut decisions = Decisions::default();
    if analysis.encoding != TextEncoding::UTF_8 {
        let why = "the mark or the NULs at the start";
        decisions.add("encoding", analysis.encoding.name(), why, 1.0);
    }
    let (found, why) = match analysis.shape {
        Shape::Array => ("array", "the input is one array"),
        Shape::Envelope => (
            "envelope",
            "the input is one object with arrays of objects in it",
        ),
        Shape::Values => ("values", "the input is values one after the other"),
        Shape::Lines => ("lines", "each line is a record"),
    };
    decisions.add("records", found, why, 1.0);
    let roots = analysis.schema.tables.iter();
    let roots = roots.filter(|table| table.parent.is_none() && !table.path.is_empty());
    let roots: Vec<String> = roots.map(|table| dotted(&table.path)).collect();
    if !roots.is_empty() {
        decisions.add(
            "tables",
            roots.join(", "),
            "arrays of objects stand there",
            1.0,
        );
    }
    for (index, table) in analysis.schema.tables.iter().enumerate() {
        if let Some(parent) = table.parent {
            let at = dotted(&table.path);
            let by = match analysis.schema.identity(parent) {
                Identity::Member => "by its key",
                _ => "by its number",
            };
            let name = table.name.clone().unwrap_or_default();
            let why =
                format!("`{at}` is an array of objects; `_parent` names the record around it {by}");
            decisions.add("table", name, why, 1.0);
        }
        if analysis.schema.identity(index) == Identity::Made {
            let why =
                "rows refer to these, and no member id or key is in all of them and different";
            decisions.add("column", "_row", why, 1.0);
        }
    }
    let beside: Vec<&str> = analysis.rest.keys().map(String::as_str).collect();
    if !beside.is_empty() {
        let why = "they stand beside the records, and are kept with the snapshot";
        decisions.add("beside", beside.join(", "), why, 1.0);
    }
    if !analysis.left_out.is_empty() {
        let why = "they stand beside the records and are too large to be kept";
        decisions.add("left_out", analysis.left_out.join(", "), why, 1.0);
    }
    decisions.0
}
