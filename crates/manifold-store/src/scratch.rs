//! Temporary files of this process.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{SqliteManager, WorkerId};

/// How the names of temporary files of a registered process begin, before its id.
pub(crate) const OWNED: &str = ".tmp-of-";

/// Makes temporary files in the data folder. Those of a registered process bear its id, so that others remove them when it died; others
/// are found by the doctor.
#[derive(Debug, Clone)]
pub struct Scratch {
    folder: PathBuf,
    prefix: String,
}

impl Scratch {
    /// That of the process whose manager this is.
    #[must_use]
    pub fn of(manager: &SqliteManager) -> Self {
        let worker = manager.worker_if_registered().ok();
        Self::new(manager.layout().temporary(), worker)
    }

    fn new(folder: PathBuf, worker: Option<&WorkerId>) -> Self {
        let prefix = match worker {
            Some(worker) => format!("{OWNED}{worker}-"),
            None => ".tmp-".to_owned(),
        };
        Self { folder, prefix }
    }

    /// Where they are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A new file, which is removed when it is dropped. Blocks.
    ///
    /// # Errors
    /// What the system says.
    pub fn file(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new()
            .prefix(&self.prefix)
            .tempfile_in(&self.folder)
    }
}

/// Files in a folder of nobody, as a test wants them.
impl From<&Path> for Scratch {
    fn from(folder: &Path) -> Self {
        Self::new(folder.to_owned(), None)
    }
}
