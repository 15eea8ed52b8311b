//! Delimited text behind the traits that every format has.

use crate::csv_reader::CsvReader;
use crate::detection::{Decision, Remembered};
use crate::dialect::Dialect;
use crate::encoding::Encoding;
use crate::error::ReadError;
use crate::item::Item;
use crate::options::CsvOptions;
use crate::reader::{ByteProgress, Reader, Rows, Table, TableSummary};
use crate::record::Record;
use crate::syntax::Syntax;
use crate::text_encoding::TextEncoding;
use serde::{Deserialize, Serialize};
use std::io::Read;

/// Delimited text whose header was read: one table, which is read once.
pub struct CsvInput<R> {
    tables: [Table; 1],
    decisions: Vec<Decision>,
    progress: ByteProgress,
    reader: Option<CsvReader<R>>,
}

impl<R: Read> CsvInput<R> {
    /// The table that `reader` is about to read; `progress` counts what it reads.
    #[must_use]
    pub fn new(reader: CsvReader<R>, progress: ByteProgress) -> Self {
        let table = Table {
            name: None,
            columns: reader.columns().to_vec(),
            references: Vec::new(),
            reading: serde_json::Value::Null,
        };
        Self {
            tables: [table],
            decisions: reader.decisions().to_vec(),
            progress,
            reader: Some(reader),
        }
    }
}

impl<R: Read + Send + 'static> Reader for CsvInput<R> {
    fn format(&self) -> &'static str {
        "csv"
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
        let reader = self.reader.take().filter(|_| table == 0);
        Ok(Box::new(reader.ok_or(ReadError::NoTable { table })?))
    }
}

impl<R: Read + Send> Rows for CsvReader<R> {
    fn set_encodings(&mut self, encodings: &[Encoding]) -> Result<(), ReadError> {
        Self::set_encodings(self, encodings)
    }

    fn next(&mut self, record: &mut Record) -> Result<Item, ReadError> {
        Self::next(self, record)
    }

    fn finish(&mut self) -> Result<TableSummary, ReadError> {
        let summary = Self::finish(self)?;
        let recorded = RecordedCsv::new(self.options(), &summary.dialect);
        Ok(TableSummary {
            dialect: serde_json::to_value(recorded)
                .map_err(|error| ReadError::Other(error.into()))?,
            columns: summary.columns,
            rows: summary.rows,
            rejected: summary.rejected,
            padded: summary.padded,
            mended: summary.mended,
            odd_cells: summary.odd_cells,
            bytes: summary.bytes,
            hash: summary.hash,
        })
    }

    fn is_typed(&self) -> bool {
        false
    }
}

/// How delimited text is written and how it was read, as snapshots record it.
#[derive(Clone, Debug, Serialize)]
struct RecordedCsv<'a> {
    #[serde(flatten)]
    dialect: &'a Dialect,
    reading: Reading,
}

/// The part of what snapshots of delimited text record that says how it was read.
#[derive(Clone, Debug, Deserialize)]
pub struct CsvReading {
    /// The characters that structure it.
    #[serde(flatten)]
    pub syntax: Syntax,
    /// How its characters are written as bytes.
    #[serde(default)]
    pub encoding: TextEncoding,
    reading: Reading,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Reading {
    /// The delimiter, for versions that know nothing else.
    delimiter: char,
    header: bool,
    strict: bool,
    header_rows: Option<usize>,
    #[serde(default)]
    skip_lines: u64,
    #[serde(default)]
    comment: Option<char>,
    #[serde(default)]
    columns: Option<usize>,
    #[serde(default)]
    all_tables: bool,
}

impl<'a> RecordedCsv<'a> {
    fn new(options: &CsvOptions, dialect: &'a Dialect) -> Self {
        Self {
            dialect,
            reading: Reading {
                delimiter: char::from(options.syntax.delimiter),
                header: options.header_rows > 0,
                strict: options.strict,
                header_rows: Some(options.header_rows),
                skip_lines: options.skip_lines,
                comment: options.comment.map(char::from),
                columns: options.columns,
                all_tables: options.all_tables,
            },
        }
    }
}

impl CsvReading {
    /// Records that name the columns.
    #[must_use]
    pub fn header_rows(&self) -> usize {
        let reading = &self.reading;
        reading.header_rows.unwrap_or(usize::from(reading.header))
    }

    /// Lines before the header.
    #[must_use]
    pub fn skip_lines(&self) -> u64 {
        self.reading.skip_lines
    }

    /// The character that begins comment lines.
    #[must_use]
    pub fn comment(&self) -> Option<char> {
        self.reading.comment
    }

    /// Whether short rows were rejected and none was mended.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.reading.strict
    }

    /// Whether a repeated header was passed over.
    #[must_use]
    pub fn has_all_tables(&self) -> bool {
        self.reading.all_tables
    }

    /// How to read these very bytes again as they were read.
    #[must_use]
    pub fn options(&self, max_cell: u64) -> CsvOptions {
        CsvOptions {
            syntax: self.syntax,
            encoding: self.encoding,
            skip_lines: self.skip_lines(),
            comment: self.comment().and_then(|c| u8::try_from(c).ok()),
            header_rows: self.header_rows(),
            columns: self.reading.columns,
            all_tables: self.has_all_tables(),
            strict: self.is_strict(),
            max_cell,
            ..CsvOptions::default()
        }
    }

    /// As far as another file of the same kind can be read so too.
    #[must_use]
    pub fn remembered(&self) -> Remembered {
        Remembered {
            syntax: self.syntax,
            encoding: self.encoding,
            comment: self.comment().and_then(|c| u8::try_from(c).ok()),
            header_rows: self.header_rows(),
        }
    }
}
