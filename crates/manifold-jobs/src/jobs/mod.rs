//! The kinds of jobs.

mod backup_project;
mod import_file;
mod restore_project;
mod verify_backup;

pub use crate::import::Imported;
pub use backup_project::BackupProject;
pub use import_file::ImportFile;
pub use restore_project::{ComparedTable, RestoreProject, RestoreTarget, Restored};
pub use verify_backup::VerifyBackup;
