//! What a write-ahead log tells.

use std::path::{Path, PathBuf};

/// How many commits the log of a database holds: its frames that end one. The log begins anew after 1,000 pages.
pub(crate) fn commits(database: &Path) -> usize {
    let log = std::fs::read(path(database)).unwrap();
    if log.is_empty() {
        return 0;
    }
    let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
    log[32..]
        .chunks_exact(24 + page)
        .filter(|frame| frame[8..16] == log[16..24] && frame[4..8] != [0; 4])
        .count()
}

/// Where the log of a database is.
pub(crate) fn path(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    path.into()
}
