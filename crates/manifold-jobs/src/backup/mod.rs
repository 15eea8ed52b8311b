//! Backups of projects: made of one state, checked by reading them back, restored.
//!
//! A backup is a folder with a `manifest.json`, which is written last: without it the folder is no backup.
//! What is between is told by the type: a [`BackupStrategy`] turns a held state into files and files into
//! tables, and knows nothing of databases.

mod begun;
mod cell;
mod compare;
mod create;
mod csv;
mod delete;
mod depth;
mod describe;
mod drill;
mod elsewhere;
mod encryption;
mod error;
mod extent;
mod file_sink;
mod folder;
mod full;
mod incremental;
mod json_reader;
mod keeping;
mod key;
mod key_ring;
mod leftovers;
mod list_again;
mod location;
mod manifest;
mod names;
mod opened;
mod options;
mod part;
mod place;
mod places;
mod repository;
mod restore;
mod room;
mod row_types;
mod saved_source;
mod scan;
mod source;
mod spool;
mod sqlite;
mod store;
mod stored;
mod strategy;
mod survey;
mod upload;
mod verify;
mod watch;

pub use compare::{Compared, compare};
pub use create::{BackupRequest, create, refuse_sources};
pub(crate) use delete::finish_deletions;
pub use delete::{collect_after, delete};
pub use depth::Depth;
pub use drill::drill;
pub use encryption::{Encryption, Unlock};
pub use error::BackupError;
pub use extent::Extent;
pub use folder::{BackupFolder, WriteError};
pub use incremental::{Collected, Increment, SavedPart, SavedRows, SavedTile, collect};
pub use keeping::{Candidate, Fate, Standing, decide};
pub use list_again::{list_again, list_found};
pub use location::Location;
pub use manifest::{FORMAT_VERSION, Manifest, ManifestFile, SavedProject};
pub use opened::Opened;
pub use options::BackupOptions;
pub use part::{Part, PartError};
pub use place::BackupPlace;
pub use places::Places;
pub use restore::stage;
pub use room::Room;
pub use saved_source::SavedSource;
pub use scan::{Scanned, scan};
pub use source::BackupSource;
pub use store::{
    MadeStore, MissingProject, PATIENCE, PartFate, RestoredPart, SavedGroup, StoreBackupRequest,
    StoreManifest, StorePart, StoreRestore, StoreRestored, StoreSource, StoreWatch, create_store,
    refuse_store, verify_store,
};
pub use strategy::{BackupStrategy, Saved, strategy};
pub use survey::{BackupsOf, Weighed, survey};
pub use verify::{Check, Verification, verify, verify_part};
pub use watch::Watch;

pub(crate) use elsewhere::discard;
pub(crate) use leftovers::clear as clear_leftovers;
pub(crate) use repository::{PART, Remote, Repository, part_size, read_part};
pub(crate) use restore::open;
pub(crate) use verify::is_of_system;

/// Runs work that blocks on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    manifold_store::blocking(work).await
}

async fn blocking_behind_others<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    manifold_store::blocking_behind_others(work).await
}
