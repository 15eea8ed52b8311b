//! Reads delimited text.

use crate::column::Column;
use crate::dialect::{Dialect, LineEnd};
use crate::encoding::Encoding;
use crate::error::ReadError;
use crate::header::read_header;
use crate::options::CsvOptions;
use crate::quirk::{FormView, QuirkView};
use crate::quoting::Quoting;
use crate::raw_text::RawText;
use crate::record::{Record, RejectReason};
use crate::row_encoder::RowEncoder;
use crate::sample::Sample;
use crate::source::Source;
use crate::splitter::{Split, Terminator};
use crate::summary::Summary;
use crate::verdict::Verdict;
use std::io::Read;

/// Reads delimited text record by record: splits, encodes and judges its cells, and notes what is
/// needed to write the same bytes again. Holds one record and the bytes since the last row.
pub struct CsvReader<R> {
    source: Source<R>,
    options: CsvOptions,
    columns: Vec<Column>,
    encoder: RowEncoder,
    dialect: Dialect,
    lead: Vec<u8>,
    lead_line: u64,
    line: u64,
    rows: u64,
    rejected: u64,
    padded: u64,
    quirks: u64,
}

/// What [`CsvReader::next`] read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A row.
    Row,
    /// A record that is not a row: see [`Record::reason`] and [`Record::raw`].
    Rejected,
    /// Nothing: the input has ended.
    End,
}

impl<R: Read> CsvReader<R> {
    /// Reads the header and looks at the first rows.
    ///
    /// # Errors
    ///
    /// Every [`ReadError`] except those about encodings.
    pub fn open(reader: R, options: CsvOptions) -> Result<Self, ReadError> {
        let delimiter = options.delimiter;
        if !delimiter.is_ascii() || matches!(delimiter, b'"' | b'\n' | b'\r') {
            return Err(ReadError::Delimiter {
                delimiter: char::from(delimiter),
            });
        }
        let mut source = Source::new(reader, &options);
        let header = read_header(&mut source, &options)?;
        let line = 1 + header.lines;
        let sample = Sample::take(&mut source, &options, header.cells.len(), line)?;
        let line_end = sample.line_end(header.terminator);
        let columns = sample.columns(header.cells, options.header);
        let quoting: Vec<Quoting> = columns.iter().map(|c| c.proposal.quoting).collect();
        let encodings = columns.iter().map(|c| c.proposal.encoding).collect();
        Ok(Self {
            source,
            encoder: RowEncoder::new(encodings, quoting.clone(), delimiter),
            dialect: Dialect {
                delimiter,
                line_end,
                final_newline: true,
                header: RawText(header.raw),
                tail: RawText::default(),
                quoting,
            },
            options,
            columns,
            lead: Vec::new(),
            lead_line: line,
            line,
            rows: 0,
            rejected: 0,
            padded: 0,
            quirks: 0,
        })
    }

    /// The columns, with what the sample proposes for them.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Sets how cells are encoded, instead of what the sample proposes.
    ///
    /// # Errors
    ///
    /// [`ReadError::EncodingCount`], [`ReadError::EncodingsLate`].
    pub fn set_encodings(&mut self, encodings: &[Encoding]) -> Result<(), ReadError> {
        let (columns, found) = (self.columns.len(), encodings.len());
        if columns != found {
            return Err(ReadError::EncodingCount { columns, found });
        }
        if self.rows > 0 {
            return Err(ReadError::EncodingsLate { rows: self.rows });
        }
        self.encoder.encodings = encodings.to_vec();
        Ok(())
    }

