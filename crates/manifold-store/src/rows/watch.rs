//! How a caller follows an import and keeps it in check.

use super::error::GuardError;
use rusqlite::Connection;
use std::ops::ControlFlow;

/// Follows an import, may cancel it, and is asked before anything is written.
pub trait Watch {
    /// Called after every few thousand rows with the number of rows read so far, and from time to
    /// time while no rows are read. `Break` cancels the import.
    fn rows(&mut self, done: u64) -> ControlFlow<()>;

    /// Called first inside every write transaction, on the connection that holds it. Here the
    /// caller checks what must still hold: the schema's version, the project's epoch, that the
    /// job still owns its lease.
    ///
    /// # Errors
    /// When it does not hold: the transaction is rolled back and the operation fails.
    fn guard(&self, conn: &Connection) -> Result<(), GuardError>;
}

/// Watches nothing and allows everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn rows(&mut self, _done: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn guard(&self, _conn: &Connection) -> Result<(), GuardError> {
        Ok(())
    }
}
