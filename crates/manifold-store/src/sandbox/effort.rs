//! Counts work that SQLite does not ask about.

use rusqlite::{Error, ffi};

use super::stop::Stop;

/// Bytes handled between two questions whether to stop.
const BYTES_PER_CHECK: usize = 1 << 20;

/// The bytes handled since the run was last asked whether it must end.
pub(super) struct Effort<'a> {
    stop: &'a Stop,
    bytes: usize,
}

impl<'a> Effort<'a> {
    /// Nothing done yet.
    pub(super) fn new(stop: &'a Stop) -> Self {
        Self { stop, bytes: 0 }
    }

    /// Counts `bytes` more.
    ///
    /// # Errors
    ///
    /// `SQLITE_INTERRUPT` if the run must end; the stop knows why.
    pub(super) fn spend(&mut self, bytes: usize) -> rusqlite::Result<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes < BYTES_PER_CHECK {
            return Ok(());
        }
        self.bytes = 0;
        self.check()
    }

    /// Asks at once.
    ///
    /// # Errors
    ///
    /// As [`spend`](Self::spend).
    pub(super) fn check(&self) -> rusqlite::Result<()> {
        if self.stop.is_due() {
            return Err(Error::SqliteFailure(
                ffi::Error::new(ffi::SQLITE_INTERRUPT),
                None,
            ));
        }
        Ok(())
    }
}
