//! Why nothing could be salvaged.

use std::path::PathBuf;

use crate::{StagedError, StoreError};

/// Why nothing could be salvaged. The damaged file is as it was, at most moved into the quarantine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SalvageError {
    /// Nothing is wrong with the file.
    #[error("the project's file is sound, so there is nothing to salvage; it works as it is")]
    Sound,
    /// No table of it can be read.
    #[error("nothing can be read of {}; restore the project from a backup", path.display())]
    Nothing {
        /// The damaged file.
        path: PathBuf,
    },
    /// What was read could not be put together.
    #[error(transparent)]
    Staged(#[from] StagedError),
    /// A database or a file failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SalvageError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Sound => "not_damaged",
            Self::Nothing { .. } => "nothing_to_salvage",
            Self::Staged(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}
