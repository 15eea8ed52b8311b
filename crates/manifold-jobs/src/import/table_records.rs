//! The rows of a table, as the row log takes them.

use std::cell::RefCell;

use manifold_format::{
    CellExamples, ColumnProfile, ColumnTyping, Decision, Encoding, Item, JudgedColumn, Place,
    Record, Rows, Table, TableProfiler, TableSummary, Typing, Value, Verdict,
};
use manifold_store::rows::{
    Cell, Finished, FinishedColumn, IncomingColumn, OriginalParts, Records, RecordsError, Rejected,
    Row, Step, StoredColumn,
};

use super::input_file::hash_text;
use super::{KeptInput, SharedFindings};

/// The rows of a table in an input of any format.
pub(crate) struct TableRecords {
    format: &'static str,
    table: Table,
    rows: Box<dyn Rows>,
    decisions: Vec<Decision>,
    typing: Typing,
    columns: Vec<IncomingColumn>,
    encodings: Vec<Encoding>,
    /// What the columns hold; `None` before the first row.
    profiler: Option<TableProfiler>,
    /// A stored column has an encoding that this version does not know.
    unknown: Option<manifold_format::UnknownEncoding>,
    /// Cells that are kept to show those that are odd.
    examples: Option<CellExamples>,
    record: Record,
    findings: SharedFindings,
    kept: Option<KeptInput>,
    /// The hash of all that was read.
    hash: Option<blake3::Hash>,
    /// Codes that were asked for, with what they mean: parsing one per cell would take longer than the rest.
    parsed: RefCell<Vec<(String, Encoding)>>,
}

impl TableRecords {
    /// Columns are what `typing` says. What is found beyond the rows of the table goes into `findings`, with why the input is
    /// read so.
    pub(crate) fn new(
        format: &'static str,
        mut table: Table,
        rows: Box<dyn Rows>,
        decisions: Vec<Decision>,
        typing: Typing,
        findings: SharedFindings,
    ) -> Self {
        for column in &mut table.columns {
            column.proposal = column.proposal.under(typing.of(&column.name));
        }
        let proposed = |column: &manifold_format::Column| IncomingColumn {
            name: column.name.clone(),
            sample: column.proposal.cells.clone(),
        };
        let encodings = table.columns.iter().map(|column| column.proposal.encoding);
        Self {
            columns: table.columns.iter().map(proposed).collect(),
            encodings: encodings.collect(),
            format,
            table,
            rows,
            decisions,
            typing,
            profiler: None,
            unknown: None,
            examples: None,
            record: Record::new(),
            findings,
            kept: None,
            hash: None,
            parsed: RefCell::default(),
        }
    }

    /// The same, with the bytes of the input, should they have to be kept.
    pub(crate) fn keeping(self, kept: Option<KeptInput>) -> Self {
        Self { kept, ..self }
    }

    /// Keeps some cells, so that those can be shown that are odd.
    pub(crate) fn keeping_examples(mut self) -> Self {
        self.examples = Some(CellExamples::new(self.columns.len()));
        self
    }

    /// What a code means. An import with a code that is unknown fails before its first row; until then
    /// its cells print as text does.
    fn parsed(&self, code: &str) -> Encoding {
        let mut parsed = self.parsed.borrow_mut();
        if let Some((_, encoding)) = parsed.iter().find(|(known, _)| known == code) {
            return *encoding;
        }
        let encoding = code.parse().unwrap_or(Encoding::Text);
        parsed.push((code.to_owned(), encoding));
        encoding
    }

    fn typing_of(&self, column: usize) -> ColumnTyping {
        self.typing.of(&self.table.columns[column].name)
    }

    fn note_examples(&mut self) {
        let Some(examples) = &mut self.examples else {
            return;
        };
        let is_typed = self.rows.is_typed();
        for (index, value) in self.record.cells().enumerate() {
            let is_text = is_typed && matches!(value, Value::Text(_));
            // Of typed cells that are stored as text nobody knows any more which were numbers.
            let is_known = !is_text || self.encodings[index] != Encoding::Text;
            if !value.is_null() && is_known {
                let cell = self.record.raw_cell(index);
                examples.note(index, self.record.line(), cell, is_text);
            }
        }
    }

    fn begin(&mut self) -> Result<(), RecordsError> {
        if let Some(unknown) = self.unknown.take() {
            return Err(unknown.into());
        }
        self.rows.set_encodings(&self.encodings)?;
        self.profiler = Some(TableProfiler::new(&self.encodings));
        Ok(())
    }

    /// What the columns hold, now that all rows were read.
    fn profiles(&self, summary: &TableSummary) -> Vec<Option<ColumnProfile>> {
        let tokens = summary.columns.iter().map(tokens);
        let tokens: Vec<Vec<Vec<u8>>> = tokens
            .map(|tokens| tokens.into_iter().map(String::into_bytes).collect())
            .collect();
        let columns = summary.columns.iter().zip(&tokens);
        let columns = columns.map(|(verdict, null_tokens)| JudgedColumn {
            column_type: verdict.column_type,
            format: verdict.format.as_deref(),
            null_tokens,
        });
        match &self.profiler {
            Some(profiler) => profiler.finish(columns),
            None => TableProfiler::new(&self.encodings).finish(columns),
        }
    }
}

impl Records for TableRecords {
    fn columns(&self) -> &[IncomingColumn] {
        &self.columns
    }

