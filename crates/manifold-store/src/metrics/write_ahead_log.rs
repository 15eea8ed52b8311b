//! The write-ahead log of a database: its size, and how often it began anew.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::access;

/// Marks that a salt was seen, above the 32 bits of the salt.
const SEEN: u64 = 1 << 32;

/// A larger step between two salts is no count: the log was made anew.
const MOST_RESTARTS: u32 = 1 << 24;

/// The bytes of the write-ahead log beside the database at `path`, 0 when there is none. It holds what is committed and
/// not yet written back, and afterwards free room for the next commits.
pub(crate) fn log_bytes(path: &Path) -> u64 {
    std::fs::metadata(access::log(path)).map_or(0, |metadata| metadata.len())
}

/// Counts how often a log began anew, whoever wrote it back: SQLite then adds one to the first salt in its header.
#[derive(Debug, Default)]
pub(crate) struct LogMeter {
    last: AtomicU64,
    restarts: AtomicU64,
}

impl LogMeter {
    /// Looks at the log of the database at `path`. SQLite holds no lock on a log's own file, so opening it takes none
    /// away.
    pub(crate) fn look(&self, path: &Path) {
        let mut header = [0; 32];
        let read = File::open(access::log(path)).and_then(|mut log| log.read_exact(&mut header));
        if read.is_err() {
            return; // it is empty, and tells more with the next commit
        }
        let salt = u32::from_be_bytes([header[16], header[17], header[18], header[19]]);
        let last = self.last.swap(SEEN | u64::from(salt), Ordering::Relaxed);
        if last == 0 {
            return;
        }
        let steps = salt.wrapping_sub(last as u32);
        let restarts = if steps > MOST_RESTARTS { 1 } else { steps };
        self.restarts
            .fetch_add(u64::from(restarts), Ordering::Relaxed);
    }

    pub(crate) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }
}
