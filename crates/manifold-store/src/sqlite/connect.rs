//! Opens database files so that every page is checked.

use std::ffi::c_int;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use rusqlite::ffi::{SQLITE_FCNTL_RESERVE_BYTES, sqlite3_file_control};
use rusqlite::{Connection, OpenFlags};
use sqlx::sqlite::SqliteConnectOptions;

use super::page_checksum::{self, PageLayout};
use super::vfs::vfs;

/// Opens a database file through rusqlite.
pub(crate) fn connect(path: impl AsRef<Path>, flags: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags_and_vfs(path, flags, vfs())
}

/// Opens a file that some other program may have made, at `address`, which is `path` or a URI of it.
///
/// A program that knows nothing of our checksums copies the room for them and leaves it without any, as `VACUUM INTO` does. Such
/// a file is read as it is; one that has a checksum on any page has them on all, or is damaged.
pub(crate) fn connect_foreign(
    path: &Path,
    address: impl AsRef<Path>,
    flags: OpenFlags,
) -> rusqlite::Result<Connection> {
    // A file that cannot be read here cannot be read by SQLite either, which says so.
    if lacks_checksums(path).unwrap_or(false) {
        Connection::open_with_flags(address, flags)
    } else {
        connect(address, flags)
    }
}

/// Whether every page has room for a checksum and none has one. Reads no further than the first that has.
fn lacks_checksums(path: &Path) -> io::Result<bool> {
    let mut file = BufReader::new(File::open(path)?);
    let mut page = vec![0; page_checksum::HEADER];
    file.read_exact(&mut page)?;
    let Some(layout) = PageLayout::of(&page).filter(|layout| layout.checked) else {
        return Ok(false);
    };
    page.resize(layout.size, 0);
    let (_, rest) = page.split_at_mut(page_checksum::HEADER);
    file.read_exact(rest)?;
    loop {
        // A page that was never written is nothing but zeros, with or without checksums.
        if page_checksum::is_sound(&page) && page.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        match file.read_exact(&mut page) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(true),
            read => read?,
        }
    }
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

/// Writes the first page of an empty file, if its pages are to have checksums because those of `model` do. Pages that are written
/// before the first one get theirs only afterwards, which is as much work again.
pub(crate) fn make_like(connection: &Connection, model: &Connection) -> rusqlite::Result<()> {
    if reserve(model, -1)? != c_int::from(page_checksum::LENGTH) {
        return Ok(());
    }
    let size: i64 = model.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    connection.execute_batch(&format!("PRAGMA page_size = {size}"))?;
    want_checksums(connection)?;
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT")
}

/// Tells SQLite to leave the end of each page to the checksum, from the first page that it writes or the next VACUUM on.
/// Whether it did not do so already.
pub(crate) fn want_checksums(connection: &Connection) -> rusqlite::Result<bool> {
    let length = c_int::from(page_checksum::LENGTH);
    Ok(reserve(connection, length)? != length)
}

/// Tells SQLite how many bytes to leave alone at the end of each page, unless that is negative; how many it left so far.
fn reserve(connection: &Connection, bytes: c_int) -> rusqlite::Result<c_int> {
    let mut reserved = bytes;
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
        rusqlite::ffi::SQLITE_OK => Ok(reserved),
        code => Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(code),
            None,
        )),
    }
}
