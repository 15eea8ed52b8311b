//! Reads delimited text.

mod second_look;

use crate::boundary::Terminator;
use crate::column::Column;
use crate::detection::{Asked, Chardetng, Decision, Decisions, find_dialect, find_encoding};
use crate::dialect::{Dialect, LineEnd};
use crate::encoding::Encoding;
use crate::error::ReadError;
use crate::header::read_header;
use crate::item::Item;
use crate::mender::Mender;
use crate::options::CsvOptions;
use crate::quirk::{FormView, QuirkView};
use crate::quoting::Quoting;
use crate::raw_text::RawText;
use crate::reader::check_encodings;
use crate::record::{Record, RejectReason};
use crate::row_encoder::RowEncoder;
use crate::sample::Sample;
use crate::signature;
use crate::source::Source;
use crate::splitter::Split;
use crate::summary::Summary;
use crate::text_encoding::TextEncoding;
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
    decisions: Vec<Decision>,
    /// Made for the first record that does not split into the columns.
    mender: Option<Box<Mender>>,
    /// The line where another table began, whose records are no rows.
    other_table: Option<u64>,
    lead: Vec<u8>,
    /// The bytes of a record in the encoding of the input.
    original: Vec<u8>,
    lead_line: u64,
    line: u64,
    /// Bytes of the input before the next record.
    behind: u64,
    rows: u64,
    rejected: u64,
    padded: u64,
    mended: u64,
    quirks: u64,
}

impl<R: Read> CsvReader<R> {
    /// Reads the header and looks at the first rows.
    ///
    /// # Errors
    ///
    /// Every [`ReadError`] except those about encodings.
    pub fn open(reader: R, options: CsvOptions) -> Result<Self, ReadError> {
        let source = Source::new(reader, &options);
        Self::begin(source, options)
    }

    /// Finds out how the input is to be read, as far as that is not `asked` for, from its first
    /// 64 KiB of text (256 KiB for the encoding). Of `options` only the limits, `strict` and
    /// `all_tables` are used. [`CsvReader::options`] and [`CsvReader::decisions`] say what was
    /// found. What the sample does not show stays as it is: it is data, rejected or odd.
    ///
    /// # Errors
    ///
    /// As [`CsvReader::open`].
    pub fn detect(reader: R, asked: &Asked, options: CsvOptions) -> Result<Self, ReadError> {
        // The usual quote can only separate cells where it is said that it is no quote.
        if asked.delimiter == Some(b'"') && asked.quote.is_none() {
            return Err(ReadError::Delimiter { delimiter: '"' });
        }
        let mut options = options;
        let mut source = Source::new(reader, &options);
        source.fill_first()?;
        let mut decisions = Decisions::default();
        options.encoding = find_encoding(source.window(), asked, &Chardetng, &mut decisions);
        if options.encoding == TextEncoding::UTF_8 {
            signature::check_start(source.window())?;
        }
        source.decode(options.encoding);
        let (text, at_end) = (source.window(), source.at_end());
        find_dialect(text, at_end, asked, &mut options, &mut decisions);
        source.set_syntax(options.syntax, options.comment);
        let mut reader = Self::begin(source, options)?;
        reader.decisions = decisions.0;
        Ok(reader)
    }

    /// Why the input is read as it is, decision by decision; empty if nothing was to be found.
    #[must_use]
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    fn begin(mut source: Source<R>, options: CsvOptions) -> Result<Self, ReadError> {
        let syntax = options.syntax;
        if let Some(unusable) = syntax.unusable() {
            return Err(ReadError::Delimiter {
                delimiter: char::from(unusable),
            });
        }
        let header = read_header(&mut source, &options)?;
        let line = 1 + header.lines;
        let sample = Sample::take(&mut source, &options, header.cells.len(), line)?;
        let line_end = sample.line_end(header.terminator);
        let columns = sample.columns(header.cells, options.header_rows > 0);
        let quoting: Vec<Quoting> = columns.iter().map(|c| c.proposal.quoting).collect();
        let encodings = columns.iter().map(|c| c.proposal.encoding).collect();
        let behind = header.raw.len() as u64;
        Ok(Self {
            source,
            encoder: RowEncoder::new(encodings, quoting.clone(), syntax, &options.null_tokens),
            dialect: Dialect {
                syntax,
                encoding: options.encoding,
                line_end,
                final_newline: true,
                header: RawText(header.raw),
                tail: RawText::default(),
                quoting,
            },
            options,
            columns,
            decisions: Vec::new(),
            mender: None,
            other_table: None,
            lead: Vec::new(),
            original: Vec::new(),
            lead_line: line,
            line,
            behind,
            rows: 0,
            rejected: 0,
            padded: 0,
            mended: 0,
            quirks: 0,
        })
    }

    /// How the input is read.
    #[must_use]
    pub fn options(&self) -> &CsvOptions {
        &self.options
    }

