//! A file while it is read.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use manifold_format::ByteProgress;

use super::ImportFileError;

/// A file that counts the bytes that were read from it, for those who watch.
pub(crate) struct OpenedFile {
    file: File,
    read: Arc<AtomicU64>,
}

impl OpenedFile {
    /// Opens a file. Blocks.
    pub(crate) fn open(path: &Path) -> Result<(Self, ByteProgress), ImportFileError> {
        let failed = |source: std::io::Error| match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => ImportFileError::Missing {
                path: path.to_owned(),
            },
            ErrorKind::IsADirectory => ImportFileError::Folder {
                path: path.to_owned(),
            },
            _ => ImportFileError::Unreadable {
                path: path.to_owned(),
                source,
            },
        };
        // Opening a folder succeeds on some systems and fails as unreadable on others.
        if std::fs::metadata(path).map_err(failed)?.is_dir() {
            return Err(ImportFileError::Folder {
                path: path.to_owned(),
            });
        }
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let read = Arc::new(AtomicU64::new(0));
        let size = ByteProgress {
            total: metadata.is_file().then_some(metadata.len()),
            read: read.clone(),
        };
        Ok((Self { file, read }, size))
    }
}

impl OpenedFile {
    /// Counts for those who watch `progress`.
    pub(crate) fn counting(mut self, progress: &ByteProgress) -> Self {
        self.read = progress.read.clone();
        self
    }
}

impl Read for OpenedFile {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(out)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
