//! A statement that is prepared without rusqlite, and finalized when dropped.

use std::ffi::{CStr, c_int};
use std::ptr::{NonNull, null_mut};

use rusqlite::Connection;
use rusqlite::ffi::{self, SQLITE_OK, sqlite3_stmt};

/// A statement of a connection.
pub(super) struct Prepared<'c> {
    pub(super) connection: &'c Connection,
    pub(super) statement: NonNull<sqlite3_stmt>,
}

impl<'c> Prepared<'c> {
    /// The first statement of `sql`.
    pub(super) fn new(connection: &'c Connection, sql: &str) -> rusqlite::Result<Self> {
        let length = c_int::try_from(sql.len()).map_err(|_| refused(ffi::SQLITE_TOOBIG))?;
        let mut statement = null_mut();
        // SAFETY: the handle is open as long as `connection` is, and `sql` is as long as is said.
        let code = unsafe {
            ffi::sqlite3_prepare_v2(
                connection.handle(),
                sql.as_ptr().cast(),
                length,
                &raw mut statement,
                null_mut(),
            )
        };
        if code != SQLITE_OK {
            return Err(error(connection, code));
        }
        let statement = NonNull::new(statement).ok_or_else(|| refused(ffi::SQLITE_MISUSE))?;
        Ok(Self {
            connection,
            statement,
        })
    }
}

impl Drop for Prepared<'_> {
    fn drop(&mut self) {
        // SAFETY: finalized once, here; nobody else has it. What it returns is the error of the last step again.
        unsafe { ffi::sqlite3_finalize(self.statement.as_ptr()) };
    }
}

/// What SQLite says about the call that returned `code`.
#[cold]
pub(super) fn error(connection: &Connection, code: c_int) -> rusqlite::Error {
    // SAFETY: the handle is open; the message is copied before anybody else can use the handle.
    let message = unsafe {
        let message = ffi::sqlite3_errmsg(connection.handle());
        (!message.is_null()).then(|| CStr::from_ptr(message).to_string_lossy())
    };
    let message = message.map(std::borrow::Cow::into_owned);
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), message)
}

#[cold]
fn refused(code: c_int) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}
