//! Puts off writing the log back into the file where a commit must not wait for the disk.

use std::cell::Cell;
use std::ffi::c_int;
use std::marker::PhantomData;

use rusqlite::hooks::Wal;

/// With how many pages in the log a commit writes it back: SQLite's own choice.
const PAGES: c_int = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// A commit writes the log back when it is long.
    AtOnce,
    /// It leaves it as it is.
    Later,
    /// It has left a long log.
    Due,
}

thread_local! {
    // A commit calls the hook on its own thread, and the hook knows nothing else of its connection.
    static WANTED: Cell<Wanted> = const { Cell::new(Wanted::AtOnce) };
}

/// Does what SQLite's own hook does, unless a [`PutOff`] lives on this thread.
pub(super) fn keep_short(connection: &rusqlite::Connection) {
    connection.wal_hook(Some(committed));
}

fn committed(log: &Wal, pages: c_int) -> rusqlite::Result<()> {
    if pages < PAGES {
        return Ok(());
    }
    match WANTED.get() {
        Wanted::AtOnce => drop(log.checkpoint()), // when others are in its way, a later commit does it
        Wanted::Later | Wanted::Due => WANTED.set(Wanted::Due),
    }
    Ok(())
}

/// While it lives, commits on this thread do not write the log back.
pub(super) struct PutOff {
    _of_this_thread: PhantomData<*const ()>,
}

impl PutOff {
    pub(super) fn new() -> Self {
        WANTED.set(Wanted::Later);
        Self {
            _of_this_thread: PhantomData,
        }
    }

    /// Whether a commit has left a long log.
    pub(super) fn is_due(&self) -> bool {
        WANTED.get() == Wanted::Due
    }
}

impl Drop for PutOff {
    fn drop(&mut self) {
        WANTED.set(Wanted::AtOnce);
    }
}
