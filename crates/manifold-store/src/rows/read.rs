//! Reading the rows of a snapshot.

use super::cell::Cell;
use super::error::{Doing, RowsError};
use super::in_order::{OrderedScan, Placed};
use super::position::Position;
use super::quirks::QuirkScan;
use super::snapshot::Snapshot;
use super::source::column_list;
use rusqlite::Connection;
use std::ops::ControlFlow;

/// The cells of one stored row, in the order of the snapshot's columns.
#[derive(Debug)]
pub struct StoredRow<'r> {
    placed: Placed<'r>,
    len: usize,
}

impl<'r> StoredRow<'r> {
    /// How many cells there are: as many as the snapshot has columns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the snapshot has no columns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The cell at `index`, from 0.
    ///
    /// # Panics
    /// When the snapshot has no such column.
    #[must_use]
    pub fn cell(&self, index: usize) -> Cell<'r> {
        assert!(
            index < self.len,
            "a row of {} cells has none at {index}",
            self.len
        );
        self.placed.cell(index)
    }

    /// The cells from left to right.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'r>> {
        (0..self.len).map(|index| self.cell(index))
    }
}

/// Reads rows of a snapshot in their original order, in constant memory: those behind `after`, or
/// all; at most `limit`. `each` is given where the row stands, its cells, and its quirk if it has
/// one; `Break` ends reading.
///
/// All is read from one state of the database only if `conn` is in a transaction.
///
/// # Errors
/// [`RowsError::Sqlite`].
pub fn read(
    conn: &Connection,
    snapshot: &Snapshot,
    after: Option<Position>,
    limit: Option<u64>,
    mut each: impl FnMut(Position, &StoredRow<'_>, Option<&[u8]>) -> ControlFlow<()>,
) -> Result<(), RowsError> {
    let len = snapshot.columns.len();
    let columns = column_list(snapshot.columns.iter().map(|column| column.phys));
    let mut run = || {
        let mut scan = OrderedScan::prepare(conn, snapshot, &columns)?;
        let mut rows = match (after, limit) {
            (None, None) => scan.all_rows()?,
            _ => scan.rows(after)?,
        };
        let mut quirks = QuirkScan::prepare(conn, snapshot)?;
        let mut quirks = quirks.rows(after)?;
        let mut left = limit.unwrap_or(u64::MAX);
        while left > 0 {
            left -= 1;
            let Some(placed) = rows.next()? else {
                break;
            };
            let position = placed.position;
            let quirk = match (placed.natural, &mut quirks) {
                (_, None) => None,
                (true, Some(quirks)) => quirks.of_next(position.rid)?,
                (false, Some(quirks)) => quirks.of(position.rid)?,
            };
            if each(position, &StoredRow { placed, len }, quirk).is_break() {
                break;
            }
        }
        Ok(())
    };
    run().doing("reading rows")
}
