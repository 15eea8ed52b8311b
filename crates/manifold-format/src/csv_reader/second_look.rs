//! What a record may be beside what it looks like.

use super::CsvReader;
use crate::lenient::Mended;
use crate::mender::{Fault, Mender};
use crate::profile::Profile;
use crate::splitter::Fields;
use std::io::Read;

impl<R: Read> CsvReader<R> {
    /// Whether a record, which was split into `fields`, names the columns again: all of them, or
    /// most of them if it has another number of fields.
    #[inline]
    pub(super) fn repeats_header(&self, fields: &Fields) -> bool {
        let columns = self.columns.len();
        if self.options.header_rows != 1 || columns < 2 {
            return false;
        }
        let names = || self.columns.iter().map(|column| &column.original[..]);
        let texts = || {
            fields
                .fields
                .iter()
                .map(|f| fields.text(f, self.source.window()))
        };
        let is_same = |(name, text): &(&[u8], &[u8])| name == text && !name.is_empty();
        if fields.count == columns {
            return names().zip(texts()).all(|pair| is_same(&pair));
        }
        let same = names().zip(texts()).filter(is_same).count();
        same >= 2 && 2 * same > columns
    }

    /// The record at the start of the window, which was split into `fields`, read anew.
    #[cold]
    pub(super) fn mend(&mut self, len: usize, fault: Fault, fields: &Fields) -> Option<Mended> {
        self.make_mender();
        let (input, at_end) = (self.source.window(), self.source.at_end());
        let mender = self.mender.as_ref()?;
        mender.mend(input, len, at_end, fault, fields)
    }

    /// The record at the start of the window, whose quote has swallowed what follows, read anew.
    #[cold]
    pub(super) fn mend_open(&mut self) -> Option<Mended> {
        self.make_mender();
        let (input, at_end) = (self.source.window(), self.source.at_end());
        self.mender.as_ref()?.mend_open(input, at_end)
    }

    /// Makes the mender, unless nothing is to be mended.
    fn make_mender(&mut self) {
        if self.options.strict || self.columns.len() < 2 || self.mender.is_some() {
            return;
        }
        let (syntax, columns) = (self.options.syntax, &self.columns);
        let cells = columns.iter().map(|column| &column.proposal.cells[..]);
        let mender = Mender::new(syntax, columns.len(), Profile::new(cells));
        self.mender = Some(Box::new(mender));
    }
}
