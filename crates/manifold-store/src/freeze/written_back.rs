//! Writes the log back into the file before a state is held.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{access, sqlite};

/// How long to try to get between the transactions of others. Whoever takes longer for one has not committed, so what is in
/// the log can be written back all the same.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long to wait between two tries: who commits one transaction after the other leaves little time between them.
const PAUSE: Duration = Duration::from_micros(200);

/// As long as this exists nobody commits, and the log is in the file unless somebody reads an earlier state.
///
/// A state that is held then is all in the file, which can be copied as it is. It also lets the log begin anew, which would
/// otherwise grow for as long as the state is held, from what it is now.
pub(super) struct WrittenBack {
    /// Its transaction keeps others out. It is rolled back when the connection is closed, and has written nothing.
    _alone: Connection,
}

impl WrittenBack {
    /// Writes back the log of the file at `path`, and keeps others from committing for a moment: as long as a commit takes.
    /// `None` when there is no log, or others are in the way; a state can be held all the same.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let log = std::fs::metadata(access::log(path)).ok()?;
        if log.len() == 0 {
            return None;
        }
        // What is long takes long, and nobody need wait for it.
        let writer = connect(path).ok()?;
        write_back(&writer).ok()?;
        let alone = connect(path).ok()?;
        let taken = begin(&alone);
        write_back(&writer).ok()?;
        taken.ok()?;
        Some(Self { _alone: alone })
    }
}

fn begin(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match connection.execute_batch("BEGIN IMMEDIATE") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && begun.elapsed() < PATIENCE =>
            {
                std::thread::sleep(PAUSE);
            }
            begun => return begun,
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = sqlite::connect(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    Ok(connection)
}

/// Waits for nobody.
fn write_back(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}
