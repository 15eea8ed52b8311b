//! Why a backup cannot be made or used.

use std::io;
use std::path::{Path, PathBuf};

use entity_core::enums::BackupType;
use manifold_store::{JobsError, RowLogError, StagedError, StoreError};

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
    /// Backups of this type share files, and cannot be there yet.
    #[error(
        "{0} backups are made in folders of this machine, and are not encrypted; use csv, sqlite or full"
    )]
    Unsupported(BackupType),
    /// The backup is one of a whole store, and that of a project was needed.
    #[error("{} is a backup of the whole store; name a project in it with --project", path.display())]
    WholeStore {
        /// Its folder.
        path: PathBuf,
    },
    /// A whole store cannot be saved so.
    #[error("a whole store cannot be saved {how}; {way_out}")]
    NotOfAStore {
        /// What cannot be.
        how: &'static str,
        /// What can be done instead.
        way_out: &'static str,
    },
    /// A project that a whole store's backup would bring back is in the trash.
    #[error(
        "project `{name}` ({id}) is in the trash; take it out with `manifold project undelete {id}` or empty the trash, and restore again"
    )]
    InTrash {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
    },
    /// A project that a whole store's backup would bring back is here, and holds something else.
    #[error(
        "project `{name}` ({id}) is here and is not as it was saved, so nothing was changed; --in-place replaces it, --project restores single ones"
    )]
    ProjectDiffers {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
    },
    /// A backup of a whole store does not hold a project.
    #[error("{} holds no project with the id, name or id prefix `{reference}`; `manifold backup show` lists those it holds", path.display())]
    NotInStore {
        /// The folder of the backup.
        path: PathBuf,
        /// What was asked for.
        reference: String,
    },
    /// A place elsewhere cannot be reached, or refuses. What is there is not known.
    #[error("cannot {action} {}: {reason}; check the address, the network and the credentials", path.display())]
    Unreachable {
        /// What was being done.
        action: &'static str,
        /// The place or the file, as an address.
        path: PathBuf,
        /// What the place or the system said, without secrets.
        reason: String,
    },
    /// Something is no address of a place for backups.
    #[error("{address} cannot be used: {reason}")]
    Address {
        /// The address, without what may be a secret.
        address: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// What an address or its credentials refer to cannot be had.
    #[error("{place} cannot be used: {reason}")]
    Credentials {
        /// The address as it was written.
        place: String,
        /// The stable name of the reason.
        code: &'static str,
        /// Why not.
        reason: String,
    },
    /// A backup is encrypted with a key that is not at hand.
    #[error("{} is encrypted with key {key}, which this data folder does not have; name who opens it with \
        --identity-file F or --passphrase-file F", path.display())]
    NoKey {
        /// The backup.
        path: PathBuf,
        /// The id of the key.
        key: String,
    },
    /// An identity or a passphrase does not open a key.
    #[error("{} does not open key {key} of {place}; name the right file with --identity-file F or --passphrase-file F", file.display())]
    WrongKey {
        /// The file with the identity or the passphrase.
        file: PathBuf,
        /// The id of the key.
        key: String,
        /// The place that keeps it.
        place: String,
    },
    /// Something is no recipient of age.
    #[error(
        "{recipient} is no recipient; one looks like age1.. and is what `age-keygen` calls the public key"
    )]
    Recipient {
        /// What was given.
        recipient: String,
    },
    /// A file holds no passphrase.
    #[error("{} holds no passphrase; it is the first line", path.display())]
    NoPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// The disk has not enough room.
    #[error("{} has {free} bytes free and the backup may need {needed}; free some, or save with --to elsewhere", path.display())]
    NoSpace {
        /// The folder in which it would be made.
        path: PathBuf,
        /// What is free, in bytes.
        free: u64,
        /// What may be needed, in bytes.
        needed: u64,
    },
    /// Making the backup took so long, or stood still for so long, that what it relies on may be gone.
    #[error(
        "the backup was not renewed at {place} in time, and segments that it needs may be gone; make it again"
    )]
    Overdue {
        /// The place.
        place: String,
    },
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
    /// The disk has too little room for a restore.
    #[error(
        "the restore needs {needed} bytes on the disk for a time, and {free} are free; free some space"
    )]
    NoRoom {
        /// What it needs at least, in bytes.
        needed: u64,
        /// What is free, in bytes.
        free: u64,
    },
    /// Rows could not be compared.
    #[error(transparent)]
    Rows(#[from] RowLogError),
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
            Self::WholeStore { .. } => "whole_store_backup",
            Self::NotOfAStore { .. } => "unsupported_store_backup",
            Self::NotInStore { .. } => "not_in_backup",
            Self::InTrash { .. } => "project_in_trash",
            Self::ProjectDiffers { .. } => "project_differs",
            Self::Unreachable { .. } => "place_unreachable",
            Self::Address { .. } => "bad_address",
            Self::Credentials { code, .. } => code,
            Self::NoKey { .. } => "backup_locked",
            Self::WrongKey { .. } => "wrong_key",
            Self::Recipient { .. } => "bad_recipient",
            Self::NoPassphrase { .. } => "no_passphrase",
            Self::NoSpace { .. } => "disk_full",
            Self::Overdue { .. } => "backup_overdue",
            Self::NoRoom { .. } => "disk_full",
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => "disk_full",
            Self::Io { .. } => "io",
            Self::Staged(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Rows(error) => error.code(),
            Self::Job(error) => error.code(),
        }
    }

    /// Whether collecting segments stopped at another backup, of which nobody knows what it needs.
    #[must_use]
    pub fn is_of_another(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::NewerFormat { .. })
    }

    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        // What is read from elsewhere tells by itself what is wrong.
        move |source: io::Error| match source.downcast::<Self>() {
            Ok(error) => error,
            Err(source) => Self::Io {
                action,
                path,
                source,
            },
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
            other @ BackupError::Unreachable { .. } => Self::retryable(other.code(), &other),
            other => Self::of(other.code(), &other),
        }
    }
}
