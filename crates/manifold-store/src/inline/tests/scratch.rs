//! A file with one table, opened as the store opens files.

use std::sync::Arc;

use crate::connection::{Connection, OpenFile};
use crate::metrics::FileMeter;
use crate::{Durability, Transaction};

pub(super) struct Scratch {
    folder: tempfile::TempDir,
    pub(super) connection: Connection,
}

impl Scratch {
    pub(super) fn new(schema: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scratch.db");
        rusqlite::Connection::open(&path)
            .unwrap()
            .execute_batch(schema)
            .unwrap();
        let file = Arc::new(OpenFile::new(
            path,
            crate::Access::ReadWrite,
            0,
            Durability::Relaxed,
            8,
            FileMeter::alone(),
        ));
        Self {
            folder,
            connection: Connection::new(file, None),
        }
    }

    pub(super) async fn begin(&self) -> Transaction {
        self.connection.begin(Durability::Relaxed).await.unwrap()
    }

    #[cfg(target_os = "linux")]
    pub(super) fn descriptors(&self) -> usize {
        descriptors(self.folder.path())
    }

    /// Lets go of the file without closing it.
    #[cfg(target_os = "linux")]
    pub(super) fn forget_connection(self) -> tempfile::TempDir {
        let Self { folder, connection } = self;
        drop(connection);
        folder
    }
}

/// How many descriptors of this process lead to files in a folder.
#[cfg(target_os = "linux")]
pub(super) fn descriptors(folder: &std::path::Path) -> usize {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|target| target.starts_with(folder))
        .count()
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}
