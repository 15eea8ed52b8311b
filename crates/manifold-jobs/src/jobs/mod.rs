//! The kinds of jobs.

mod adopt_project;
mod backup_project;
mod backup_store;
mod check_backup;
mod clone_project;
pub(crate) mod export_data;
pub(crate) mod export_project_file;
mod import_file;
mod notify_failure;
mod prune_backups;
mod readmit_rejects;
mod restore_project;
mod restore_store;
mod sync_target;
mod undo_project;
mod verify_backup;

pub use crate::import::Imported;
pub use crate::target::SyncedTarget;
pub use adopt_project::{AdoptProject, AdoptedProject};
pub use backup_project::BackupProject;
pub use backup_store::BackupStore;
pub use check_backup::{CheckBackup, CheckedBackup};
pub use clone_project::{CloneProject, Cloned};
pub use export_data::ExportData;
pub use export_project_file::{ExportProjectFile, ExportedFile};
pub use import_file::ImportFile;
pub use notify_failure::NotifyFailure;
pub use prune_backups::{PruneBackups, PrunedProject};
pub use readmit_rejects::ReadmitRejects;
pub use restore_project::{ComparedTable, RestoreProject, RestoreTarget, Restored};
pub use restore_store::RestoreStore;
pub use sync_target::SyncTarget;
pub use undo_project::{UndoProject, Undone};
pub use verify_backup::{Depth, VerifyBackup};
