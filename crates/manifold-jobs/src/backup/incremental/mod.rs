//! Backups that share what they have in common: immutable segments of rows, beside the folders of the backups.
//!
//! Every backup lists all the segments that it needs, so none depends on another. A segment is written once, under a
//! name that is never given again, and goes when no backup at its place needs it.

mod collect;
mod cover;
mod ground;
mod increment;
mod lease;
mod making;
mod manifests;
mod packed;
mod reading;
mod reliance;
mod saved_part;
mod saved_rows;
mod segments;
mod tombstone;

use std::io::Read as _;

use entity_core::enums::BackupType;
use manifold_store::{Frozen, ProjectId, StagedBuilder};

use super::repository::Repository;
use super::{BackupError, BackupFolder, BackupRequest, BackupSource, BackupStrategy, Saved, Watch};

pub use collect::{Collected, collect};
pub(super) use ground::Ground;
pub use increment::Increment;
pub(super) use increment::is_state_of;
pub(super) use reliance::Reliance;
pub use saved_part::SavedPart;
pub use saved_rows::{SavedRows, SavedTile};

/// The catalogue of the project: a database file without rows of sources.
const CATALOGUE: &str = "catalogue.db";

/// `incremental`: the catalogue whole, and of the rows what no earlier backup at the same place has saved.
pub(super) struct Incremental;

impl BackupStrategy for Incremental {
    fn name(&self) -> BackupType {
        BackupType::Incremental
    }

    fn write(
        &self,
        frozen: &Frozen,
        folder: &mut BackupFolder,
        request: &BackupRequest,
        watch: &mut Watch,
    ) -> Result<Saved, BackupError> {
        Ok(Saved {
            increment: Some(making::make(frozen, folder, request, watch)?),
            counts: None,
        })
    }

    fn restore(
        &self,
        source: &BackupSource,
        staged: &mut StagedBuilder,
        watch: &mut Watch,
    ) -> Result<(), BackupError> {
        reading::read(source, staged, watch)
    }
}

/// Ends the leases that attempts up to the one with this token left of a backup at a place.
pub(super) fn end_leases(
    place: &dyn Repository,
    project: &ProjectId,
    backup_id: &str,
    lease_token: i64,
) -> Result<(), BackupError> {
    lease::end(place, &project.namespace(), backup_id, lease_token)
}

/// A small file of a repository, made of JSON.
fn put_json(
    repository: &dyn Repository,
    name: &str,
    value: &impl serde::Serialize,
) -> Result<(), BackupError> {
    let bytes = serde_json::to_vec(value).map_err(std::io::Error::from);
    repository.write(name, bytes.map_err(BackupError::io("write", name))?)
}

/// Reads such a file; `None` when it is not there any more, or is none of ours.
fn read_json<T: serde::de::DeserializeOwned>(
    repository: &dyn Repository,
    name: &str,
) -> Result<Option<T>, BackupError> {
    let file = match repository.open(name) {
        Err(BackupError::MissingFile { .. }) => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    let read = file.take(64 << 20).read_to_end(&mut bytes);
    read.map_err(BackupError::io("read", name))?;
    Ok(serde_json::from_slice(&bytes).ok())
}
