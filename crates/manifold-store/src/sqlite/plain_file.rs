//! How SQLite reads the files that are no databases: logs, journals and temporary files.

use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

use rusqlite::ffi::{
    SQLITE_IOERR, SQLITE_IOERR_CORRUPTFS, SQLITE_IOERR_READ, sqlite3_file, sqlite3_int64,
    sqlite3_io_methods,
};

/// The platform's methods, and the same with a `xRead` of our own.
struct Methods {
    platform: &'static sqlite3_io_methods,
    ours: sqlite3_io_methods,
}

static METHODS: OnceLock<Methods> = OnceLock::new();

/// The code of a read, as it is meant.
///
/// Where the system says `EIO`, SQLite takes the file system for damaged, and ends the statement as if the database were. A disk
/// that fails once would put a project into quarantine, and be told as a damaged backup.
pub(super) fn read_code(code: c_int) -> c_int {
    match code {
        SQLITE_IOERR_CORRUPTFS => SQLITE_IOERR_READ,
        code => code,
    }
}

/// Makes the reads of a file mean what they mean.
///
/// # Safety
/// `file` was just opened by the platform, which wrote its methods.
pub(super) unsafe fn take_over(file: *mut sqlite3_file) {
    // SAFETY: an open file has methods, and these are constants of the platform.
    let Some(platform) = (unsafe { (*file).pMethods.as_ref::<'static>() }) else {
        return;
    };
    let methods = METHODS.get_or_init(|| Methods {
        platform,
        ours: sqlite3_io_methods {
            xRead: Some(read),
            ..*platform
        },
    });
    // A file with other methods, which the platform has for locks on odd file systems, is left as it is.
    if std::ptr::eq(platform, methods.platform) {
        // SAFETY: the file is open, and nobody uses it yet.
        unsafe { (*file).pMethods = &raw const methods.ours };
    }
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    buffer: *mut c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let method = METHODS.get().and_then(|methods| methods.platform.xRead);
    // SAFETY: the platform opened the file, and SQLite's arguments are given on as they are.
    let code = method.map_or(SQLITE_IOERR, |method| unsafe {
        method(file, buffer, length, offset)
    });
    read_code(code)
}
