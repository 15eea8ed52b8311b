//! Backups of projects: made of one state, checked by reading them back, restored.
//!
//! A backup is a folder with a `manifest.json`, which is written last: without it the folder is no backup.
//! What is between is told by the type: a [`BackupStrategy`] turns a held state into files and files into
//! tables, and knows nothing of databases.

mod cell;
mod create;
mod csv;
mod error;
mod file_sink;
mod folder;
mod full;
mod json_reader;
mod keeping;
mod leftovers;
mod list_again;
mod manifest;
mod options;
mod place;
mod restore;
mod row_types;
mod source;
mod sqlite;
mod strategy;
mod survey;
mod verify;
mod watch;

pub use create::{BackupRequest, create};
pub use error::BackupError;
pub use folder::{BackupFolder, WriteError};
pub use keeping::{Candidate, Fate, Standing, decide};
pub use list_again::list_again;
pub use manifest::{FORMAT_VERSION, Manifest, ManifestFile, SavedProject};
pub use options::BackupOptions;
pub use place::BackupPlace;
pub use restore::stage;
pub use source::BackupSource;
pub use strategy::{BackupStrategy, strategy};
pub use survey::{Weighed, survey};
pub use verify::{Check, Verification, verify};
pub use watch::Watch;

pub(crate) use leftovers::clear as clear_leftovers;
pub(crate) use restore::open;

/// Runs work that blocks on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    manifold_store::blocking(work).await
}
