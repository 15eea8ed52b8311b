//! How SQLite reaches database files: the platform's way, with a checksum on every page.

use std::ffi::{CStr, c_int, c_void};
use std::mem::size_of;
use std::sync::OnceLock;

use rusqlite::Connection;
use rusqlite::ffi::{
    SQLITE_ERROR, SQLITE_FCNTL_CKPT_DONE, SQLITE_FCNTL_CKPT_START, SQLITE_FCNTL_FILE_POINTER,
    SQLITE_IOCAP_SUBPAGE_READ, SQLITE_IOERR, SQLITE_NOTFOUND, SQLITE_OK, SQLITE_OPEN_MAIN_DB,
    SQLITE_SHM_LOCK, SQLITE_SHM_SHARED, sqlite3_file, sqlite3_file_control, sqlite3_filename,
    sqlite3_int64, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find, sqlite3_vfs_register,
};

use super::checked_pages::{CheckedPages, PlatformFile};
use super::plain_file::{read_code, take_over};

const NAME: &CStr = c"manifold";

/// The lock of the log's index that a reader holds who finds all of the log in the file: `WAL_READ_LOCK(0)` of
/// <https://sqlite.org/walformat.html>. It is a part of the format, as processes of different versions share it.
const READ_LOCK_0: c_int = 3;

/// The platform's VFS, which lives as long as the process.
#[derive(Clone, Copy)]
struct Platform(*mut sqlite3_vfs);

// SAFETY: SQLite shares its VFS objects between threads; nothing here changes this one.
unsafe impl Send for Platform {}
// SAFETY: the same.
unsafe impl Sync for Platform {}

static PLATFORM: OnceLock<Option<Platform>> = OnceLock::new();

/// The name of the VFS through which every database file of ours is opened, made known to SQLite at the first call.
///
/// Through it each page of a file that was made with checksums is sealed when it is written and checked when it is
/// read; a page whose checksum is wrong ends the statement with `SQLITE_IOERR_DATA`. Files without checksums are read
/// and written as they are. It is not SQLite's default: a program that writes to our files through a connection of
/// its own opens it with this name, or its pages are taken for damaged ones.
///
/// Where SQLite refuses to take it, which it does for lack of memory alone, opening a file by this name fails.
pub fn vfs() -> &'static str {
    PLATFORM.get_or_init(register);
    NAME.to_str().unwrap_or_default()
}

fn register() -> Option<Platform> {
    // SAFETY: with no name SQLite gives its default VFS, which is never freed.
    let platform = unsafe { sqlite3_vfs_find(std::ptr::null()) };
    // SAFETY: not null, and SQLite keeps it valid. The copy has everything that the platform's methods look for in it;
    // only the files that it opens are larger, and opened here.
    let mut ours = Box::new(unsafe { *platform.as_ref()? });
    ours.zName = NAME.as_ptr();
    ours.pNext = std::ptr::null_mut();
    ours.szOsFile += c_int::try_from(size_of::<CheckedFile>()).ok()?;
    ours.xOpen = Some(open);
    // SAFETY: leaked, so it lives as long as SQLite may use it.
    let code = unsafe { sqlite3_vfs_register(Box::leak(ours), 0) };
    (code == SQLITE_OK).then_some(Platform(platform))
}

/// An open database file. The platform's own object follows it in memory: SQLite gives room for both.
#[repr(C)]
struct CheckedFile {
    base: sqlite3_file,
    pages: *mut CheckedPages,
}

/// Does something with the pages of a connection's main file; `None` when it was not opened through this VFS, or without
/// shared memory.
pub(super) fn with_pages<T>(
    connection: &Connection,
    work: impl FnOnce(&mut CheckedPages, &Below) -> T,
) -> Option<T> {
    let mut file = std::ptr::null_mut::<sqlite3_file>();
    // SAFETY: the connection is open, and SQLite writes one pointer. The file behind it lives as long as the connection has it
    // open, and it is ours if it has our methods. A connection is used by one thread at a time, since it is not `Sync`,
    // and `work` is given nothing by which it could call SQLite, which would use the pages too, on this connection's behalf.
    unsafe {
        let code = sqlite3_file_control(
            connection.handle(),
            c"main".as_ptr(),
            SQLITE_FCNTL_FILE_POINTER,
            (&raw mut file).cast(),
        );
        if code != SQLITE_OK || !std::ptr::eq(file.as_ref()?.pMethods, &raw const LOGGED) {
            return None;
        }
        let pages = &mut *(*file.cast::<CheckedFile>()).pages;
        Some(work(pages, &Below::of(file)))
    }
}

