//! A database file that holds the whole state of a transaction, and stays as it is for as long.

use std::ffi::c_int;

use rusqlite::ffi::{self, SQLITE_OK};
use rusqlite::{Connection, TransactionState};

use super::page_checksum::{self, PageLayout};
use super::vfs::with_pages;

/// Where the first page says whether the file is written and read through a write-ahead log.
const MODES: std::ops::Range<usize> = 18..20;

/// The value of both when it is not.
const WITHOUT_LOG: u8 = 1;

/// The file of a connection whose read transaction began when the whole write-ahead log was written back into it.
///
/// Such a transaction does not look at the log, and holds a lock without which nobody writes to the file: others commit
/// into the log meanwhile. So the file is the state, to the byte, and can be read in any way. See [`ReadAhead`](super::read_ahead).
#[derive(Debug)]
pub(crate) struct StillFile<'c> {
    connection: &'c Connection,
    lock: u64,
    layout: PageLayout,
    size: u64,
}

impl<'c> StillFile<'c> {
    /// Bytes to read at once, a multiple of every size of pages.
    pub(crate) const PIECE: usize = 64 << 10;

    /// `None` when a part of the state is in the log, or may be; then the file alone is not the state.
    pub(crate) fn of(connection: &'c Connection) -> rusqlite::Result<Option<Self>> {
        // Which reads the first page, if nothing did before.
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        let found = with_pages(connection, |known, _| {
            Some((known.still()?, known.layout()))
        });
        // Without a transaction nothing is held from one statement to the next.
        let found = found.flatten().filter(|_| !connection.is_autocommit());
        let only_reads = only_reads(connection)?;
        Ok(found
            .filter(|(_, layout)| layout.size > 0 && only_reads)
            .map(|(lock, layout)| Self {
                connection,
                lock,
                layout,
                size: pages.unsigned_abs() * layout.size as u64,
            }))
    }

    /// The size of the state, in bytes. The file may be longer.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of a page.
    pub(crate) fn page_size(&self) -> usize {
        self.layout.size
    }

    /// Reads some whole pages, at most [`Self::PIECE`] bytes, and checks each. The first page is as it is in a
    /// file that has no log beside it.
    ///
    /// # Errors
    /// What SQLite says of a page that is wrong or cannot be read, and an error when the transaction has ended.
    pub(crate) fn read(&self, bytes: &mut [u8], offset: u64) -> rusqlite::Result<()> {
        let at = i64::try_from(offset).map_err(|_| refused(ffi::SQLITE_TOOBIG))?;
        if !only_reads(self.connection)? {
            return Err(refused(ffi::SQLITE_MISUSE));
        }
        let code = with_pages(self.connection, |known, file| {
            if known.still() != Some(self.lock) {
                return ffi::SQLITE_MISUSE;
            }
            known.read_many(file, bytes, at)
        });
        match code {
            Some(SQLITE_OK) => {}
            // The file is shorter than the state that is said to be all in it.
            Some(ffi::SQLITE_IOERR_SHORT_READ) => return Err(refused(ffi::SQLITE_IOERR_DATA)),
            code => return Err(refused(code.unwrap_or(ffi::SQLITE_MISUSE))),
        }
        if offset == 0
            && let Some(first) = bytes.get_mut(..self.layout.size)
        {
            first[MODES].fill(WITHOUT_LOG);
            if self.layout.checked {
                page_checksum::seal(first);
            }
        }
        Ok(())
    }
}

/// What the connection itself has written is in its memory first, where only SQLite looks.
fn only_reads(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(connection.transaction_state(Some("main"))? == TransactionState::Read)
}

fn refused(code: c_int) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}
