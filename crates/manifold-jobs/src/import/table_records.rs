//! The rows of a table, as the row log takes them.

use std::cell::RefCell;

use manifold_format::{Decision, Encoding, Item, Place, Record, Rows, Table, Value};
use manifold_store::rows::{
    Cell, Finished, FinishedColumn, IncomingColumn, Records, RecordsError, Rejected, Row, Step,
    StoredColumn,
};

use super::SharedFindings;
use super::input_file::hash_text;

/// The rows of a table in an input of any format.
pub(crate) struct TableRecords {
    format: &'static str,
    table: Table,
    rows: Box<dyn Rows>,
    decisions: Vec<Decision>,
    columns: Vec<IncomingColumn>,
    encodings: Vec<Encoding>,
    begun: bool,
    /// A stored column has an encoding that this version does not know.
    unknown: Option<manifold_format::UnknownEncoding>,
    record: Record,
    findings: SharedFindings,
    /// Codes that were asked for, with what they mean: parsing one per cell would take longer than the rest.
    parsed: RefCell<Vec<(String, Encoding)>>,
}

impl TableRecords {
    /// What is found beyond the rows of the table goes into `findings`, with why the input is read so.
    pub(crate) fn new(
        format: &'static str,
        table: Table,
        rows: Box<dyn Rows>,
        decisions: Vec<Decision>,
        findings: SharedFindings,
    ) -> Self {
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
            begun: false,
            unknown: None,
            record: Record::new(),
            findings,
            parsed: RefCell::default(),
        }
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

    fn begin(&mut self) -> Result<(), RecordsError> {
        self.begun = true;
        if let Some(unknown) = self.unknown.take() {
            return Err(unknown.into());
        }
        Ok(self.rows.set_encodings(&self.encodings)?)
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
        match stored.encoding.parse() {
            Ok(encoding) => {
                let adopted = Encoding::adopt(encoding, stored.was_empty, proposed);
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
        if !self.begun {
            self.begin()?;
        }
        match self.rows.next(&mut self.record)? {
            Item::Row => {
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
        if self.rows.is_typed()
            && let Some(dialect) = summary.dialect.as_object_mut()
        {
            dialect.insert("format".to_owned(), self.format.into());
            dialect.insert("reading".to_owned(), self.table.reading.clone());
        }
        self.findings
            .conclude(&self.table.columns, &self.decisions, &summary);
        let columns = summary.columns.iter().map(|verdict| FinishedColumn {
            column_type: verdict.column_type.code().to_owned(),
            format: verdict.format.clone(),
            encoding: verdict.encoding.code(),
            quoting: verdict.quoting.code().to_owned(),
            odd_cells: verdict.odd_cells,
        });
        Ok(Finished {
            columns: columns.collect(),
            dialect: summary.dialect,
            input_hash: hash_text(&summary.hash),
            input_bytes: summary.bytes,
            padded: summary.padded,
            odd_cells: summary.odd_cells,
        })
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

#[inline]
fn value(cell: Cell<'_>) -> Value<'_> {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(value) => Value::Int(value),
        Cell::Real(value) => Value::Real(value),
        Cell::Text(bytes) => Value::Text(bytes),
        Cell::Blob(bytes) => Value::Blob(bytes),
    }
}