/// The platform's side of an open file.
pub(super) struct Below {
    file: *mut sqlite3_file,
    methods: &'static sqlite3_io_methods,
}

impl Below {
    /// # Safety
    /// `file` was opened by [`open`] as a [`CheckedFile`] and is not closed yet.
    unsafe fn of(file: *mut sqlite3_file) -> Self {
        // SAFETY: the platform's file follows ours. It is open, so it has methods, which are constants.
        unsafe {
            let file = file.byte_add(size_of::<CheckedFile>());
            Self {
                file,
                methods: &*(*file).pMethods,
            }
        }
    }
}

impl PlatformFile for Below {
    fn read(&self, bytes: &mut [u8], offset: i64) -> c_int {
        match (self.methods.xRead, c_int::try_from(bytes.len())) {
            (Some(read), Ok(length)) => {
                // SAFETY: the file is open, and the buffer is as long as is said.
                let code = unsafe { read(self.file, bytes.as_mut_ptr().cast(), length, offset) };
                read_code(code)
            }
            _ => SQLITE_IOERR,
        }
    }

    fn write(&self, bytes: &[u8], offset: i64) -> c_int {
        match (self.methods.xWrite, c_int::try_from(bytes.len())) {
            // SAFETY: the file is open, and the buffer is as long as is said.
            (Some(write), Ok(length)) => unsafe {
                write(self.file, bytes.as_ptr().cast(), length, offset)
            },
            _ => SQLITE_IOERR,
        }
    }

    fn size(&self) -> i64 {
        let mut size = 0;
        match self.methods.xFileSize {
            // SAFETY: the file is open.
            Some(measure) if unsafe { measure(self.file, &raw mut size) } == SQLITE_OK => size,
            _ => 0,
        }
    }
}

