//! Finding what the columns of a table hold.

use super::column_profiler::ColumnProfiler;
use super::scale::Scale;
use super::{ColumnProfile, HELD_AT_ONCE, HELD_ONE_IN, JudgedColumn};
use crate::column_type::ColumnType;
use crate::encoding::Encoding;
use crate::record::{Record, Slot};
use crate::value::Value;

/// Finds what the columns of a table hold, row by row, in memory that does not grow with the rows.
///
/// The same rows in the same order give the same profiles, however their cells are stored: what is counted is the text that
/// was read.
#[derive(Clone, Debug)]
pub struct TableProfiler {
    columns: Vec<Column>,
    rows: u64,
}

#[derive(Clone, Debug)]
struct Column {
    profiler: ColumnProfiler,
    encoding: Encoding,
    /// Cells that are stored as numbers are compared as text: tokens of booleans, or a column that is text.
    as_text: bool,
}

impl TableProfiler {
    /// For a table that is read, whose columns are stored under these encodings.
    #[must_use]
    pub fn new(encodings: &[Encoding]) -> Self {
        let columns = encodings.iter();
        Self::of(columns.map(|encoding| (*encoding, false)))
    }

    /// For a table that is stored, whose columns have these encodings and types.
    #[must_use]
    pub fn stored(columns: impl ExactSizeIterator<Item = (Encoding, ColumnType)>) -> Self {
        Self::of(columns.map(|(encoding, is)| (encoding, is == ColumnType::Text)))
    }

    fn of(columns: impl ExactSizeIterator<Item = (Encoding, bool)>) -> Self {
        let scale = Scale::for_columns(columns.len());
        let column = |(encoding, is_text)| Column {
            profiler: ColumnProfiler::new(scale),
            encoding,
            as_text: is_text || matches!(encoding, Encoding::Bool(_)),
        };
        Self {
            columns: columns.map(column).collect(),
            rows: 0,
        }
    }

    /// Counts a row that was read.
    #[inline]
    pub fn count_record(&mut self, record: &Record) {
        let hold = self.begin_row();
        let mut fields = record.fields.fields.iter();
        for (column, slot) in self.columns.iter_mut().zip(&record.slots) {
            let field = fields.next();
            let text = || field.map_or(&[][..], |field| record.fields.text(field, &record.raw));
            let profiler = &mut column.profiler;
            match *slot {
                Slot::Null => profiler.count_null(),
                Slot::Int(value) if !column.as_text => profiler.count_integer(value, hold, text),
                Slot::Real(value) if !column.as_text => profiler.count_real(value, hold, text()),
                Slot::Int(_) | Slot::Real(_) | Slot::Text => profiler.count_text(text(), hold),
                Slot::Blob => profiler.count_blob(text(), hold),
            }
        }
    }

    /// Counts a row that was stored, given its cells.
    pub fn count_stored<'a>(&mut self, cells: impl Iterator<Item = Value<'a>>) {
        let hold = self.begin_row();
        let mut text = Vec::new();
        for (column, value) in self.columns.iter_mut().zip(cells) {
            let profiler = &mut column.profiler;
            text.clear();
            match value {
                Value::Null => profiler.count_null(),
                Value::Text(bytes) => profiler.count_text(bytes, hold),
                Value::Blob(bytes) => profiler.count_blob(bytes, hold),
                Value::Int(_) | Value::Real(_) => {
                    column.encoding.render(value, &mut text);
                    match value {
                        Value::Int(value) if !column.as_text => {
                            profiler.count_integer(value, hold, || &text);
                        }
                        Value::Real(value) if !column.as_text => {
                            profiler.count_real(value, hold, &text);
                        }
                        _ => profiler.count_text(&text, hold),
                    }
                }
            }
        }
    }

    /// Whether the row makes columns with many values hold new ones. Those that do are spread evenly (the finalizer of
    /// MurmurHash3), whatever period the data may have.
    #[inline]
    fn begin_row(&mut self) -> bool {
        self.rows += 1;
        if self.rows <= HELD_AT_ONCE {
            return true;
        }
        let mut mixed = self.rows;
        mixed = (mixed ^ mixed >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed = (mixed ^ mixed >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        (mixed ^ mixed >> 33).is_multiple_of(HELD_ONE_IN)
    }

    /// What the columns hold, given what they have turned out to be. `None` for a column of many values that was read as numbers
    /// and is text after all: of such a one only [stored](Self::stored) rows tell all.
    #[must_use]
    pub fn finish<'a>(
        &self,
        judged: impl Iterator<Item = JudgedColumn<'a>>,
    ) -> Vec<Option<ColumnProfile>> {
        let columns = self.columns.iter().zip(judged);
        columns
            .map(|(column, judged)| column.profiler.finish(judged))
            .collect()
    }
}
