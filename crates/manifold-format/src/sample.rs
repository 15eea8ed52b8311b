//! A look at the first rows.

use crate::boundary::Terminator;
use crate::column::{Column, Proposal, names};
use crate::dialect::LineEnd;
use crate::error::ReadError;
use crate::evidence::Evidence;
use crate::null_token::CountedTokens;
use crate::number;
use crate::options::CsvOptions;
use crate::quoting::{Quoting, QuotingEvidence};
use crate::record::Record;
use crate::source::Source;
use crate::splitter::Split;
use crate::syntax::Syntax;
use crate::verdict::Verdict;
use std::io::Read;

/// How many bytes a sample may have.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// How many cells of each column are kept.
const KEPT_CELLS: usize = 256;

/// Longer lines with a quote that is not closed end the sample.
const LONGEST_SKIPPED: usize = 64 * 1024;

/// What the first rows say.
pub(crate) struct Sample {
    columns: Vec<ColumnSample>,
    lf: u64,
    crlf: u64,
    cr: u64,
    /// The row at hand looks as a row should.
    has_look: bool,
}

#[derive(Default)]
struct ColumnSample {
    evidence: Evidence,
    quoting: QuotingEvidence,
    cells: Vec<Vec<u8>>,
}

impl Sample {
    /// Looks at the rows from `line` on without consuming them.
    pub(crate) fn take<R: Read>(
        source: &mut Source<R>,
        options: &CsvOptions,
        columns: usize,
        mut line: u64,
    ) -> Result<Self, ReadError> {
        let mut sample = Self {
            columns: Vec::new(),
            lf: 0,
            crlf: 0,
            cr: 0,
            has_look: false,
        };
        sample.columns.resize_with(columns, || {
            let mut column = ColumnSample::default();
            column.evidence.counted_tokens = CountedTokens::new(&options.null_tokens);
            column
        });
        let mut record = Record::new();
        let (mut at, mut rows) = (0, 0);
        while rows < options.sample_rows && at < MAX_BYTES {
            if let Some(len) = source.comment(at, line)? {
                at += len;
                line += 1;
                continue;
            }
            let split = source.split(at, line, columns, &mut record.fields);
            let swallows = match &split {
                Ok(split) => matches!(split, Split::Unterminated(_)),
                Err(error) => error.is_too_large(),
            };
            if swallows {
                // A quote that nothing closes. What comes of its line is for whoever reads the row to say.
                let Some(len) = short_line(&source.window()[at..], source.syntax()) else {
                    break;
                };
                at += len;
                line += 1;
                continue;
            }
            let Split::Record { len, terminator } = split? else {
                break;
            };
            record.raw.clear();
            record.raw.extend_from_slice(&source.window()[at..at + len]);
            at += len;
            line += source.syntax().count_lines(&record.raw);
            let blank = len == terminator.len() && columns > 1;
            let fields = record.fields.count;
            if blank || fields > columns || fields < columns && options.strict {
                continue;
            }
            rows += 1;
            match terminator {
                Terminator::Lf => sample.lf += 1,
                Terminator::CrLf => sample.crlf += 1,
                Terminator::Cr => sample.cr += 1,
                Terminator::None => {}
            }
            let is_clean = !record.fields.irregular && !record.fields.stray_quote;
            sample.has_look = is_clean && fields == columns;
            sample.count(&record, &options.syntax);
        }
        Ok(sample)
    }

    fn count(&mut self, record: &Record, syntax: &Syntax) {
        for (index, column) in self.columns.iter_mut().enumerate() {
            let cell = record.raw_cell(index);
            if let Some(field) = record.fields.fields.get(index) {
                column.quoting.count(cell, field.quoted, syntax);
            }
            if !cell.is_empty() {
                column.evidence.count(cell, number::scan(cell));
            }
            if self.has_look && column.cells.len() < KEPT_CELLS {
                column.cells.push(cell.to_vec());
            }
        }
    }

    /// The line end of most rows; without rows, that of the header.
    pub(crate) fn line_end(&self, header: Terminator) -> LineEnd {
        if self.lf + self.crlf + self.cr == 0 {
            return match header {
                Terminator::CrLf => LineEnd::Crlf,
                Terminator::Cr => LineEnd::Cr,
                Terminator::Lf | Terminator::None => LineEnd::Lf,
            };
        }
        // Of equally frequent line ends the last of these wins.
        let counts = [
            (self.cr, LineEnd::Cr),
            (self.crlf, LineEnd::Crlf),
            (self.lf, LineEnd::Lf),
        ];
        counts
            .into_iter()
            .max_by_key(|(count, _)| *count)
            .map_or(LineEnd::Lf, |(_, line_end)| line_end)
    }

    /// The columns with what the sample proposes for them.
    pub(crate) fn columns(self, header: Vec<Vec<u8>>, named: bool) -> Vec<Column> {
        let names = names(&header);
        let samples = self.columns.into_iter().map(ColumnSample::proposal);
        let cells = header.into_iter().zip(names).zip(samples);
        cells
            .map(|((original, (name, renamed)), proposal)| Column {
                name,
                original,
                renamed: renamed.filter(|_| named),
                proposal,
            })
            .collect()
    }
}

/// The length of the physical line at the start of `input`, unless it is long.
fn short_line(input: &[u8], syntax: &Syntax) -> Option<usize> {
    let input = &input[..input.len().min(LONGEST_SKIPPED)];
    let found = if syntax.returns {
        memchr::memchr2(b'\n', b'\r', input)
    } else {
        memchr::memchr(b'\n', input)
    };
    found.map(|at| at + 1)
}

impl ColumnSample {
    fn proposal(mut self) -> Proposal {
        let quoting = self.quoting.verdict();
        if quoting != Quoting::Always {
            self.evidence.empties = self.quoting.quoted_empty();
        }
        Proposal::new(Verdict::of(self.evidence, quoting), self.cells)
    }
}
