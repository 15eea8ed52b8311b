//! An open database file: one writer, readers opened when first needed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr};

use crate::access::FileAccess;
use crate::group_commit::Line;
use crate::metrics::{FileMeter, OpenDatabase, log_bytes};
use crate::sqlite::{Handle, Role};
use crate::stack::{Held, Late, Stack};
use crate::{Access, Durability};

/// How long a caller waits for the writer or a reader of its own process.
pub(crate) const CONNECTION_DEADLINE: Duration = Duration::from_secs(60);

/// How long a stream's consumer may leave its rows.
const STREAM_LIMIT: Duration = Duration::from_secs(30);

/// SQLite has one writer at a time.
const WRITERS: usize = 1;

/// Readers per open file. On two cores a second one only helps while the first runs a long query.
const READERS: usize = 2;

/// Descriptors that an open file needs at most: 2 for each connection, 1 for the shared memory.
pub(crate) const DESCRIPTORS: u64 = 2 * (WRITERS + READERS) as u64 + 1;

/// What every handle on one open file shares.
pub(crate) struct OpenFile {
    path: PathBuf,
    access: FileAccess,
    version: u32,
    statements: usize,
    stream_limit: Duration,
    relaxed: AtomicBool,
    writer: Arc<Stack<Handle>>,
    readers: Arc<Stack<Handle>>,
    line: Line,
    outdated: AtomicBool,
    meter: Arc<FileMeter>,
}

impl OpenFile {
    /// Each connection keeps up to `statements` prepared statements in each of its drivers.
    pub(crate) fn new(
        path: PathBuf,
        access: Access,
        version: u32,
        durability: Durability,
        statements: usize,
        meter: Arc<FileMeter>,
    ) -> Self {
        Self {
            access: access.to(&path),
            path,
            version,
            statements,
            stream_limit: STREAM_LIMIT,
            relaxed: AtomicBool::new(durability == Durability::Relaxed),
            writer: Stack::new(WRITERS),
            readers: Stack::new(READERS),
            line: Line::default(),
            outdated: AtomicBool::new(false),
            meter,
        }
    }

    #[cfg(test)]
    pub(crate) fn with_stream_limit(mut self, limit: Duration) -> Self {
        self.stream_limit = limit;
        self
    }

    /// How long a stream's consumer may leave its rows.
    pub(crate) fn stream_limit(&self) -> Duration {
        self.stream_limit
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The `user_version` that this program works with.
    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    /// The durability of what is acknowledged: FULL unless the store runs relaxed.
    pub(crate) fn durability(&self) -> Durability {
        if self.relaxed.load(Ordering::Relaxed) {
            Durability::Relaxed
        } else {
            Durability::Full
        }
    }

    /// From now on nothing is committed more durably than [`Durability::Relaxed`].
    pub(crate) fn relax(&self) {
        self.relaxed.store(true, Ordering::Relaxed);
    }

    /// Whether another process moved the schema on, so that this file must be opened anew.
    pub(crate) fn is_outdated(&self) -> bool {
        self.outdated.load(Ordering::Relaxed)
    }

    pub(crate) fn mark_outdated(&self) {
        self.outdated.store(true, Ordering::Relaxed);
    }

    /// A connection; [`Connection::take`](super::Connection::take) sees to the lease.
    pub(super) async fn take(&self, role: Role) -> Result<Held<Handle>, DbErr> {
        let stack = match role {
            Role::Writer => &self.writer,
            Role::Reader => &self.readers,
        };
        stack
            .take(
                CONNECTION_DEADLINE,
                &self.meter.counts().connection_waits,
                async || self.open(role).await,
            )
            .await
    }

    /// What was done with it since it was opened, and the state of its log.
    pub(crate) fn metrics(&self, leases: usize) -> OpenDatabase {
        OpenDatabase {
            project_id: self.meter.which().project().map(ToString::to_string),
            leases: leases as u64,
            log_bytes: log_bytes(&self.path),
            log_restarts: self.meter.log_restarts(&self.path),
            metrics: self.meter.counts().metrics(),
        }
    }

    /// Where what runs on it is counted.
    pub(crate) fn meter(&self) -> &Arc<FileMeter> {
        &self.meter
    }

    /// Whether one of its connections is held.
    pub(crate) fn is_in_use(&self) -> bool {
        self.writer.is_held(WRITERS) || self.readers.is_held(READERS)
    }

    /// Whether the writer can be had without waiting.
    pub(crate) fn writer_is_free(&self) -> bool {
        self.writer.has_free()
    }

    /// Where callers of `write` wait for each other.
    pub(crate) fn line(&self) -> &Line {
        &self.line
    }

    async fn open(&self, role: Role) -> Result<Handle, DbErr> {
        let counted = self.meter.connection(role, &self.path);
        Handle::open(&self.path, self.access, role, self.statements, counted)
            .await
            .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))
    }

    /// How the file was opened.
    pub(crate) fn access(&self) -> FileAccess {
        self.access
    }

    /// Closes every connection that is not held; the last one writes the WAL back into the file.
    pub(crate) async fn close(&self) -> Result<(), sqlx::Error> {
        for handle in self.readers.drain().into_iter().chain(self.writer.drain()) {
            handle.close().await?;
        }
        Ok(())
    }
}

impl From<Late> for DbErr {
    fn from(_: Late) -> Self {
        Self::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout)
    }
}
