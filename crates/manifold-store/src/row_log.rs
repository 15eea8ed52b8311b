//! The rows of a project's sources, reached from asynchronous code: the work runs on a blocking
//! thread, with the spoke's lease and write lock held.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{tells_damage, tells_disk};
use crate::file_lock::{FileLock, Share};
use crate::rows::{
    self, Deleted, Effect, ImportError, ImportOptions, IndexError, Outcome, Records, RowsError,
    Watch,
};
use crate::{
    DatabaseManager as _, JobId, ProjectId, SnapshotId, SourceId, SqliteManager, StoreError,
    fail_point, projection,
};

/// How long a long writer waits for another one: in effect until it is done or the caller gives up.
const WRITE_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

/// Why an operation on rows failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowLogError {
    /// The store could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Rows could not be imported.
    #[error(transparent)]
    Import(ImportError),
    /// Stored rows could not be read or changed.
    #[error(transparent)]
    Rows(RowsError),
    /// An index could not be made or dropped.
    #[error(transparent)]
    Index(IndexError),
}

impl RowLogError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Import(error) => import_code(error),
            Self::Rows(error) => rows_code(error),
            Self::Index(error) => index_code(error),
        }
    }
}

impl From<IndexError> for RowLogError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Rows(rows) => rows.into(),
            other => Self::Index(other),
        }
    }
}

impl From<ImportError> for RowLogError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Rows(rows) => rows.into(),
            other => Self::Import(other),
        }
    }
}

impl From<RowsError> for RowLogError {
    fn from(error: RowsError) -> Self {
        match error {
            RowsError::Sqlite { doing, source } => match StoreError::from(source) {
                StoreError::Database(inner) => {
                    StoreError::Database(sea_orm::DbErr::Custom(format!("{doing}: {inner}"))).into()
                }
                meaning => meaning.into(),
            },
            other => Self::Rows(other),
        }
    }
}

/// The rows of a store.
#[derive(Debug, Clone)]
pub struct RowLog {
    manager: Arc<SqliteManager>,
}

impl RowLog {
    /// The rows of the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }

    /// Imports `records` as the next snapshot of a source. One import at a time writes to a project:
    /// `waiting` is told who does, when another one must be waited for.
    ///
    /// When this returns the snapshot is on the disk and the hub shows it. Dropping the future gives up
    /// waiting for the lock; once running, the import ends by its `watch`.
    ///
    /// # Errors
    /// [`RowLogError`]; nothing of the import is visible then. With what a crash leaves the next import goes on, if it is the
    /// first of its source, or else takes it back.
    pub async fn import<R, W>(
        &self,
        project: &ProjectId,
        source: &SourceId,
        mut records: R,
        mut options: ImportOptions,
        mut watch: W,
        waiting: impl FnOnce(Option<&str>) + Send,
    ) -> Result<Outcome, RowLogError>
    where
        R: Records + Send + 'static,
        W: Watch + Send + 'static,
    {
        let spoke = self.manager.project(project).await?;
        let lock = self.write_lock(project, waiting).await?;
        options.durability = options.durability.min(self.manager.durability());
        let version = spoke.connection().file().version();
        let source = source.to_string();
        let outcome = spoke
            .connection()
            .lend_writer(move |connection| {
                let _lock = lock;
                refuse_other_version(connection, version)?;
                rows::import(connection, &source, &mut records, &options, &mut watch)
                    .map_err(RowLogError::from)
            })
            .await??;
        if matches!(outcome, Outcome::Published(_) | Outcome::Unchanged { .. }) {
            fail_point!("import-published");
            projection::publish(self.manager.core(), &spoke).await?;
        }
        Ok(outcome)
    }

    /// What [`RowLog::import`] would do. It reads one state of the project, keeps what it has to remember in files of its
    /// own, waits for nobody and writes nothing to the project.
    ///
    /// # Errors
    /// As [`RowLog::import`].
    pub async fn plan<R, W>(
        &self,
        project: &ProjectId,
        source: &SourceId,
        mut records: R,
        options: ImportOptions,
        mut watch: W,
    ) -> Result<Outcome, RowLogError>
    where
        R: Records + Send + 'static,
        W: Watch + Send + 'static,
    {
        let options = ImportOptions {
            dry_run: true,
            ..options
        };
        let spoke = self.manager.project(project).await?;
        let source = source.to_string();
        spoke
            .connection()
            .lend_reader(move |connection| {
                rows::import(connection, &source, &mut records, &options, &mut watch)
                    .map_err(RowLogError::from)
            })
            .await?
    }

    /// The snapshot that a step of a job has published, if it has; when this returns the hub shows it.
    ///
    /// # Errors
    /// [`RowLogError`] by meaning.
    pub async fn published_by(
        &self,
        project: &ProjectId,
        job: &JobId,
        step: &'static str,
    ) -> Result<Option<rows::Snapshot>, RowLogError> {
        let job = job.to_string();
        let found = self
            .read(project, move |connection| {
                rows::published_by(connection, &job, step)
            })
            .await?;
        if found.is_some() {
            let spoke = self.manager.project(project).await?;
            projection::publish(self.manager.core(), &spoke).await?;
        }
        Ok(found)
    }

