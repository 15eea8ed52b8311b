//! Records from the buffered input, within the limits.

use crate::error::ReadError;
use crate::options::CsvOptions;
use crate::splitter::{Fields, Split};
use crate::syntax::Syntax;
use crate::tee::Tee;
use crate::text_encoding::TextEncoding;
use std::io::Read;

/// Splits the buffered input and reads on when a record is not complete.
pub(crate) struct Source<R> {
    tee: Tee<R>,
    syntax: Syntax,
    comment: Option<u8>,
    cell_limit: u64,
    record_limit: u64,
}

impl<R: Read> Source<R> {
    pub(crate) fn new(reader: R, options: &CsvOptions) -> Self {
        Self {
            tee: Tee::new(reader),
            syntax: options.syntax,
            comment: options.comment,
            cell_limit: options.cell_limit(),
            record_limit: options.record_limit(),
        }
    }

    /// Reads the beginning of the input, unless that was done.
    pub(crate) fn fill_first(&mut self) -> Result<(), ReadError> {
        if self.tee.window().is_empty() {
            self.fill(1)?;
        }
        if self.tee.window().is_empty() {
            return Err(ReadError::Empty);
        }
        Ok(())
    }

    /// As [`Tee::copy_original`].
    pub(crate) fn copy_original(&self, len: usize, out: &mut Vec<u8>) {
        self.tee.copy_original(len, out);
    }

    /// As [`Tee::is_altered`].
    pub(crate) fn is_altered(&self, len: usize) -> bool {
        self.tee.is_altered(len)
    }

    pub(crate) fn at_end(&self) -> bool {
        self.tee.at_end()
    }

    /// How what follows is to be split.
    pub(crate) fn set_syntax(&mut self, syntax: Syntax, comment: Option<u8>) {
        self.syntax = syntax;
        self.comment = comment;
    }

    pub(crate) fn syntax(&self) -> &Syntax {
        &self.syntax
    }

    /// Reads everything in this encoding. Nothing may have been consumed.
    pub(crate) fn decode(&mut self, encoding: TextEncoding) {
        self.tee.decode(encoding);
    }

    /// The length of the comment line at `at` in the window with its line end, if there is one.
    pub(crate) fn comment(&mut self, at: usize, line: u64) -> Result<Option<usize>, ReadError> {
        let Some(comment) = self.comment else {
            return Ok(None);
        };
        if self.tee.window().get(at) != Some(&comment) {
            return Ok(None);
        }
        self.line(at, line).map(Some)
    }

    /// The length of the physical line at `at` in the window with its line end.
    pub(crate) fn line(&mut self, at: usize, line: u64) -> Result<usize, ReadError> {
        loop {
            let rest = &self.tee.window()[at..];
            let found = if self.syntax.returns {
                memchr::memchr2(b'\n', b'\r', rest)
            } else {
                memchr::memchr(b'\n', rest)
            };
            let at_end = self.tee.at_end();
            match found {
                Some(end)
                    if rest[end] == b'\n' || rest.get(end + 1).is_some_and(|b| *b != b'\n') =>
                {
                    return Ok(end + 1);
                }
                Some(end) if end + 1 < rest.len() => return Ok(end + 2),
                _ if at_end => return Ok(rest.len()),
                _ => {}
            }
            self.check_skipped(rest.len(), line, line)?;
            self.fill(line)?;
        }
    }

    pub(crate) fn tee(&self) -> &Tee<R> {
        &self.tee
    }

    #[inline]
    pub(crate) fn window(&self) -> &[u8] {
        self.tee.window()
    }

    #[inline]
    pub(crate) fn consume(&mut self, len: usize) {
        self.tee.consume(len);
    }

    /// Reads on in the record that starts at `line`.
    pub(crate) fn fill(&mut self, line: u64) -> Result<(), ReadError> {
        let filled = self.tee.fill();
        filled.map_err(|source| ReadError::of_input(source, self.tee.total(), line))
    }

    /// Splits the record at `at` in the window, which starts at `line`, and keeps the places of
    /// its first `keep` fields. Never [`Split::Partial`].
    #[inline]
    pub(crate) fn split(
        &mut self,
        at: usize,
        line: u64,
        keep: usize,
        fields: &mut Fields,
    ) -> Result<Split, ReadError> {
        loop {
            let input = &self.tee.window()[at..];
            let split = fields.split(input, &self.syntax, self.tee.at_end(), keep);
            let (len, open) = match split {
                Split::Record { len, .. } if len as u64 <= self.cell_limit => return Ok(split),
                Split::End => return Ok(split),
                Split::Record { len, .. } => (len, None),
                Split::Partial(open) | Split::Unterminated(open) => (input.len(), Some(open)),
            };
            self.check(len, line, fields)?;
            if let Some(open) = open
                && (len - open.start) as u64 > self.cell_limit
            {
                return Err(self.cell_too_large(line, open.index));
            }
            if !matches!(split, Split::Partial(_)) {
                return Ok(split);
            }
            self.fill(line)?;
        }
    }

    fn check(&self, len: usize, line: u64, fields: &Fields) -> Result<(), ReadError> {
        let cell_limit = self.cell_limit;
        let too_large = |length: u32| u64::from(length) > cell_limit;
        if let Some(index) = fields
            .fields
            .iter()
            .position(|f| too_large(f.end - f.start))
        {
            return Err(self.cell_too_large(line, index));
        }
        if len as u64 > self.record_limit {
            return Err(ReadError::RecordTooLarge {
                line,
                limit: self.record_limit,
            });
        }
        Ok(())
    }

    fn cell_too_large(&self, line: u64, index: usize) -> ReadError {
        ReadError::CellTooLarge {
            line,
            column: index + 1,
            limit: self.cell_limit,
        }
    }

    /// Refuses more than the limit of `skipped` bytes that are no rows.
    pub(crate) fn check_skipped(
        &self,
        skipped: usize,
        from_line: u64,
        line: u64,
    ) -> Result<(), ReadError> {
        if skipped as u64 > self.record_limit {
            return Err(ReadError::NoUsableRows {
                from_line,
                line,
                limit: self.record_limit,
            });
        }
        Ok(())
    }
}
