//! Indexes that people want on the rows of sources.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::row_log::{RowLog, RowLogError, refuse_other_version};
use crate::rows::{self, IndexError, SourceIndex};
use crate::{DatabaseManager as _, ProjectId, SourceId, SqliteManager, StoreError};

/// How often a statement that was told to stop is told again: it may not have begun the first time.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// The indexes on the sources of projects.
#[derive(Debug, Clone)]
pub struct SourceIndexes {
    manager: Arc<SqliteManager>,
}

impl SourceIndexes {
    /// The indexes of the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }

    /// The indexes of a source, in the order in which they were made.
    ///
    /// # Errors
    /// [`RowLogError`] by meaning.
    pub async fn list(
        &self,
        project: &ProjectId,
        source: &SourceId,
    ) -> Result<Vec<SourceIndex>, RowLogError> {
        let source = source.to_string();
        let read = move |connection: &Connection| rows::indexes(connection, &source);
        RowLog::new(&self.manager).read(project, read).await
    }

    /// Makes an index on columns of a source's latest snapshot, named as it shows them. It serves conditions on these
    /// columns in users' SQL, on every snapshot, and outlives imports: when the type of a column changes it is
    /// made again. It takes time in proportion to the rows that are stored.
    ///
    /// `waiting` is told who writes to the project, when another writer must be waited for. Cancelling `stop` ends
    /// the work; nothing is changed then, and nothing by a crash.
    ///
    /// # Errors
    /// [`IndexError`] in [`RowLogError::Index`]; others by meaning.
    pub async fn add(
        &self,
        project: &ProjectId,
        source: &SourceId,
        columns: Vec<String>,
        stop: CancellationToken,
        waiting: impl FnOnce(Option<&str>) + Send,
    ) -> Result<SourceIndex, RowLogError> {
        let source = source.to_string();
        let add = move |connection: &Connection| rows::add_index(connection, &source, &columns);
        self.write(project, add, stop, waiting).await
    }

    /// Drops the index on these columns. The other arguments and errors are those of [`Self::add`].
    ///
    /// # Errors
    /// [`IndexError::NotFound`] in [`RowLogError::Index`]; others by meaning.
    pub async fn drop(
        &self,
        project: &ProjectId,
        source: &SourceId,
        columns: Vec<String>,
        stop: CancellationToken,
        waiting: impl FnOnce(Option<&str>) + Send,
    ) -> Result<SourceIndex, RowLogError> {
        let source = source.to_string();
        let drop = move |connection: &Connection| rows::drop_index(connection, &source, &columns);
        self.write(project, drop, stop, waiting).await
    }

    /// Runs `work` in one transaction, alone among the project's long writers.
    async fn write(
        &self,
        project: &ProjectId,
        work: impl FnOnce(&Connection) -> Result<SourceIndex, IndexError> + Send + 'static,
        stop: CancellationToken,
        waiting: impl FnOnce(Option<&str>) + Send,
    ) -> Result<SourceIndex, RowLogError> {
        let spoke = self.manager.project(project).await?;
        let rows = RowLog::new(&self.manager);
        let lock = tokio::select! {
            lock = rows.write_lock(project, waiting) => lock?,
            () = stop.cancelled() => return Err(IndexError::Cancelled.into()),
        };
        let version = spoke.connection().file().version();
        let (tell, told) = oneshot::channel();
        let working = spoke.connection().lend_writer(move |connection| {
            let _lock = lock;
            drop(tell.send(connection.get_interrupt_handle())); // nobody may want to stop it
            refuse_other_version(connection, version)?;
            connection
                .execute_batch("BEGIN IMMEDIATE")
                .map_err(StoreError::from)?;
            let done = work(connection)?;
            connection
                .execute_batch("COMMIT")
                .map_err(StoreError::from)?;
            Ok(done)
        });
        let done = tokio::select! {
            done = working => done?,
            never = interrupt(told, &stop) => match never {},
        };
        match done {
            Err(RowLogError::Store(StoreError::Interrupted)) if stop.is_cancelled() => {
                Err(IndexError::Cancelled.into())
            }
            other => other,
        }
    }
}

/// Interrupts the statement that runs, once `stop` is cancelled, until this is dropped.
async fn interrupt(
    told: oneshot::Receiver<InterruptHandle>,
    stop: &CancellationToken,
) -> std::convert::Infallible {
    let Ok(handle) = told.await else {
        return std::future::pending().await; // the work ended before it began
    };
    stop.cancelled().await;
    loop {
        handle.interrupt();
        tokio::time::sleep(TELL_EVERY).await;
    }
}
