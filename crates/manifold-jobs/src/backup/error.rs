//! Why a backup cannot be made or used.

use std::io;
use std::path::{Path, PathBuf};

use entity_core::enums::BackupType;
use manifold_store::{JobsError, StagedError, StoreError};

use crate::JobError;

/// Why a backup cannot be made or used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// Somebody asked to stop.
    #[error("cancelled; nothing of it is visible")]
    Cancelled,
    /// There is no manifest, so this is no backup.
    #[error("{} is no backup: it has no manifest.json; name the folder of a complete backup", path.display())]
    NotABackup {
        /// The folder.
        path: PathBuf,
    },
    /// The backup was made by a newer program.
    #[error("{} has backup format {found}, this program knows {known}; use a newer manifold", path.display())]
    NewerFormat {
        /// The manifest.
        path: PathBuf,
        /// Its format version.
        found: u64,
        /// Ours.
        known: u64,
    },
    /// A file is not what was written.
    #[error("{} is damaged: {reason}; use another backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A file of the backup is not there.
    #[error("{} is missing; put it back, or use another backup", path.display())]
    MissingFile {
        /// The file.
        path: PathBuf,
    },
    /// Something lies in the folder that is not part of the backup.
    #[error("{} is not part of the backup; move it away and try again", path.display())]
    ForeignFile {
        /// The file.
        path: PathBuf,
    },
    /// The folder holds another backup than the one that was asked for.
    #[error("{} holds backup {found}, not {expected}; move the right folder there", path.display())]
    OtherBackup {
        /// The folder.
        path: PathBuf,
        /// The id that was asked for.
        expected: String,
        /// The id in the manifest.
        found: String,
    },
    /// The backup was not completed.
    #[error("backup {id} was not completed and cannot be used: {reason}")]
    Incomplete {
        /// Its id.
        id: String,
        /// Why not.
        reason: String,
    },
    /// This program cannot make or read backups of that type.
    #[error("this program makes no {0} backups; use csv, sqlite or full")]
    Unsupported(BackupType),
    /// A file operation failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was read back is no project, or another one.
    #[error(transparent)]
    Staged(#[from] StagedError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The attempt that makes it has lost its job.
    #[error(transparent)]
    Job(JobsError),
}

impl BackupError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::NotABackup { .. } => "not_a_backup",
            Self::NewerFormat { .. } => "newer_backup",
            Self::Damaged { .. } => "backup_damaged",
            Self::MissingFile { .. } => "backup_file_missing",
            Self::ForeignFile { .. } => "foreign_file",
            Self::OtherBackup { .. } => "other_backup",
            Self::Incomplete { .. } => "backup_incomplete",
            Self::Unsupported(_) => "unsupported_backup_type",
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => "disk_full",
            Self::Io { .. } => "io",
            Self::Staged(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Job(error) => error.code(),
        }
    }

    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    pub(super) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }
}

impl From<JobsError> for BackupError {
    fn from(error: JobsError) -> Self {
        match error {
            JobsError::Store(error) => Self::Store(error),
            other => Self::Job(other),
        }
    }
}

impl From<BackupError> for JobError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Cancelled => Self::Cancelled,
            BackupError::Store(error) | BackupError::Staged(StagedError::Store(error)) => {
                error.into()
            }
            other => Self::of(other.code(), &other),
        }
    }
}
