//! Backups of a whole store: the hub and every project under one id.
//!
//! Such a backup is a folder with the hub, and in it a folder for each project that is a backup by itself. Its manifest,
//! written last, says what was taken at one moment and what is missing.

mod create;
mod elsewhere;
mod making;
mod manifest;
mod restore;
mod restored_part;
mod source;
mod verify;
mod watch;

pub use create::{MadeStore, PATIENCE, StoreBackupRequest, create_store, refuse_store};
pub use manifest::{MissingProject, SavedGroup, StoreManifest, StorePart};
pub use restore::{StoreRestore, StoreRestored};
pub use restored_part::{PartFate, RestoredPart};
pub use source::StoreSource;
pub use verify::verify_store;
pub use watch::StoreWatch;
