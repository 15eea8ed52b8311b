//! A row in memory, made to be filled again and again.

use super::cell::Cell;
use std::ops::Range;

/// What a buffer may keep for the next row, in bytes; a rare huge row gives its memory back.
const KEPT_BYTES: usize = 1 << 20;

#[derive(Debug, Clone, Copy)]
enum Slot {
    Null,
    Int(i64),
    Real(f64),
    Text { start: usize, end: usize },
    Blob { start: usize, end: usize },
}

/// The cells of one row, in one buffer that is reused from row to row.
#[derive(Debug, Default, Clone)]
pub struct Row {
    slots: Vec<Slot>,
    bytes: Vec<u8>,
    /// What the row's cells do not say about its original bytes. Opaque: it is stored beside the
    /// row and handed back by [`super::read()`].
    pub quirk: Option<Vec<u8>>,
    /// The line of the input at which the row starts, from 1; only for messages.
    pub line: u64,
}

impl Row {
    /// An empty row.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Removes all cells and the quirk, and keeps the memory.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.quirk = None;
        self.line = 0;
    }

    /// Appends a cell.
    #[inline]
    pub fn push(&mut self, cell: Cell<'_>) {
        match cell {
            Cell::Null => self.push_null(),
            Cell::Int(value) => self.push_int(value),
            Cell::Real(value) => self.push_real(value),
            Cell::Text(bytes) => self.push_text(bytes),
            Cell::Blob(bytes) => self.push_blob(bytes),
        }
    }

    /// Appends an absent value.
    #[inline]
    pub fn push_null(&mut self) {
        self.slots.push(Slot::Null);
    }

    /// Appends an integer.
    #[inline]
    pub fn push_int(&mut self, value: i64) {
        self.slots.push(Slot::Int(value));
    }

    /// Appends a double; NaN, which SQLite cannot store, becomes an absent value.
    #[inline]
    pub fn push_real(&mut self, value: f64) {
        self.slots.push(if value.is_nan() {
            Slot::Null
        } else {
            Slot::Real(value)
        });
    }

    /// Appends text. The bytes must be valid UTF-8.
    #[inline]
    pub fn push_text(&mut self, bytes: &[u8]) {
        let (start, end) = self.append(bytes);
        self.slots.push(Slot::Text { start, end });
    }

    /// Appends bytes of any kind.
    #[inline]
    pub fn push_blob(&mut self, bytes: &[u8]) {
        let (start, end) = self.append(bytes);
        self.slots.push(Slot::Blob { start, end });
    }

    /// Appends bytes that cells are to lie in: all of a row are copied sooner than cell by cell.
    #[inline]
    pub fn append_bytes(&mut self, bytes: &[u8]) {
        self.append(bytes);
    }

    /// Appends text that lies at `range` of the bytes that were appended since the row was cleared. They must be valid
    /// UTF-8.
    ///
    /// # Panics
    /// When there are no such bytes.
    #[inline]
    pub fn push_text_at(&mut self, Range { start, end }: Range<usize>) {
        assert!(start <= end && end <= self.bytes.len(), "bytes of the row");
        self.slots.push(Slot::Text { start, end });
    }

    /// Appends bytes of any kind that lie at `range` of those that were appended since the row was cleared.
    ///
    /// # Panics
    /// When there are no such bytes.
    #[inline]
    pub fn push_blob_at(&mut self, Range { start, end }: Range<usize>) {
        assert!(start <= end && end <= self.bytes.len(), "bytes of the row");
        self.slots.push(Slot::Blob { start, end });
    }

    #[inline]
    fn append(&mut self, bytes: &[u8]) -> (usize, usize) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        (start, self.bytes.len())
    }

    /// How many cells the row has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether the row has no cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The cell at `index`, from 0.
    ///
    /// # Panics
    /// When there is no such cell.
    #[must_use]
    #[inline]
    pub fn cell(&self, index: usize) -> Cell<'_> {
        match self.slots[index] {
            Slot::Null => Cell::Null,
            Slot::Int(value) => Cell::Int(value),
            Slot::Real(value) => Cell::Real(value),
            Slot::Text { start, end } => Cell::Text(&self.bytes[start..end]),
            Slot::Blob { start, end } => Cell::Blob(&self.bytes[start..end]),
        }
    }

    /// The cells from left to right.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        (0..self.slots.len()).map(|index| self.cell(index))
    }

    /// The memory that text and bytes take, in bytes.
    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Appends the packed cells to `out`.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        for cell in self.cells() {
            cell.pack(out);
        }
    }
}
