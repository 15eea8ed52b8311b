//! A long read, written down for other processes: a file in `workers/`, locked for as long as the read goes on.
//!
//! When the process dies the kernel frees the lock: a record whose lock is free says nothing, and whoever writes
//! the next record removes it.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::held_read::HeldRead;
use crate::{Layout, StoreError};

/// A record that ends when it is dropped.
#[derive(Debug)]
pub(super) struct ReadRecord {
    /// Its lock is what tells that the read goes on.
    _file: File,
    path: PathBuf,
}

impl ReadRecord {
    /// Writes a read down and removes what dead processes wrote. The file has its final name only once it is locked
    /// and complete; a crash before leaves a temporary file.
    pub(super) fn write(layout: &Layout, read: &HeldRead) -> Result<Self, StoreError> {
        for path in records(layout) {
            if !is_held(&path) {
                drop(std::fs::remove_file(&path)); // somebody else may have done it
            }
        }
        let name = Uuid::now_v7().simple().to_string();
        let made = layout.temporary().join(format!("{name}.read"));
        let write = || -> std::io::Result<File> {
            let mut file = File::options().write(true).create_new(true).open(&made)?;
            file.lock()?;
            serde_json::to_writer(&file, read)?;
            file.flush()?;
            Ok(file)
        };
        let file = write().map_err(StoreError::io("write", &made))?;
        let path = layout.held_read(&name);
        #[expect(
            clippy::disallowed_methods,
            reason = "a power cut ends the read too: what it leaves of the record says nothing"
        )]
        std::fs::rename(&made, &path).map_err(StoreError::io("rename", &made))?;
        Ok(Self { _file: file, path })
    }
}

impl Drop for ReadRecord {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path)); // one that stays is not locked and says nothing
    }
}

/// The long reads that go on in any process, oldest first. Changes nothing.
pub(crate) fn long_reads(layout: &Layout) -> Vec<HeldRead> {
    let mut reads: Vec<HeldRead> = records(layout)
        .into_iter()
        .filter(|path| is_held(path))
        .filter_map(|path| {
            let mut text = String::new();
            File::open(path).ok()?.read_to_string(&mut text).ok()?;
            serde_json::from_str(&text).ok()
        })
        .collect();
    reads.sort_by_key(|read| read.since);
    reads
}

fn records(layout: &Layout) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(layout.workers()).into_iter().flatten();
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "read")
        })
        .collect()
}

fn is_held(path: &Path) -> bool {
    File::open(path)
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
