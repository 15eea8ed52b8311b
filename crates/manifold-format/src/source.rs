//! Records from the buffered input, within the limits.

use crate::compression::GzipError;
use crate::error::ReadError;
use crate::options::CsvOptions;
use crate::splitter::{Fields, Split};
use crate::tee::Tee;
use std::io::Read;

/// Splits the buffered input and reads on when a record is not complete.
pub(crate) struct Source<R> {
    tee: Tee<R>,
    delimiter: u8,
    cell_limit: u64,
    record_limit: u64,
}

impl<R: Read> Source<R> {
    pub(crate) fn new(reader: R, options: &CsvOptions) -> Self {
        Self {
            tee: Tee::new(reader),
            delimiter: options.delimiter,
            cell_limit: options.cell_limit(),
            record_limit: options.record_limit(),
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
        filled.map_err(|source| match source.downcast::<GzipError>() {
            Ok(source) => ReadError::Gzip { line, source },
            Err(source) => ReadError::Io {
                offset: self.tee.total(),
                line,
                source,
            },
        })
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
            let split = fields.split(input, self.delimiter, self.tee.at_end(), keep);
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
