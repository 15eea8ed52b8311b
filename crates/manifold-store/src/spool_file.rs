//! A file that is made here to be sent elsewhere.

use std::path::{Path, PathBuf};

use crate::staged::Workspace;
use crate::{SqliteManager, StoreError, provision};

/// An empty file among the temporary ones, removed when it is dropped; what a dead process left of them goes with the
/// next one that is made, and when dead jobs are taken up.
#[derive(Debug)]
pub struct SpoolFile {
    path: PathBuf,
    _workspace: Workspace,
}

impl SpoolFile {
    /// Makes the file.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::DiskFull`]; others by meaning.
    pub async fn create(manager: &SqliteManager) -> Result<Self, StoreError> {
        let workspace = Workspace::create(manager).await?;
        provision::blocking(move || {
            let path = workspace.folder().join("spool");
            std::fs::File::create_new(&path).map_err(StoreError::io("create", &path))?;
            Ok(Self {
                path,
                _workspace: workspace,
            })
        })
        .await
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
