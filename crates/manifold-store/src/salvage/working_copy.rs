//! A copy of a damaged file, which may be written to.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::schema;
use crate::StoreError;

/// The copy, in a folder that is removed with it.
#[derive(Debug)]
pub(super) struct WorkingCopy {
    pub(super) connection: Connection,
    _folder: tempfile::TempDir,
}

impl WorkingCopy {
    /// Copies the file with its log into a folder beside `blank`, which is a new, empty project of this program, and
    /// opens the copy for reading.
    pub(super) fn make(damaged: &Path, blank: &Path) -> Result<Self, StoreError> {
        let beside = blank.parent().unwrap_or(Path::new("."));
        let folder =
            tempfile::tempdir_in(beside).map_err(StoreError::io("make a folder in", beside))?;
        let path = folder.path().join("damaged.db");
        for suffix in ["", "-wal", "-journal"] {
            let (from, to) = (with_suffix(damaged, suffix), with_suffix(&path, suffix));
            match std::fs::copy(&from, to) {
                Err(error) if suffix.is_empty() || error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::io("copy", from)(error));
                }
                _ => {}
            }
        }
        schema::ensure(&path, blank)?;
        let connection = Connection::open(&path)?;
        // Writable, so that an entry of the schema that makes no sense does not keep the others from being read.
        connection.execute_batch(
            "PRAGMA writable_schema = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; \
             PRAGMA query_only = ON",
        )?;
        Ok(Self {
            connection,
            _folder: folder,
        })
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
