//! One record of the input.

use crate::count::Count;
use crate::encoding::Encoding;
use crate::error::ReadError;
use crate::json::JsonProblem;
use crate::splitter::{Field, Fields};
use crate::typed_cell::TypedCell;
use crate::value::Value;
use std::fmt;
use std::ops::Range;

/// One record, with its bytes. Reused from row to row, so that reading needs no allocation.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub(crate) raw: Vec<u8>,
    pub(crate) fields: Fields,
    pub(crate) slots: Vec<Slot>,
    pub(crate) line: u64,
    pub(crate) quirk: Vec<u8>,
    pub(crate) mask: Vec<u8>,
    pub(crate) reason: Option<RejectReason>,
}

/// A [`Value`] whose bytes lie in the record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slot {
    Null,
    Int(i64),
    Real(f64),
    Text,
    Blob,
}

/// An encoded cell, with where its bytes lie in [`Record::bytes`].
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// As [`Value::Null`].
    Null,
    /// As [`Value::Int`].
    Int(i64),
    /// As [`Value::Real`].
    Real(f64),
    /// As [`Value::Text`].
    Text(Range<usize>),
    /// As [`Value::Blob`].
    Blob(Range<usize>),
}

impl Record {
    /// An empty record to read into.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many cells the row has: the number of columns; 0 for a rejected record.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are no cells.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The encoded cell of column `index`.
    ///
    /// # Panics
    ///
    /// When there is no such column.
    #[must_use]
    #[inline]
    pub fn cell(&self, index: usize) -> Value<'_> {
        match self.slots[index] {
            Slot::Null => Value::Null,
            Slot::Int(value) => Value::Int(value),
            Slot::Real(value) => Value::Real(value),
            Slot::Text => Value::Text(self.raw_cell(index)),
            Slot::Blob => Value::Blob(self.raw_cell(index)),
        }
    }

    /// All encoded cells, in the order of the columns.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = Value<'_>> {
        (0..self.len()).map(|index| self.cell(index))
    }

    /// All encoded cells, in the order of the columns, with where their bytes lie in [`Record::bytes`]: for who copies
    /// those as a whole.
    pub fn places(&self) -> impl ExactSizeIterator<Item = Place> {
        let fields = &self.fields.fields;
        let unquoted = self.raw.len();
        let place = move |index: usize| {
            let field = fields.get(index)?;
            let shift = if field.rewritten { unquoted } else { 0 };
            Some((shift + field.start as usize, shift + field.end as usize))
        };
        self.slots.iter().enumerate().map(move |(index, slot)| {
            let range = || place(index).map_or(0..0, |(start, end)| start..end);
            match *slot {
                Slot::Null => Place::Null,
                Slot::Int(value) => Place::Int(value),
                Slot::Real(value) => Place::Real(value),
                Slot::Text => Place::Text(range()),
                Slot::Blob => Place::Blob(range()),
            }
        })
    }

    /// The bytes in which cells lie, in two parts that follow each other: the record's own, and the text of cells from
    /// within which quotes were removed.
    #[must_use]
    pub fn bytes(&self) -> [&[u8]; 2] {
        [&self.raw, &self.fields.unquoted]
    }

    /// The unquoted text of column `index`; empty when the row is too short for it.
    #[must_use]
    #[inline]
    pub fn raw_cell(&self, index: usize) -> &[u8] {
        let Some(field) = self.fields.fields.get(index) else {
            return &[];
        };
        self.fields.text(field, &self.raw)
    }

    /// The cell of column `index` as it was before it was encoded. `is_typed` says whether the row is one of typed cells, as
    /// [`crate::Rows::is_typed`] does; a cell of other rows is a number if it can be one.
    ///
    /// # Panics
    ///
    /// When there is no such column.
    #[must_use]
    pub fn typed_cell(&self, index: usize, is_typed: bool) -> TypedCell<'_> {
        let cell = self.raw_cell(index);
        let is_text = match is_typed {
            true => self
                .fields
                .fields
                .get(index)
                .is_some_and(|field| field.quoted),
            false => cell.is_empty(),
        };
        match self.slots[index] {
            Slot::Null => TypedCell::Null,
            Slot::Blob => TypedCell::Blob(cell),
            _ if is_text => TypedCell::Text(cell),
            _ => TypedCell::Number(cell),
        }
    }

    /// The line of the input where the record starts, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// A serialized [`crate::Quirk`], if the row's bytes are not what the dialect makes of its
    /// cells.
    #[must_use]
    pub fn quirk(&self) -> Option<&[u8]> {
        (!self.quirk.is_empty()).then_some(&self.quirk)
    }

    /// The bytes of the record with its line end; of a row that was made of typed cells, those of its cells.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Why the record is not a row.
    #[must_use]
    pub fn reason(&self) -> Option<RejectReason> {
        self.reason
    }

    /// Begins a row of a format that knows numbers from text; `line`: where it starts, from 1.
    pub fn begin(&mut self, line: u64) {
        self.clear(line);
        self.fields.fields.clear();
    }

    /// Adds a cell to the row that was begun, as it is stored under `encoding`.
    ///
    /// # Errors
    /// [`ReadError::RecordTooLarge`] when the cells have more than 4 GiB.
    pub fn push(&mut self, cell: TypedCell<'_>, encoding: Encoding) -> Result<(), ReadError> {
        let slot = match cell.encode(encoding) {
            Value::Null => Slot::Null,
            Value::Int(value) => Slot::Int(value),
            Value::Real(value) => Slot::Real(value),
            Value::Text(_) => Slot::Text,
            Value::Blob(_) => Slot::Blob,
        };
        let start = self.raw.len();
        self.raw.extend_from_slice(cell.bytes());
        let place = |at: usize| {
            u32::try_from(at).map_err(|_| ReadError::RecordTooLarge {
                line: self.line,
                limit: u32::MAX.into(),
            })
        };
        let field = Field {
            start: place(start)?,
            end: place(self.raw.len())?,
            quoted: matches!(cell, TypedCell::Text(_)), // so it is told from a number that is stored as text
            rewritten: false,
        };
        self.fields.fields.push(field);
        self.slots.push(slot);
        Ok(())
    }

    /// Makes this a record of the bytes `raw` at `line` that is no row.
    pub fn reject(&mut self, line: u64, reason: RejectReason, raw: &[u8]) {
        self.begin(line);
        self.raw.extend_from_slice(raw);
        self.reason = Some(reason);
    }

    pub(crate) fn clear(&mut self, line: u64) {
        self.raw.clear();
        self.slots.clear();
        self.quirk.clear();
        self.reason = None;
        self.line = line;
    }
}

