//! Segments that nobody needs, on their way out.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{put_json, read_json};
use crate::backup::BackupError;
use crate::backup::repository::Repository;

/// A tombstone that is being written and did not grow for so long is nobody's any more.
const DEAD: Duration = Duration::from_secs(60 * 60);

/// Segments that no backup needed when it was written. No backup that begins while it is there relies on one of them, so they can
/// go once those backups ended that had begun before.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Tombstone {
    /// Names of segments.
    pub(super) segments: BTreeSet<String>,
    /// The leases that were there after it had been written; `None` as long as nobody has looked.
    pub(super) leases: Option<BTreeSet<String>>,
}

impl Tombstone {
    /// Every tombstone of a project, with its name.
    pub(super) fn list(
        repository: &dyn Repository,
        stem: &str,
    ) -> Result<Vec<(String, Self)>, BackupError> {
        let mut tombstones = Vec::new();
        for file in repository.list(&format!("gc/{stem}"))? {
            if let Some(tombstone) = read_json(repository, &file.name)? {
                tombstones.push((file.name, tombstone));
            }
        }
        Ok(tombstones)
    }

    /// The names of the segments on which no backup relies that begins now.
    pub(super) fn doomed(
        repository: &dyn Repository,
        stem: &str,
    ) -> Result<BTreeSet<String>, BackupError> {
        let listed = Self::list(repository, stem)?.into_iter();
        Ok(listed
            .flat_map(|(_, tombstone)| tombstone.segments)
            .collect())
    }

    /// A name for a new one.
    pub(super) fn new_name(stem: &str) -> String {
        format!("gc/{stem}/{}.json", uuid::Uuid::now_v7().simple())
    }

    /// Removes what is left of tombstones of processes that died as they wrote them.
    pub(super) fn clear(repository: &dyn Repository, stem: &str) -> Result<(), BackupError> {
        repository.clear(&format!("gc/{stem}"), &|_, idle| idle > DEAD)
    }

    pub(super) fn put(&self, repository: &dyn Repository, name: &str) -> Result<(), BackupError> {
        put_json(repository, name, self)
    }
}