    fn adopt(&mut self, column: usize, stored: Option<StoredColumn<'_>>) -> String {
        let proposed = self.encodings[column];
        let Some(stored) = stored else {
            return proposed.code();
        };
        let is_asked = self.typing_of(column).asked.is_some();
        match stored.encoding.parse() {
            Ok(encoding) => {
                // What somebody says is metadata only: no stored row may differ by it.
                let adopted = if is_asked && !stored.was_empty {
                    encoding
                } else {
                    Encoding::adopt(encoding, stored.was_empty, proposed)
                };
                self.encodings[column] = adopted;
                adopted.code()
            }
            Err(unknown) => {
                self.unknown = Some(unknown);
                stored.encoding.to_owned()
            }
        }
    }

    #[inline]
    fn next(&mut self, row: &mut Row) -> Result<Step, RecordsError> {
        if self.profiler.is_none() {
            self.begin()?;
        }
        match self.rows.next(&mut self.record)? {
            Item::Row => {
                self.note_examples();
                if let Some(profiler) = &mut self.profiler {
                    profiler.count_record(&self.record);
                }
                for part in self.record.bytes() {
                    row.append_bytes(part);
                }
                for place in self.record.places() {
                    match place {
                        Place::Null => row.push_null(),
                        Place::Int(value) => row.push_int(value),
                        Place::Real(value) => row.push_real(value),
                        Place::Text(range) => row.push_text_at(range),
                        Place::Blob(range) => row.push_blob_at(range),
                    }
                }
                row.line = self.record.line();
                row.quirk = self.record.quirk().map(<[u8]>::to_vec);
                Ok(Step::Row)
            }
            Item::Rejected => {
                let line = self.record.line();
                let reason = self
                    .record
                    .reason()
                    .map_or_else(String::new, |reason| reason.to_string());
                self.findings.add_reject(line, &reason);
                Ok(Step::Rejected(Rejected {
                    line,
                    reason,
                    raw: self.record.raw().to_vec(),
                }))
            }
            Item::End => Ok(Step::End),
        }
    }

    fn finish(&mut self) -> Result<Finished, RecordsError> {
        let mut summary = self.rows.finish()?;
        self.hash = Some(summary.hash);
        for (index, verdict) in summary.columns.iter_mut().enumerate() {
            *verdict = verdict.under(self.typing_of(index));
        }
        summary.odd_cells = summary.columns.iter().map(|column| column.odd_cells).sum();
        if let Some(dialect) = summary.dialect.as_object_mut()
            && !self.typing.is_empty()
        {
            dialect.insert("typing".to_owned(), serde_json::to_value(&self.typing)?);
        }
        if self.rows.is_typed()
            && let Some(dialect) = summary.dialect.as_object_mut()
        {
            dialect.insert("format".to_owned(), self.format.into());
            dialect.insert("reading".to_owned(), self.table.reading.clone());
        }
        self.findings.conclude(
            &self.table.columns,
            &self.decisions,
            &summary,
            self.examples.as_ref(),
        );
        let profiles = self.profiles(&summary);
        let columns = summary.columns.iter().zip(&profiles);
        let columns = columns.map(|(verdict, profile)| {
            Ok(FinishedColumn {
                column_type: verdict.column_type.code().to_owned(),
                format: verdict.format.clone(),
                encoding: verdict.encoding.code(),
                quoting: verdict.quoting.code().to_owned(),
                odd_cells: verdict.odd_cells,
                null_tokens: tokens(verdict),
                profile: profile.as_ref().map(serde_json::to_value).transpose()?,
            })
        });
        Ok(Finished {
            columns: columns.collect::<Result<_, RecordsError>>()?,
            dialect: summary.dialect,
            input_hash: hash_text(&summary.hash),
            input_bytes: summary.bytes,
            padded: summary.padded,
            odd_cells: summary.odd_cells,
        })
    }

    fn keeps_original(&self) -> bool {
        self.kept.is_some()
    }

    fn original(&mut self) -> Result<OriginalParts, RecordsError> {
        match (self.kept.take(), self.hash) {
            (Some(kept), Some(hash)) => kept.parts(hash),
            _ => Err("the bytes of the input are not kept".into()),
        }
    }

    fn reencode<'a>(
        &self,
        stored: Cell<'_>,
        from: &str,
        to: &str,
        buffer: &'a mut Vec<u8>,
    ) -> Cell<'a> {
        if stored.is_null() {
            return Cell::Null;
        }
        buffer.clear();
        if let Cell::Text(text) = stored
            && self.rows.is_typed()
        {
            buffer.extend_from_slice(text); // it looks like a number and is none
            return Cell::Text(buffer);
        }
        self.render(stored, from, buffer);
        cell(self.parsed(to).encode(buffer))
    }

    fn render(&self, stored: Cell<'_>, encoding: &str, out: &mut Vec<u8>) {
        self.parsed(encoding).render(value(stored), out);
    }
}

fn tokens(verdict: &Verdict) -> Vec<String> {
    let tokens = verdict.null_tokens.iter();
    tokens.map(|seen| seen.token.clone()).collect()
}

#[inline]
fn cell(value: Value<'_>) -> Cell<'_> {
    match value {
        Value::Null => Cell::Null,
        Value::Int(value) => Cell::Int(value),
        Value::Real(value) => Cell::Real(value),
        Value::Text(bytes) => Cell::Text(bytes),
        Value::Blob(bytes) => Cell::Blob(bytes),
    }
}

/// A stored cell as the format knows it.
#[inline]
pub(crate) fn value(cell: Cell<'_>) -> Value<'_> {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(value) => Value::Int(value),
        Cell::Real(value) => Value::Real(value),
        Cell::Text(bytes) => Value::Text(bytes),
        Cell::Blob(bytes) => Value::Blob(bytes),
    }
}
