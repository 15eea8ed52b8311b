//! The rows of a delimited file, as the row log takes them.

use std::cell::RefCell;
use std::io::Read;

use manifold_format::{CsvReader, Encoding, Item, Record, Value};
use manifold_store::rows::{
    Cell, Finished, FinishedColumn, IncomingColumn, Records, RecordsError, Rejected, Row, Step,
    StoredColumn,
};

use super::SharedFindings;
use super::csv_file::hash_text;
use super::reading::recorded;

/// The rows of a delimited file.
pub(crate) struct CsvRecords<R> {
    reader: CsvReader<R>,
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

impl<R: Read> CsvRecords<R> {
    /// What it finds beyond the rows goes into `findings`.
    pub(crate) fn new(reader: CsvReader<R>, findings: SharedFindings) -> Self {
        let columns = reader.columns().iter();
        let columns = columns
            .map(|column| IncomingColumn {
                name: column.name.clone(),
                sample: column.proposal.cells.clone(),
            })
            .collect();
        let encodings = reader
            .columns()
            .iter()
            .map(|column| column.proposal.encoding)
            .collect();
        let record = Record::new();
        let parsed = RefCell::default();
        Self {
            reader,
            columns,
            encodings,
            begun: false,
            unknown: None,
            record,
            findings,
            parsed,
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
        Ok(self.reader.set_encodings(&self.encodings)?)
    }
}

impl<R: Read> Records for CsvRecords<R> {
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
        match self.reader.next(&mut self.record)? {
            Item::Row => {
                for value in self.record.cells() {
                    row.push(cell(value));
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
        let summary = self.reader.finish()?;
        let dialect = recorded(&self.reader, &summary.dialect)?;
        self.findings
            .conclude(&self.reader, &summary, dialect.clone());
        let columns = summary.columns.iter().map(|verdict| FinishedColumn {
            column_type: verdict.column_type.code().to_owned(),
            format: verdict.format.clone(),
            encoding: verdict.encoding.code(),
            quoting: verdict.quoting.code().to_owned(),
            odd_cells: verdict.odd_cells,
        });
        Ok(Finished {
            columns: columns.collect(),
            dialect,
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
