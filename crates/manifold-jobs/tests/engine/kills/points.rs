//! The named points that jobs pass.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::names::names;

/// How the names of points begin that jobs pass.
const OF_JOBS: [&str; 11] = [
    "adopt-",
    "backup-",
    "clone-",
    "export-data-",
    "export-file-",
    "import-",
    "job-",
    "place-",
    "restore-",
    "revision-",
    "safety-copy-",
];

/// Those that need what is not here; commands die at them in the whole-system tests: a backup that is deleted, what is sent elsewhere,
/// a project that is damaged, an import that fails after its first 100,000 rows.
const ELSEWHERE: [&str; 8] = [
    "backup-file-sent",
    "backup-folder-deleted",
    "backup-publishing-elsewhere",
    "backup-sent",
    "backup-spooled",
    "export-data-sent",
    "restore-damaged-copied",
    "import-taken-back",
];

/// Those of the kinds of jobs that tests have.
const OF_TESTS: [&str; 3] = ["copy-row-written", "copy-row-committed", "step-remembered"];

/// Points, and at which of them a process has died.
pub struct Points {
    left: Vec<String>,
    /// Who dies writes down here where.
    pub written: PathBuf,
}

impl Points {
    pub fn new(written: PathBuf) -> Self {
        let mut found = names();
        found.retain(|name| OF_JOBS.iter().any(|prefix| name.starts_with(prefix)));
        found.extend(OF_TESTS.map(str::to_owned));
        assert!(found.len() > 40, "{found:?}");
        for point in ELSEWHERE {
            assert!(found.remove(point), "{point} is no more");
        }
        Self {
            left: found.into_iter().collect(),
            written,
        }
    }

    /// The points at which nobody has died.
    pub fn left(&self) -> &[String] {
        &self.left
    }

    /// Looks where processes have died.
    pub fn look(&mut self) {
        let died = std::fs::read_to_string(&self.written).unwrap_or_default();
        let died: BTreeSet<&str> = died.lines().collect();
        self.left.retain(|point| !died.contains(point.as_str()));
    }
}
