//! What writers of every format have in common.

use crate::error::WriteError;
use crate::shown_cell::ShownCell;

/// Writes the rows of one table, cell by cell. Its columns are known when it is made.
///
/// Nothing is complete before [`Writer::finish`].
pub trait Writer: Send {
    /// The next cell of the row, from left to right.
    fn cell(&mut self, cell: ShownCell<'_>);

    /// The row has all of its cells.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellCount`] when it has more or fewer than there are columns; [`WriteError::Io`],
    /// [`WriteError::Other`].
    fn end_row(&mut self) -> Result<(), WriteError>;

    /// There are no more rows.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`], [`WriteError::Other`].
    fn finish(self: Box<Self>) -> Result<(), WriteError>;
}
