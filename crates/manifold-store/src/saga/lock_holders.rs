//! Which processes hold a lock that others share: they cannot write their names into its file. And which read a
//! database: SQLite's own locks tell, whatever program it is.

use std::path::Path;

/// How often the list of locks is read until the file is found in it: it comes in pieces, and a lock that is taken or
/// dropped between two of them can push others out of sight.
#[cfg(target_os = "linux")]
const READINGS: usize = 5;

/// The processes that hold a lock on this file, as far as the system tells: their ids and commands.
#[cfg(target_os = "linux")]
pub(crate) fn lock_holders(path: &Path) -> Option<String> {
    listed(path, holder)
}

/// The processes that read a state of the database at `path` at this moment, as far as the system tells.
#[cfg(target_os = "linux")]
pub(crate) fn readers(path: &Path) -> Option<String> {
    let mut index = path.as_os_str().to_owned();
    index.push("-shm");
    listed(Path::new(&index), reader)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn readers(_path: &Path) -> Option<String> {
    None
}

/// The processes in whose lines `of` finds this file.
#[cfg(target_os = "linux")]
fn listed(path: &Path, of: for<'a> fn(&'a str, &str) -> Option<&'a str>) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    let (major, minor) = (
        rustix::fs::major(metadata.dev()),
        rustix::fs::minor(metadata.dev()),
    );
    let file = format!("{major:02x}:{minor:02x}:{}", metadata.ino());
    (0..READINGS).find_map(|_| {
        let locks = std::fs::read_to_string("/proc/locks").ok()?;
        let mut holders: Vec<String> = locks
            .lines()
            .filter_map(|line| of(line, &file))
            .map(named)
            .collect();
        holders.sort_unstable();
        holders.dedup();
        (!holders.is_empty()).then(|| holders.join(", "))
    })
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn lock_holders(_path: &Path) -> Option<String> {
    None
}

/// The process in a line such as `3: FLOCK  ADVISORY  READ 4242 fe:00:131 0 EOF`. Lines of waiters have an
/// arrow in the second place.
#[cfg(target_os = "linux")]
fn holder<'a>(line: &'a str, file: &str) -> Option<&'a str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [_, "FLOCK", _, _, process, locked, ..] if *locked == file => Some(process),
        _ => None,
    }
}

/// The process in a line such as `5: POSIX  ADVISORY  READ 4242 fe:00:132 124 124`: SQLite locks one of these five
/// bytes of a log's index while it reads (<https://sqlite.org/walformat.html#wal_locks>).
#[cfg(target_os = "linux")]
fn reader<'a>(line: &'a str, file: &str) -> Option<&'a str> {
    const READ_LOCKS: std::ops::RangeInclusive<u64> = 123..=127;
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [_, "POSIX", _, "READ", process, locked, first, ..] if *locked == file => first
            .parse()
            .is_ok_and(|first| READ_LOCKS.contains(&first))
            .then_some(process),
        _ => None,
    }
}

#[cfg(target_os = "linux")]
fn named(process: &str) -> String {
    let command = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let words: Vec<_> = command
        .split(|byte| *byte == 0)
        .map(String::from_utf8_lossy)
        .collect();
    let line = words.join(" ");
    let line: String = line
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect();
    if line.is_empty() {
        format!("process {process}")
    } else {
        format!("process {process} ({line})")
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::{FileLock, Share};

    #[test]
    fn who_shares_a_lock_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let held = FileLock::try_take(&path, Share::Shared).unwrap();
        let holders = lock_holders(&path);
        assert!(
            holders
                .as_deref()
                .is_some_and(|name| name.contains(&std::process::id().to_string())),
            "{holders:?}"
        );
        drop(held);
        assert_eq!(lock_holders(&path), None);
    }

    #[test]
    fn who_reads_a_database_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let writer = rusqlite::Connection::open(&path).unwrap();
        writer
            .execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE t (n); INSERT INTO t VALUES (1)",
            )
            .unwrap();
        assert_eq!(readers(&path), None, "an open connection reads nothing");
        let other = rusqlite::Connection::open(&path).unwrap();
        other
            .execute_batch("BEGIN; SELECT count(*) FROM t")
            .unwrap();
        let name = readers(&path);
        assert!(
            name.as_deref()
                .is_some_and(|name| name.contains(&std::process::id().to_string())),
            "{name:?}"
        );
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(readers(&path), None);
    }

    #[test]
    fn waiters_and_other_files_are_passed_over() {
        assert_eq!(
            holder("3: FLOCK  ADVISORY  READ 4242 fe:00:131 0 EOF", "fe:00:131"),
            Some("4242")
        );
        assert_eq!(
            holder(
                "3: -> FLOCK  ADVISORY  WRITE 4242 fe:00:131 0 EOF",
                "fe:00:131"
            ),
            None
        );
        assert_eq!(
            holder(
                "3: FLOCK  ADVISORY  READ 4242 fe:00:1310 0 EOF",
                "fe:00:131"
            ),
            None
        );
        assert_eq!(holder("", "fe:00:131"), None);
    }
}