unsafe extern "C" fn open(
    _vfs: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let Some(Platform(platform)) = PLATFORM.get().copied().flatten() else {
        return SQLITE_ERROR;
    };
    // SAFETY: SQLite calls this with room for `szOsFile` bytes at `file`, which begins with a `CheckedFile`. What is
    // no database (a journal, a log, a temporary file) is the platform's alone, at the beginning of the room.
    unsafe {
        let Some(open) = (*platform).xOpen else {
            return SQLITE_ERROR;
        };
        if flags & SQLITE_OPEN_MAIN_DB == 0 {
            let code = open(platform, name, file, flags, out_flags);
            if code == SQLITE_OK {
                take_over(file);
            }
            return code;
        }
        (*file).pMethods = std::ptr::null();
        let below = file.byte_add(size_of::<CheckedFile>());
        (*below).pMethods = std::ptr::null();
        let code = open(platform, name, below, flags, out_flags);
        let Some(methods) = (*below).pMethods.as_ref() else {
            return if code == SQLITE_OK {
                SQLITE_ERROR
            } else {
                code
            };
        };
        if code != SQLITE_OK {
            if let Some(close) = methods.xClose {
                close(below);
            }
            return code;
        }
        (*file.cast::<CheckedFile>()).pages = Box::into_raw(Box::default());
        let shares_memory = methods.iVersion >= 2 && methods.xShmMap.is_some();
        (*file).pMethods = if shares_memory { &LOGGED } else { &UNLOGGED };
    }
    SQLITE_OK
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite closes an open file once and does not use it again; `pages` came from `Box::into_raw`.
    unsafe {
        let below = Below::of(file);
        let code = below
            .methods
            .xClose
            .map_or(SQLITE_OK, |close| close(below.file));
        drop(Box::from_raw((*file.cast::<CheckedFile>()).pages));
        code
    }
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    buffer: *mut c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let Ok(length) = usize::try_from(length) else {
        return SQLITE_IOERR;
    };
    // SAFETY: the file is open, SQLite uses it on one thread at a time, and its buffer is as long as it says.
    unsafe {
        let bytes = std::slice::from_raw_parts_mut(buffer.cast(), length);
        let pages = &mut *(*file.cast::<CheckedFile>()).pages;
        pages.read(&Below::of(file), bytes, offset)
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    buffer: *const c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let Ok(length) = usize::try_from(length) else {
        return SQLITE_IOERR;
    };
    // SAFETY: as in `read`.
    unsafe {
        let bytes = std::slice::from_raw_parts(buffer.cast(), length);
        let pages = &mut *(*file.cast::<CheckedFile>()).pages;
        pages.write(&Below::of(file), bytes, offset)
    }
}

unsafe extern "C" fn control(file: *mut sqlite3_file, what: c_int, argument: *mut c_void) -> c_int {
    // SAFETY: as in `read`; the argument is the platform's to understand.
    unsafe {
        let below = Below::of(file);
        let pages = &mut *(*file.cast::<CheckedFile>()).pages;
        match what {
            SQLITE_FCNTL_CKPT_START => pages.begin_checkpoint(&below),
            SQLITE_FCNTL_CKPT_DONE => pages.end_checkpoint(),
            _ => {}
        }
        let method = below.methods.xFileControl;
        method.map_or(SQLITE_NOTFOUND, |method| method(below.file, what, argument))
    }
}

unsafe extern "C" fn characteristics(file: *mut sqlite3_file) -> c_int {
    // SAFETY: as in `read`.
    let characteristics = unsafe {
        let below = Below::of(file);
        let method = below.methods.xDeviceCharacteristics;
        method.map_or(0, |method| method(below.file))
    };
    characteristics & !SQLITE_IOCAP_SUBPAGE_READ // part of a page cannot be checked
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    at: *mut *mut c_void,
) -> c_int {
    // SAFETY: as in `read`; SQLite's arguments are given on as they are.
    unsafe {
        let below = Below::of(file);
        let pages = &mut *(*file.cast::<CheckedFile>()).pages;
        let code = below.methods.xShmMap.map_or(SQLITE_IOERR, |method| {
            method(below.file, region, size, extend, at)
        });
        pages.index_found(code == SQLITE_OK);
        code
    }
}

unsafe extern "C" fn shm_lock(
    file: *mut sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: as in `read`; SQLite's arguments are given on as they are.
    unsafe {
        let below = Below::of(file);
        let pages = &mut *(*file.cast::<CheckedFile>()).pages;
        pages.forget();
        let code = below.methods.xShmLock.map_or(SQLITE_IOERR, |method| {
            method(below.file, offset, count, flags)
        });
        if (offset..offset + count).contains(&READ_LOCK_0) {
            const FOR_READING: c_int = SQLITE_SHM_LOCK | SQLITE_SHM_SHARED;
            pages.ignores_log(code == SQLITE_OK && flags & FOR_READING == FOR_READING);
        }
        code
    }
}

/// What happens before a method of the platform's: nothing, or what was read on is forgotten.
macro_rules! before {
    (nothing, $file:ident) => {};
    (forgetting, $file:ident) => {
        (*(*$file.cast::<CheckedFile>()).pages).forget()
    };
}

/// Methods that are the platform's alone.
macro_rules! passed_on {
    ($($before:ident: $name:ident = $method:ident($($argument:ident: $type:ty),*) -> $result:ty, or $absent:expr;)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file $(, $argument: $type)*) -> $result {
            // SAFETY: the file is open and used on one thread at a time, and SQLite's arguments are given on as they are.
            unsafe {
                before!($before, file);
                let below = Below::of(file);
                match below.methods.$method {
                    Some(method) => method(below.file $(, $argument)*),
                    None => $absent,
                }
            }
        }
    )*};
}

passed_on! {
    forgetting: truncate = xTruncate(size: sqlite3_int64) -> c_int, or SQLITE_IOERR;
    forgetting: lock = xLock(level: c_int) -> c_int, or SQLITE_IOERR;
    forgetting: unlock = xUnlock(level: c_int) -> c_int, or SQLITE_IOERR;
    forgetting: shm_barrier = xShmBarrier() -> (), or ();
    forgetting: shm_unmap = xShmUnmap(delete: c_int) -> c_int, or SQLITE_OK;
    nothing: sync = xSync(flags: c_int) -> c_int, or SQLITE_IOERR;
    nothing: file_size = xFileSize(size: *mut sqlite3_int64) -> c_int, or SQLITE_IOERR;
    nothing: check_reserved_lock = xCheckReservedLock(held: *mut c_int) -> c_int, or SQLITE_IOERR;
    nothing: sector_size = xSectorSize() -> c_int, or 0;
}

/// Version 2 has no memory-mapped reading, which would pass the checks by.
static LOGGED: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    ..UNLOGGED
};

/// For a file that the platform opened without shared memory, such as one that nobody changes.
const UNLOGGED: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};
