//! What stands before the rows of a delimited file.

use crate::boundary::Terminator;
use crate::error::{HeaderProblem, ReadError};
use crate::mender::Mender;
use crate::options::CsvOptions;
use crate::record::Record;
use crate::signature;
use crate::source::Source;
use crate::splitter::Split;
use crate::text_encoding::TextEncoding;
use std::io::Read;

pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What stands before the rows.
pub(crate) struct Header {
    /// All bytes before the first row, as the input has them.
    pub(crate) raw: Vec<u8>,
    /// The name of each column; all empty if the first record is a row already.
    pub(crate) cells: Vec<Vec<u8>>,
    /// The line end of the first record.
    pub(crate) terminator: Terminator,
    /// Lines in `raw`.
    pub(crate) lines: u64,
}

/// Reads and consumes the header, or, without one, what stands before the first row.
pub(crate) fn read_header<R: Read>(
    source: &mut Source<R>,
    options: &CsvOptions,
) -> Result<Header, ReadError> {
    source.fill_first()?;
    if options.encoding == TextEncoding::UTF_8 {
        signature::check_start(source.window())?;
    }
    source.decode(options.encoding);
    let mut end = if source.window().starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    for line in 0..options.skip_lines {
        end += source.line(end, 1 + line)?;
    }
    let mut first = None;
    let mut cells: Vec<Vec<u8>> = Vec::new();
    for _ in 0..options.header_rows.max(1) {
        let Some((at, len, terminator)) = find_record(source, options, end, first.is_none())?
        else {
            break;
        };
        let named = names(source, options, (at, len, terminator))?;
        let (names, len, terminator) = (named.cells, named.len, named.terminator);
        let (columns, terminator) = *first.get_or_insert((names.len(), terminator));
        cells.resize(columns, Vec::new());
        for (cell, name) in cells.iter_mut().zip(names) {
            if !cell.is_empty() && !name.is_empty() {
                cell.push(b' ');
            }
            cell.extend_from_slice(&name);
        }
        end = if options.header_rows > 0 {
            at + len
        } else {
            at
        };
        first = Some((columns, terminator));
    }
    let terminator = first.map_or(Terminator::None, |(_, terminator)| terminator);
    if options.header_rows == 0 {
        cells.iter_mut().for_each(Vec::clear);
    }
    let mut raw = Vec::new();
    source.copy_original(end, &mut raw);
    let lines = source.syntax().count_lines(&source.window()[..end]);
    source.consume(end);
    Ok(Header {
        raw,
        cells,
        terminator,
        lines,
    })
}

/// The first record behind `at` that is neither blank nor a comment: where it is, its length and
/// line end. `None` when there is none and `needed` is not set.
fn find_record<R: Read>(
    source: &mut Source<R>,
    options: &CsvOptions,
    mut at: usize,
    needed: bool,
) -> Result<Option<(usize, usize, Terminator)>, ReadError> {
    let mut record = Record::new();
    let mut line = 1 + source.syntax().count_lines(&source.window()[..at]);
    loop {
        let not_a_header = |problem| Err(ReadError::NotAHeader { line, problem });
        if let Some(len) = source.comment(at, line)? {
            at += len;
            line += 1;
            source.check_skipped(at, 1, line)?;
            continue;
        }
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
            Split::Record { len, terminator } => return Ok(Some((at, len, terminator))),
            Split::Unterminated(_) => return not_a_header(HeaderProblem::UnterminatedQuote),
            Split::Partial(_) | Split::End if needed => return not_a_header(HeaderProblem::Blank),
            Split::Partial(_) | Split::End => return Ok(None),
        }
    }
}

/// A record that names the columns.
struct Names {
    /// As many as there are columns.
    cells: Vec<Vec<u8>>,
    len: usize,
    terminator: Terminator,
}

/// What the record at `at` names, which was split to end behind `len` bytes.
fn names<R: Read>(
    source: &mut Source<R>,
    options: &CsvOptions,
    (at, len, terminator): (usize, usize, Terminator),
) -> Result<Names, ReadError> {
    let mut record = Record::new();
    source.split(at, 1, options.max_columns, &mut record.fields)?;
    record.raw.extend_from_slice(&source.window()[at..at + len]);
    signature::check_first_record(&record.raw)?;
    let columns = options.columns.unwrap_or(record.fields.count);
    if columns > options.max_columns {
        return Err(ReadError::TooManyColumns {
            found: columns,
            limit: options.max_columns,
        });
    }
    if record.fields.count != columns || record.fields.irregular {
        let mender = Mender::header(*source.syntax(), columns);
        if let Some(mended) = mender.mend_header(&record.raw, true) {
            return Ok(Names {
                cells: mended.cells.into_iter().map(|cell| cell.text).collect(),
                len: mended.len,
                terminator: mended.terminator,
            });
        }
    }
    let cells = (0..columns).map(|index| record.raw_cell(index).to_vec());
    Ok(Names {
        cells: cells.collect(),
        len,
        terminator,
    })
}