    /// Reads the next row or rejected record into `record`. Behind the end it stays at the end.
    ///
    /// # Errors
    ///
    /// [`ReadError::Io`], [`ReadError::Gzip`], [`ReadError::CellTooLarge`],
    /// [`ReadError::RecordTooLarge`], [`ReadError::NoUsableRows`]. Reading cannot go on then.
    pub fn next(&mut self, record: &mut Record) -> Result<Item, ReadError> {
        let columns = self.columns.len();
        loop {
            record.clear(self.line);
            let split = self
                .source
                .split(0, self.line, columns, &mut record.fields)?;
            let (len, terminator) = match split {
                Split::Record { len, terminator } => (len, terminator),
                Split::Unterminated(_) => {
                    let swallowed = self.source.window();
                    let line_ends = memchr::memchr_iter(b'\n', swallowed).count() as u64;
                    let lines = line_ends + u64::from(!swallowed.ends_with(b"\n"));
                    let len = swallowed.len();
                    return self.reject(record, len, RejectReason::UnterminatedQuote { lines });
                }
                Split::Partial(_) | Split::End => return Ok(Item::End),
            };
            if len == terminator.len() && columns > 1 {
                self.skip(len)?;
                continue;
            }
            let found = record.fields.count;
            if found > columns {
                return self.reject(record, len, RejectReason::TooManyFields { found, columns });
            }
            if found < columns && self.options.strict {
                return self.reject(record, len, RejectReason::TooFewFields { found, columns });
            }
            self.accept(record, len, terminator);
            return Ok(Item::Row);
        }
    }

    fn accept(&mut self, record: &mut Record, len: usize, terminator: Terminator) {
        record.raw.extend_from_slice(&self.source.window()[..len]);
        self.source.consume(len);
        self.line += if record.fields.special {
            memchr::memchr_iter(b'\n', &record.raw).count() as u64
        } else {
            1
        };
        self.rows += 1;
        self.encoder.encode(record);
        let padded = record.fields.count < self.columns.len();
        self.padded += u64::from(padded);
        let other_line_end = match terminator {
            Terminator::None => {
                self.dialect.final_newline = false;
                false
            }
            Terminator::Lf => self.dialect.line_end != LineEnd::Lf,
            Terminator::CrLf => self.dialect.line_end != LineEnd::Crlf,
        };
        self.note_quirk(record, padded || other_line_end);
        self.lead.clear();
        self.lead_line = self.line;
    }

    /// Notes in the record what the dialect does not say about its bytes. `raw`: there is more to
    /// it than which cells are quoted.
    fn note_quirk(&mut self, record: &mut Record, raw: bool) {
        record.mask.clear();
        let form = if raw || record.fields.irregular {
            FormView::Raw(&record.raw)
        } else {
            self.encoder.note_deviations(record);
            if record.mask.is_empty() {
                FormView::Conforming
            } else {
                FormView::Mask(&record.mask)
            }
        };
        if !matches!(form, FormView::Conforming) || !self.lead.is_empty() {
            let lead = &self.lead;
            QuirkView { lead, form }.write(&mut record.quirk);
            self.quirks += 1;
        }
    }

    fn reject(
        &mut self,
        record: &mut Record,
        len: usize,
        reason: RejectReason,
    ) -> Result<Item, ReadError> {
        record.raw.extend_from_slice(&self.source.window()[..len]);
        record.reason = Some(reason);
        self.rejected += 1;
        self.skip(len)?;
        Ok(Item::Rejected)
    }

    /// Keeps bytes that are no row for the next row's quirk, or for the tail.
    fn skip(&mut self, len: usize) -> Result<(), ReadError> {
        let skipped = &self.source.window()[..len];
        self.lead.extend_from_slice(skipped);
        self.line += memchr::memchr_iter(b'\n', skipped).count() as u64;
        self.source.consume(len);
        self.source
            .check_skipped(self.lead.len(), self.lead_line, self.line)
    }

    /// What the whole input amounts to. Reads the rows that are left, if any.
    ///
    /// # Errors
    ///
    /// As [`CsvReader::next`].
    pub fn finish(&mut self) -> Result<Summary, ReadError> {
        let mut record = Record::new();
        while self.next(&mut record)? != Item::End {}
        let mut dialect = self.dialect.clone();
        dialect.tail = RawText(self.lead.clone());
        let columns: Vec<Verdict> = self
            .encoder
            .evidence
            .iter()
            .zip(&dialect.quoting)
            .map(|(evidence, quoting)| Verdict::of(evidence, *quoting))
            .collect();
        Ok(Summary {
            odd_cells: columns.iter().map(|column| column.odd_cells).sum(),
            columns,
            dialect,
            rows: self.rows,
            rejected: self.rejected,
            padded: self.padded,
            quirks: self.quirks,
            bytes: self.source.tee().total(),
            hash: self.source.tee().hash(),
        })
    }
}
