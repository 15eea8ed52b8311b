//! Opens database files so that every page is checked.

use std::ffi::c_int;
use std::path::Path;

use rusqlite::ffi::{SQLITE_FCNTL_RESERVE_BYTES, sqlite3_file_control};
use rusqlite::{Connection, OpenFlags};
use sqlx::sqlite::SqliteConnectOptions;

use super::page_checksum;
use super::vfs::vfs;

/// Opens a database file through rusqlite.
pub(crate) fn connect(path: impl AsRef<Path>, flags: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags_and_vfs(path, flags, vfs())
}

/// Opens a database file through sqlx.
pub(crate) fn connect_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).vfs(vfs())
}

/// Makes an empty database whose pages have checksums, where there is no file or an empty one.
pub(crate) fn make(path: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = connect(path, flags)?;
    want_checksums(&connection)?;
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?; // writes the first page
    connection.close().map_err(|(_, error)| error)
}

/// Gives every page of a file that was made without checksums one, by making the file anew. Nobody else has it open.
///
/// A crash leaves a file that SQLite rolls back; it may be slow, as it writes everything twice.
pub(crate) fn add_checksums(path: &Path) -> rusqlite::Result<()> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if want_checksums(&connection)? {
        connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE; VACUUM")?;
    }
    connection.close().map_err(|(_, error)| error)
}

/// Tells SQLite to leave the end of each page to the checksum, from the first page that it writes or the next VACUUM on.
/// Whether it did not do so already.
pub(crate) fn want_checksums(connection: &Connection) -> rusqlite::Result<bool> {
    let mut reserved = c_int::from(page_checksum::LENGTH);
    // SAFETY: the connection is open, and SQLite reads and writes one integer.
    let code = unsafe {
        sqlite3_file_control(
            connection.handle(),
            c"main".as_ptr(),
            SQLITE_FCNTL_RESERVE_BYTES,
            (&raw mut reserved).cast(),
        )
    };
    match code {
        rusqlite::ffi::SQLITE_OK => Ok(reserved != c_int::from(page_checksum::LENGTH)),
        code => Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(code),
            None,
        )),
    }
}