    /// Runs `read` on one state of the project, on a blocking thread, with the functions of
    /// [`rows`] that take a connection.
    ///
    /// # Errors
    /// What `read` returns, and [`RowLogError::Store`].
    pub async fn read<T: Send + 'static>(
        &self,
        project: &ProjectId,
        read: impl FnOnce(&rusqlite::Connection) -> Result<T, RowsError> + Send + 'static,
    ) -> Result<T, RowLogError> {
        let spoke = self.manager.project(project).await?;
        spoke
            .connection()
            .lend_reader(move |connection| {
                connection
                    .execute_batch("BEGIN DEFERRED")
                    .map_err(StoreError::from)?;
                read(connection).map_err(RowLogError::from)
            })
            .await?
    }

    /// Deletes snapshots of a source; the others keep every row. Deleting the latest one undoes its import: the source becomes what it
    /// was before. Numbers are not used again.
    ///
    /// Other writers of the project are waited for. With [`Effect::Measured`] nothing is changed.
    ///
    /// # Errors
    /// [`RowsError::NoSnapshot`] when one of them is gone meanwhile, others by meaning; nothing is changed then.
    pub async fn delete(
        &self,
        project: &ProjectId,
        source: &SourceId,
        snapshots: &[SnapshotId],
        effect: Effect,
        waiting: impl FnOnce(Option<&str>) + Send,
    ) -> Result<Deleted, RowLogError> {
        let spoke = self.manager.project(project).await?;
        let lock = self.write_lock(project, waiting).await?;
        let version = spoke.connection().file().version();
        let source = source.to_string();
        let snapshots: Vec<_> = snapshots.iter().map(ToString::to_string).collect();
        let deleted = spoke
            .connection()
            .lend_writer(move |connection| {
                let _lock = lock;
                refuse_other_version(connection, version)?;
                rows::delete(connection, &source, &snapshots, effect, &|_| Ok(()))
                    .map_err(RowLogError::from)
            })
            .await??;
        if effect == Effect::Lasting {
            fail_point!("snapshot-deleted");
            projection::publish(self.manager.core(), &spoke).await?;
        }
        Ok(deleted)
    }

    /// Waits until no other long writer works on the project.
    pub(crate) async fn write_lock(
        &self,
        project: &ProjectId,
        waiting: impl FnOnce(Option<&str>) + Send,
    ) -> Result<FileLock, StoreError> {
        let path = self.manager.layout().write_lock(&project.namespace());
        FileLock::take(&path, Share::Exclusive, WRITE_DEADLINE, waiting).await
    }
}

/// Another process may have migrated the file since it was opened here.
pub(crate) fn refuse_other_version(
    connection: &rusqlite::Connection,
    version: u32,
) -> Result<(), RowLogError> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(StoreError::from)?;
    if found == i64::from(version) {
        return Ok(());
    }
    let path = connection.path().map(Into::into).unwrap_or_default();
    Err(StoreError::SchemaMoved {
        path,
        opened: version,
        found,
    }
    .into())
}

fn import_code(error: &ImportError) -> &'static str {
    match error {
        ImportError::Rows(rows) => rows_code(rows),
        ImportError::NoColumns => "no_columns",
        ImportError::TooManyColumns { .. } => "too_many_columns",
        ImportError::MissingKeyColumn { .. } => "missing_key_column",
        ImportError::NothingToRename { .. }
        | ImportError::NoStoredColumn { .. }
        | ImportError::NoIncomingColumn { .. } => "missing_column",
        ImportError::BothColumns { .. } => "rename_conflict",
        ImportError::Records(_) => "input",
        ImportError::WrongWidth { .. } => "wrong_width",
        ImportError::Cancelled => "cancelled",
        ImportError::Moved { .. } => "source_moved",
        ImportError::TooManyRemoved { .. } => "too_many_deletions",
    }
}

fn index_code(error: &IndexError) -> &'static str {
    match error {
        IndexError::Rows(rows) => rows_code(rows),
        IndexError::NoColumn { .. } | IndexError::NotFound { .. } => "not_found",
        IndexError::Exists { .. } => "index_exists",
        IndexError::Cancelled => "cancelled",
    }
}

fn rows_code(error: &RowsError) -> &'static str {
    match error {
        RowsError::NoSource { .. } | RowsError::NoSnapshot { .. } => "not_found",
        RowsError::NothingPublished { .. } => "no_snapshot",
        RowsError::NoKey { .. } => "no_key",
        RowsError::DifferentSources { .. } => "different_sources",
        RowsError::NewerFormat { .. } => "newer_rows",
        RowsError::NoSnapshotNumbers { .. } => "no_snapshot_numbers",
        RowsError::Damaged { .. } => "corrupt",
        RowsError::Guard(_) => "lease_lost",
        RowsError::Spool(error) if error.kind() == std::io::ErrorKind::StorageFull => "disk_full",
        RowsError::Spool(_) => "temporary_file",
        RowsError::Sqlite { source, .. } if tells_damage(source) => "corrupt",
        RowsError::Sqlite { source, .. } if tells_disk(source) => "io",
        RowsError::Sqlite { .. } => "database",
    }
}