/// Why a record is not a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectReason {
    /// It has more fields than the header.
    TooManyFields {
        /// Fields of the record.
        found: usize,
        /// Columns of the header.
        columns: usize,
    },
    /// It has fewer fields than the header, and the reader is strict.
    TooFewFields {
        /// Fields of the record.
        found: usize,
        /// Columns of the header.
        columns: usize,
    },
    /// A quote in it is not closed before the end of the input, so that it swallowed all lines
    /// from its own on.
    UnterminatedQuote {
        /// The lines it consists of.
        lines: u64,
    },
    /// A record before it names the columns again, and another table begins there.
    OtherTable {
        /// The line of that record, from 1.
        line: u64,
    },
    /// It is no JSON value that can be a row.
    Json {
        /// What is wrong with it.
        problem: JsonProblem,
        /// How many of its bytes are before that.
        at: u64,
    },
    /// What a format of somebody else says.
    Other(&'static str),
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyFields { found, columns } | Self::TooFewFields { found, columns } => {
                let (found, columns) = (*found as u64, *columns as u64);
                write!(
                    f,
                    "{} for {}",
                    Count(found, "field"),
                    Count(columns, "column")
                )
            }
            Self::Json { problem, at } => write!(f, "{problem} behind byte {at} of the record"),
            Self::Other(reason) => f.write_str(reason),
            Self::OtherTable { line } => write!(f, "another table begins in line {line}"),
            Self::UnterminatedQuote { lines } => {
                let lines = Count(*lines, "line");
                write!(
                    f,
                    "a quote is not closed in {lines} to the end of the input"
                )
            }
        }
    }
}