    /// How many bytes of the input stand before the next record; those of a rejected record are its
    /// [`Record::raw`], right before that place.
    #[must_use]
    pub fn bytes_behind(&self) -> u64 {
        self.behind
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
        check_encodings(encodings, self.columns.len(), self.rows)?;
        self.encoder.encodings = encodings.to_vec();
        Ok(())
    }

    /// Reads the next row or rejected record into `record`. Behind the end it stays at the end.
    ///
    /// # Errors
    ///
    /// [`ReadError::Io`], [`ReadError::Packed`], [`ReadError::CellTooLarge`],
    /// [`ReadError::RecordTooLarge`], [`ReadError::NoUsableRows`]. Reading cannot go on then.
    pub fn next(&mut self, record: &mut Record) -> Result<Item, ReadError> {
        let columns = self.columns.len();
        loop {
            record.clear(self.line);
            if let Some(len) = self.source.comment(0, self.line)? {
                self.skip(len)?;
                continue;
            }
            let mut mended = None;
            let split = self.source.split(0, self.line, columns, &mut record.fields);
            let (mut len, mut terminator) = match split {
                Ok(Split::Record { len, terminator }) => (len, terminator),
                Ok(Split::Partial(_) | Split::End) => return Ok(Item::End),
                Ok(Split::Unterminated(_)) => {
                    mended = self.mend_open();
                    match &mended {
                        Some(mended) => (mended.len, mended.terminator),
                        None => return self.reject_open(record),
                    }
                }
                Err(error) => {
                    if error.is_too_large() {
                        mended = self.mend_open();
                    }
                    match &mended {
                        Some(mended) => (mended.len, mended.terminator),
                        None => return Err(error),
                    }
                }
            };
            if len == terminator.len() && columns > 1 {
                self.skip(len)?;
                continue;
            }
            if self.repeats_header(&record.fields) {
                if record.fields.count == columns && self.options.all_tables {
                    self.skip(len)?;
                    continue;
                }
                self.other_table.get_or_insert(self.line);
            }
            if let Some(line) = self.other_table {
                return self.reject(record, len, RejectReason::OtherTable { line });
            }
            if mended.is_none()
                && let Some(fault) = record.fields.fault(columns)
            {
                mended = self.mend(len, fault, &record.fields);
            }
            if let Some(mended) = mended {
                record.fields.replace(&mended.cells);
                (len, terminator) = (mended.len, mended.terminator);
                self.mended += 1;
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
        let altered = self.source.is_altered(len);
        self.original.clear();
        if self.options.encoding != TextEncoding::UTF_8 {
            self.source.copy_original(len, &mut self.original);
            self.behind += self.original.len() as u64;
        } else {
            self.behind += len as u64;
        }
        self.source.consume(len);
        self.line += if record.fields.multiline {
            self.options.syntax.count_lines(&record.raw)
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
            Terminator::Cr => self.dialect.line_end != LineEnd::Cr,
        };
        self.note_quirk(record, padded || other_line_end || altered);
        self.lead.clear();
        self.lead_line = self.line;
    }

    /// Notes in the record what the dialect does not say about its bytes. `raw`: there is more to
    /// it than which cells are quoted.
    fn note_quirk(&mut self, record: &mut Record, raw: bool) {
        record.mask.clear();
        let form = if raw || record.fields.irregular {
            FormView::Raw(if self.options.encoding == TextEncoding::UTF_8 {
                &record.raw
            } else {
                &self.original
            })
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

    /// Rejects all that a quote has swallowed which nothing closes.
    fn reject_open(&mut self, record: &mut Record) -> Result<Item, ReadError> {
        let swallowed = self.source.window();
        let line_ends = self.options.syntax.count_lines(swallowed);
        let lines = line_ends + u64::from(!swallowed.ends_with(b"\n"));
        let len = swallowed.len();
        self.reject(record, len, RejectReason::UnterminatedQuote { lines })
    }

    fn reject(
        &mut self,
        record: &mut Record,
        len: usize,
        reason: RejectReason,
    ) -> Result<Item, ReadError> {
        self.source.copy_original(len, &mut record.raw);
        record.reason = Some(reason);
        self.rejected += 1;
        self.skip(len)?;
        Ok(Item::Rejected)
    }

    /// Keeps bytes that are no row for the next row's quirk, or for the tail.
    fn skip(&mut self, len: usize) -> Result<(), ReadError> {
        let before = self.lead.len();
        self.source.copy_original(len, &mut self.lead);
        self.behind += (self.lead.len() - before) as u64;
        self.line += self
            .options
            .syntax
            .count_lines(&self.source.window()[..len]);
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
            .map(|(evidence, quoting)| Verdict::of(evidence.clone(), *quoting))
            .collect();
        Ok(Summary {
            odd_cells: columns.iter().map(|column| column.odd_cells).sum(),
            columns,
            dialect,
            rows: self.rows,
            rejected: self.rejected,
            padded: self.padded,
            mended: self.mended,
            quirks: self.quirks,
            bytes: self.source.tee().total(),
            hash: self.source.tee().hash(),
        })
    }
}
