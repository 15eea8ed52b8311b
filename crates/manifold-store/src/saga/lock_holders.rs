//! Which processes hold a lock that others share: they cannot write their names into its file.

use std::path::Path;

/// How often the list of locks is read until the file is found in it: it comes in pieces, and a lock that is taken or
/// dropped between two of them can push others out of sight.
#[cfg(target_os = "linux")]
const READINGS: usize = 5;

/// The processes that hold a lock on this file, as far as the system tells: their ids and commands.
#[cfg(target_os = "linux")]
pub(crate) fn lock_holders(path: &Path) -> Option<String> {
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
            .filter_map(|line| holder(line, &file))
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
