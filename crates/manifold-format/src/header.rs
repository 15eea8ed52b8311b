//! The first record of a delimited file.

use crate::error::{HeaderProblem, ReadError};
use crate::options::CsvOptions;
use crate::record::Record;
use crate::signature;
use crate::source::Source;
use crate::splitter::{Split, Terminator};
use std::io::Read;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What stands before the rows.
pub(crate) struct Header {
    /// All bytes before the first row.
    pub(crate) raw: Vec<u8>,
    /// The cells of the first record; all empty if it is a row already.
    pub(crate) cells: Vec<Vec<u8>>,
    /// The line end of the first record.
    pub(crate) terminator: Terminator,
    /// Lines in `raw`.
    pub(crate) lines: u64,
}

/// Reads and consumes the header, or, without one, the byte order mark and blank lines.
pub(crate) fn read_header<R: Read>(
    source: &mut Source<R>,
    options: &CsvOptions,
) -> Result<Header, ReadError> {
    source.fill(1)?;
    if source.window().is_empty() {
        return Err(ReadError::Empty);
    }
    signature::check_start(source.window())?;
    let mut at = if source.window().starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    let mut line = 1;
    let mut record = Record::new();
    let (len, terminator) = loop {
        let not_a_header = |problem| Err(ReadError::NotAHeader { line, problem });
        match source.split(at, line, options.max_columns, &mut record.fields)? {
            Split::Record { len, terminator } if len == terminator.len() => {
                at += len;
                line += 1;
                source.check_skipped(at, 1, line)?;
            }
            Split::Record {
                terminator: Terminator::None,
                ..
            } if record.fields.bare_return => {
                return not_a_header(HeaderProblem::CarriageReturns);
            }
            Split::Record { len, terminator } => break (len, terminator),
            Split::Unterminated(_) => return not_a_header(HeaderProblem::UnterminatedQuote),
            Split::Partial(_) | Split::End => return not_a_header(HeaderProblem::Blank),
        }
    };
    let columns = record.fields.count;
    if columns > options.max_columns {
        return Err(ReadError::TooManyColumns {
            found: columns,
            limit: options.max_columns,
        });
    }
    record.raw.extend_from_slice(&source.window()[at..at + len]);
    signature::check_first_record(&record.raw)?;
    let cell = |index| {
        if options.header {
            record.raw_cell(index).to_vec()
        } else {
            Vec::new()
        }
    };
    let cells = (0..columns).map(cell).collect();
    let end = if options.header { at + len } else { at };
    let raw = source.window()[..end].to_vec();
    source.consume(end);
    let lines = memchr::memchr_iter(b'\n', &raw).count() as u64;
    Ok(Header {
        raw,
        cells,
        terminator,
        lines,
    })
}
