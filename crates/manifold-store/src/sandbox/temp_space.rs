//! Measures the temporary files that SQLite fills.
//!
//! SQLite has no limit for what a sort spills: `max_page_count` governs the temp database, and
//! neither sorts nor the tables behind DISTINCT, GROUP BY and WITH RECURSIVE live there. It unlinks
//! each such file as soon as it is open, so only the process's open descriptors show it.

use super::excess::Excess;

/// The temporary files of this process, from the start of a run on.
#[derive(Debug)]
pub(super) struct TempSpace {
    limit: u64,
    before: u64,
}

impl TempSpace {
    /// Allows `limit` bytes of temporary files.
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, before: 0 }
    }

    /// Begins a run: what other connections of the process hold now is not the run's.
    pub(super) fn start(&mut self) {
        self.before = open_files::measure().map_or(0, |space| space.used);
    }

    /// Whether the run uses more than its limit or the disk allows.
    ///
    /// Files that other connections fill meanwhile count too; on systems where descriptors cannot be
    /// read there is nothing to measure, see [`watched`].
    pub(super) fn excess(&self) -> Option<Excess> {
        let space = open_files::measure()?;
        let used = space.used.saturating_sub(self.before);
        if used > self.limit {
            return Some(Excess::TemporaryFiles {
                used,
                limit: self.limit,
            });
        }
        // Four fifths of what was free are in use.
        let available = space.available?;
        (used > 0 && available < used / 4).then_some(Excess::Disk { available })
    }
}

/// Whether temporary files can be measured here. Where they cannot, temporary data must stay in
/// memory, where the limit of the heap holds it.
pub(super) fn watched() -> bool {
    open_files::measure().is_some()
}

/// What the open temporary files take.
struct Space {
    used: u64,
    /// Free bytes of the disk they are on; `None` without files.
    available: Option<u64>,
}

#[cfg(target_os = "linux")]
mod open_files {
    use std::fs;

    use super::Space;

    /// What SQLite calls its temporary files.
    const PREFIX: &str = "etilqs_";

    /// `None` if the process may not read its own descriptors. A file that closes meanwhile is none.
    pub(super) fn measure() -> Option<Space> {
        let mut space = Space {
            used: 0,
            available: None,
        };
        for descriptor in fs::read_dir("/proc/self/fd").ok()?.flatten() {
            let path = descriptor.path();
            let temporary = fs::read_link(&path).is_ok_and(|target| {
                target
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
            });
            if !temporary {
                continue;
            }
            space.used += fs::metadata(&path).map_or(0, |file| file.len());
            if let Ok(disk) = rustix::fs::statvfs(&path) {
                let free = disk.f_bavail.saturating_mul(disk.f_frsize);
                space.available = Some(space.available.map_or(free, |least| least.min(free)));
            }
        }
        Some(space)
    }
}

#[cfg(not(target_os = "linux"))]
mod open_files {
    use super::Space;

    /// No portable way to see unlinked files.
    pub(super) fn measure() -> Option<Space> {
        None
    }
}
