//! The rows looked ahead at on either side.

use super::super::error::{Doing, ImportError, RowsError};
use super::super::in_order::{InOrder, Placed};
use super::super::input::Input;
use super::super::position::Position;
use super::super::row::Row;
use super::comparison::{Comparison, Identity};
use std::collections::VecDeque;

/// A stored row that was copied to look ahead.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) row: Row,
    pub(super) at: StoredAt,
    pub(super) identity: Option<Identity>,
}

/// Where a stored row is.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredAt {
    pub(super) position: Position,
    /// Its number in the order of the snapshot, from 0.
    pub(super) ordinal: i64,
}

impl Default for StoredAt {
    fn default() -> Self {
        Self {
            position: Position { place: 0.0, rid: 0 },
            ordinal: 0,
        }
    }
}

/// An incoming row.
#[derive(Default)]
pub(super) struct Incoming {
    pub(super) row: Row,
    /// Its number in the order of the input, from 0.
    pub(super) ordinal: i64,
    /// Whether a rejected record stands directly before it.
    pub(super) behind_reject: bool,
    pub(super) identity: Option<Identity>,
}

/// The stored rows in order.
pub(super) struct StoredSide<'s> {
    rows: InOrder<'s>,
    width: usize,
    next: i64,
    ended: bool,
    pub(super) window: VecDeque<Stored>,
    spare: Vec<Stored>,
}

impl<'s> StoredSide<'s> {
    /// `width` is the number of cells of a row.
    pub(super) fn new(rows: InOrder<'s>, width: usize) -> Self {
        Self {
            rows,
            width,
            next: 0,
            ended: false,
            window: VecDeque::new(),
            spare: Vec::new(),
        }
    }

    /// Shows the next row that is not in the window to `look`, and returns its answer; `look` also
    /// says whether to copy the row into the window. `None` at the end.
    #[inline]
    pub(super) fn next<T>(
        &mut self,
        look: impl FnOnce(&Placed<'_>) -> (T, bool),
    ) -> Result<Option<(StoredAt, T)>, RowsError> {
        if self.ended {
            return Ok(None);
        }
        let Some(placed) = self.rows.next().doing("reading the stored rows")? else {
            self.ended = true;
            return Ok(None);
        };
        let at = StoredAt {
            position: placed.position,
            ordinal: self.next,
        };
        self.next += 1;
        let (answer, keep) = look(&placed);
        if keep {
            let mut stored = self.spare.pop().unwrap_or_default();
            stored.row.clear();
            for cell in 0..self.width {
                stored.row.push(placed.cell(cell));
            }
            stored.at = at;
            stored.identity = None;
            self.window.push_back(stored);
        }
        Ok(Some((at, answer)))
    }

    /// Makes the window `size` rows long, as far as there are rows, and hashes them.
    pub(super) fn fill(
        &mut self,
        size: usize,
        comparison: &mut Comparison,
    ) -> Result<(), RowsError> {
        while self.window.len() < size && self.next(|_| ((), true))?.is_some() {}
        for stored in self.window.iter_mut().take(size) {
            if stored.identity.is_none() {
                stored.identity = Some(comparison.of_stored(&stored.row));
            }
        }
        Ok(())
    }

    /// Gives a row's memory back.
    pub(super) fn recycle(&mut self, stored: Stored) {
        self.spare.push(stored);
    }
}

/// The incoming rows in order.
pub(super) struct IncomingSide<'i, 'a> {
    pub(super) input: &'i mut Input<'a>,
    next: i64,
    ended: bool,
    // Boxed, because every row goes through the window.
    pub(super) window: VecDeque<Box<Incoming>>,
    #[expect(
        clippy::vec_box,
        reason = "they come from the window and go back to it"
    )]
    spare: Vec<Box<Incoming>>,
}

impl<'i, 'a> IncomingSide<'i, 'a> {
    pub(super) fn new(input: &'i mut Input<'a>) -> Self {
        Self {
            input,
            next: 0,
            ended: false,
            window: VecDeque::new(),
            spare: Vec::new(),
        }
    }

    /// How many rows were read.
    pub(super) fn rows(&self) -> i64 {
        self.next
    }

    /// Reads one more row into the window; `false` at the end.
    #[inline]
    pub(super) fn read(&mut self) -> Result<bool, ImportError> {
        if self.ended {
            return Ok(false);
        }
        let mut incoming = self.spare.pop().unwrap_or_default();
        let rejected = self.input.rejected();
        if !self.input.next(&mut incoming.row)? {
            self.ended = true;
            return Ok(false);
        }
        incoming.ordinal = self.next;
        incoming.behind_reject = self.input.rejected() > rejected;
        incoming.identity = None;
        self.next += 1;
        self.window.push_back(incoming);
        Ok(true)
    }

    /// Makes the window `size` rows long, as far as there are rows, and hashes them.
    pub(super) fn fill(
        &mut self,
        size: usize,
        comparison: &mut Comparison,
    ) -> Result<(), ImportError> {
        while self.window.len() < size && self.read()? {}
        for incoming in self.window.iter_mut().take(size) {
            if incoming.identity.is_none() {
                incoming.identity = Some(comparison.of_incoming(&incoming.row));
            }
        }
        Ok(())
    }

    /// Gives a row's memory back.
    pub(super) fn recycle(&mut self, incoming: Box<Incoming>) {
        self.spare.push(incoming);
    }
}

/// The two rows, by their place in the windows, that are versions of one row and stand nearest to
/// the windows' start; `None` when no row is in both windows.
pub(super) fn nearest_common(
    stored: &VecDeque<Stored>,
    incoming: &VecDeque<Box<Incoming>>,
    size: usize,
) -> Option<(usize, usize)> {
    let mut first_at = std::collections::HashMap::with_capacity(size);
    for (at, row) in stored.iter().enumerate().take(size) {
        if let Some(identity) = row.identity {
            first_at.entry(identity.key).or_insert(at);
        }
    }
    let mut best: Option<(usize, usize)> = None;
    for (at, row) in incoming.iter().enumerate().take(size) {
        if best.is_some_and(|(a, b)| at >= a + b) {
            break;
        }
        let Some(&other) = row
            .identity
            .and_then(|identity| first_at.get(&identity.key))
        else {
            continue;
        };
        // Equal hashes at the very start would be two rows that were compared and differ.
        if other + at > 0 && best.is_none_or(|(a, b)| other + at < a + b) {
            best = Some((other, at));
        }
    }
    best
}
