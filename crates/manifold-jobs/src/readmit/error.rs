//! Why mended records cannot be taken back.

use std::path::PathBuf;

use crate::JobError;
use crate::export::OriginalError;
use crate::import::ImportFileError;

/// Why mended records cannot be taken back. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadmitError {
    /// The list cannot be opened.
    #[error(transparent)]
    File(#[from] ImportFileError),
    /// The file is no list of rejected records.
    #[error(
        "{} is no list of rejected records: {reason}; `manifold snapshot rejects PROJECT SNAPSHOT --format csv` writes one",
        path.display()
    )]
    NoList {
        /// The file.
        path: PathBuf,
        /// Why it is none.
        reason: String,
    },
    /// A record of the list is not stored in the project.
    #[error(
        "{} lists record {id} of snapshot {snapshot}, which is not in this project: list the rejects of the source's latest snapshot",
        path.display()
    )]
    NotStored {
        /// The file.
        path: PathBuf,
        /// The id of the record.
        id: i64,
        /// The snapshot, as the list names it.
        snapshot: String,
    },
    /// A record of the list was rejected from another source.
    #[error(
        "{} lists records that were rejected from source `{found}`, not from `{wanted}`",
        path.display()
    )]
    OtherSource {
        /// The file.
        path: PathBuf,
        /// The source of the record.
        found: String,
        /// The source that they are to be taken back into.
        wanted: String,
    },
    /// The records were no delimited text.
    #[error(
        "source `{name}` was imported from {format}, of which single records cannot be taken back: mend them in the file and import it again"
    )]
    Format {
        /// The source.
        name: String,
        /// The format.
        format: String,
    },
    /// The bytes of the snapshot cannot be had.
    #[error(transparent)]
    Original(#[from] OriginalError),
    /// What is stored of the rejected records contradicts the snapshot's bytes.
    #[error(
        "the bytes of snapshot {snapshot} are read in another way than they were ({reason}): mend the records in the file and import it again"
    )]
    ReadOtherwise {
        /// The snapshot.
        snapshot: String,
        /// What is different.
        reason: String,
    },
    /// A temporary file cannot be used.
    #[error("the temporary file for the mended input cannot be used: {0}")]
    Temporary(#[source] std::io::Error),
    /// Somebody asked to stop.
    #[error("it was stopped; nothing was changed")]
    Stopped,
}

impl ReadmitError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::NoList { .. } => "no_reject_list",
            Self::NotStored { .. } => "not_found",
            Self::OtherSource { .. } => "other_source",
            Self::Format { .. } => "original_not_kept",
            Self::Original(error) => error.code(),
            Self::ReadOtherwise { .. } => "newer_rows",
            Self::Temporary(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                "disk_full"
            }
            Self::Temporary(_) => "temporary_file",
            Self::Stopped => "cancelled",
        }
    }
}

impl From<ReadmitError> for JobError {
    fn from(error: ReadmitError) -> Self {
        match error {
            ReadmitError::Stopped => Self::Cancelled,
            other => Self::of(other.code(), &other),
        }
    }
}
