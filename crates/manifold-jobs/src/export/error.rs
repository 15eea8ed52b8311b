//! Why rows could not be exported.

use std::io;
use std::path::PathBuf;

use manifold_format::{UnknownEncoding, WriteError};
use manifold_store::{RowLogError, StoreError, UserQueryError};

use super::OriginalError;
use crate::JobError;
use crate::backup::BackupError;

/// Why rows could not be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Somebody asked to stop.
    #[error("the export was stopped; nothing of it is visible")]
    Cancelled,
    /// The store could not be reached, or a file could not be made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rows could not be read.
    #[error(transparent)]
    Rows(#[from] RowLogError),
    /// The statement was refused or failed.
    #[error(transparent)]
    Query(#[from] UserQueryError),
    /// The bytes that were imported could not be read.
    #[error(transparent)]
    Original(OriginalError),
    /// What was written is not what was imported.
    #[error(
        "the bytes written for {snapshot} are not those that were imported; nothing was kept of them"
    )]
    NotOriginal {
        /// The snapshot.
        snapshot: String,
    },
    /// The rows were stored by a newer version.
    #[error(transparent)]
    NewerRows(#[from] UnknownEncoding),
    /// The output could not be written.
    #[error("cannot write {target}: {source}")]
    Output {
        /// What was written to.
        target: String,
        /// What the system says.
        source: io::Error,
    },
    /// The rows do not fit the format.
    #[error(transparent)]
    Write(WriteError),
    /// The other place could not be reached or written to.
    #[error(transparent)]
    Place(#[from] BackupError),
    /// A folder lies where the file is to be.
    #[error("{} is a folder; name a file in it", path.display())]
    FileIsFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The snapshot that changes are counted from is newer than the other one.
    #[error("{since} is newer than {snapshot}: changes are exported from an older snapshot on")]
    SinceNewer {
        /// The newer one.
        since: String,
        /// The older one.
        snapshot: String,
    },
    /// The snapshots are versions of different sources.
    #[error("{since} is no snapshot of the source of {snapshot}")]
    DifferentSources {
        /// The one that changes are counted from.
        since: String,
        /// The other one.
        snapshot: String,
    },
    /// A database is no stream.
    #[error(
        "a database cannot be written to {target}, where nothing can be written twice; give the path of a file"
    )]
    NoStream {
        /// What it was to be written to.
        target: String,
    },
}

impl ExportError {
    /// The error of a writer into `target`.
    pub(super) fn of_writer(target: &str, error: WriteError) -> Self {
        match error {
            WriteError::Io { source, .. } => Self::of_output(target, source),
            WriteError::Other(other) => match other.downcast::<StoreError>() {
                Ok(store) => Self::Store(*store),
                Err(other) => Self::Write(WriteError::Other(other)),
            },
            other => Self::Write(other),
        }
    }

    /// What the system said when `target` was written to.
    pub(super) fn of_output(target: &str, source: io::Error) -> Self {
        let target = target.to_owned();
        Self::Output { target, source }
    }

    /// The error of the bytes that were imported.
    pub(super) fn of_original(target: &str, error: OriginalError) -> Self {
        match error {
            OriginalError::Write(error) => Self::of_writer(target, error),
            other => Self::Original(other),
        }
    }

    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Store(error) => error.code(),
            Self::Rows(error) => error.code(),
            Self::Query(error) => error.code(),
            Self::Original(error) => error.code(),
            Self::NotOriginal { .. } => "not_original",
            Self::NewerRows(_) => "newer_rows",
            Self::Output { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "disk_full"
            }
            Self::Output { .. } => "file_unwritable",
            Self::Write(_) => "output",
            Self::Place(error) => error.code(),
            Self::FileIsFolder { .. } => "file_is_folder",
            Self::SinceNewer { .. } => "since_newer",
            Self::DifferentSources { .. } => "different_sources",
            Self::NoStream { .. } => "no_stream",
        }
    }
}

impl From<ExportError> for JobError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Cancelled
            | ExportError::Query(UserQueryError::Query(
                manifold_store::sandbox::QueryError::Cancelled,
            )) => Self::Cancelled,
            ExportError::Store(error) => error.into(),
            ExportError::Rows(error) => error.into(),
            ExportError::Query(UserQueryError::Store(error)) => error.into(),
            ExportError::Place(error) => error.into(),
            other => Self::of(other.code(), &other),
        }
    }
}
