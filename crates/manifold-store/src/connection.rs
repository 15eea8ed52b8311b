//! An open database file as SeaORM sees it: one writer, readers opened when first needed.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, StreamTrait,
};
use sea_query_sqlx::SqlxValues;
use sqlx::query::Query;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Executor as _, Sqlite};

use crate::access::FileAccess;
use crate::lease::Lease;
use crate::sqlite::{Handle, Role};
use crate::stack::{Held, Late, Stack};
use crate::{Access, Durability, StoreError, Transaction};

/// How long a caller waits for the writer or a reader of its own process.
const CONNECTION_DEADLINE: Duration = Duration::from_secs(60);

/// Readers per open file. On two cores a second one only helps while the first runs a long query.
const READERS: usize = 2;

/// Descriptors that an open file needs at most: 2 for each connection, 1 for the shared memory.
pub(crate) const DESCRIPTORS: u64 = 2 * (1 + READERS as u64) + 1;

/// What every handle on one open file shares.
pub(crate) struct OpenFile {
    path: PathBuf,
    access: FileAccess,
    version: u32,
    relaxed: AtomicBool,
    writer: Arc<Stack<Handle>>,
    readers: Arc<Stack<Handle>>,
    outdated: AtomicBool,
}

impl OpenFile {
    pub(crate) fn new(path: PathBuf, access: Access, version: u32, durability: Durability) -> Self {
        Self {
            access: access.to(&path),
            path,
            version,
            relaxed: AtomicBool::new(durability == Durability::Relaxed),
            writer: Stack::new(1),
            readers: Stack::new(READERS),
            outdated: AtomicBool::new(false),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The `user_version` that this program works with.
    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    /// The durability of what is acknowledged: FULL unless the store runs relaxed.
    fn durability(&self) -> Durability {
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

    pub(crate) async fn writer(&self) -> Result<Held<Handle>, DbErr> {
        self.writer
            .take(CONNECTION_DEADLINE, async || {
                open(&self.path, self.access, Role::Writer).await
            })
            .await
    }

    pub(crate) async fn reader(&self) -> Result<Held<Handle>, DbErr> {
        self.readers
            .take(CONNECTION_DEADLINE, async || {
                open(&self.path, self.access, Role::Reader).await
            })
            .await
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

async fn open(path: &Path, access: FileAccess, role: Role) -> Result<Handle, DbErr> {
    Handle::open(path, access, role)
        .await
        .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))
}

impl From<Late> for DbErr {
    fn from(_: Late) -> Self {
        Self::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout)
    }
}

/// A database that queries can run on. A spoke's connection holds its lease: while one exists, the
/// spoke is not closed.
#[derive(Clone)]
pub struct Connection {
    file: Arc<OpenFile>,
    lease: Option<Arc<Lease>>,
}

impl Connection {
    pub(crate) fn new(file: Arc<OpenFile>, lease: Option<Arc<Lease>>) -> Self {
        Self { file, lease }
    }

    pub(crate) fn file(&self) -> &Arc<OpenFile> {
        &self.file
    }

    /// The writer for a statement that commits by itself.
    async fn durable_writer(&self) -> Result<Held<Handle>, DbErr> {
        let mut writer = self.file.writer().await?;
        writer
            .set_durability(self.file.durability())
            .await
            .map_err(exec_error)?;
        Ok(writer)
    }

    /// Begins a write transaction (`BEGIN IMMEDIATE`).
    pub(crate) async fn begin(&self, durability: Durability) -> Result<Transaction, StoreError> {
        Transaction::begin_write(self.clone(), durability.min(self.file.durability())).await
    }

    /// Begins a transaction that sees one state of the file.
    pub(crate) async fn begin_read(&self) -> Result<Transaction, StoreError> {
        Transaction::begin_read(self.clone()).await
    }

    /// Runs `work` on a blocking thread with the writer's connection. `work` commits what it wants kept.
    /// When the returned future is dropped `work` still runs to its end, and the writer stays held.
    pub(crate) async fn lend_writer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        lend(self.file.writer().await?, self.lease.clone(), work).await
    }

    /// Runs `work` on a blocking thread with a reader's connection.
    pub(crate) async fn lend_reader<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        lend(self.file.reader().await?, self.lease.clone(), work).await
    }
}

async fn lend<T: Send + 'static>(
    mut held: Held<Handle>,
    lease: Option<Arc<Lease>>,
    work: impl FnOnce(&rusqlite::Connection) -> T + Send + 'static,
) -> Result<T, StoreError> {
    let lent = tokio::task::spawn_blocking(move || {
        let result = held.lend(work);
        if result.is_err() {
            held.discard(); // its state is unknown
        }
        drop(lease);
        result
    });
    match lent.await {
        Ok(result) => Ok(result.map_err(query_error)?),
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("path", &self.file.path)
            .finish_non_exhaustive()
    }
}

pub(crate) fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

pub(crate) fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// The statement as sqlx runs it: prepared once per connection and kept.
pub(crate) fn prepared(statement: Statement) -> Query<'static, Sqlite, SqlxValues> {
    let values = statement
        .values
        .unwrap_or_else(|| sea_orm::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}

pub(crate) async fn execute(
    connection: &mut SqliteConnection,
    statement: Statement,
) -> Result<ExecResult, DbErr> {
    prepared(statement)
        .execute(connection)
        .await
        .map(Into::into)
        .map_err(exec_error)
}

pub(crate) async fn script(
    connection: &mut SqliteConnection,
    sql: &str,
) -> Result<ExecResult, DbErr> {
    connection
        .execute(AssertSqlSafe(sql.to_owned()))
        .await
        .map(Into::into)
        .map_err(exec_error)
}

pub(crate) async fn one(
    connection: &mut SqliteConnection,
    statement: Statement,
) -> Result<Option<QueryResult>, DbErr> {
    Ok(prepared(statement)
        .fetch_optional(connection)
        .await
        .map_err(query_error)?
        .map(Into::into))
}

pub(crate) async fn all(
    connection: &mut SqliteConnection,
    statement: Statement,
) -> Result<Vec<QueryResult>, DbErr> {
    let rows = prepared(statement)
        .fetch_all(connection)
        .await
        .map_err(query_error)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// A statement that a reader may run. Others (`INSERT .. RETURNING`, `WITH ..`) go to the writer, where a
/// read is right too; a write on a reader would fail loudly.
fn reads(sql: &str) -> bool {
    sql.starts_with("SELECT")
}

#[async_trait::async_trait]
impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut writer = self.durable_writer().await?;
        execute(writer.ready().await.map_err(exec_error)?, statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut writer = self.durable_writer().await?;
        script(writer.ready().await.map_err(exec_error)?, sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        if !reads(&statement.sql) {
            let mut writer = self.durable_writer().await?;
            return one(writer.ready().await.map_err(query_error)?, statement).await;
        }
        let mut reader = self.file.reader().await?;
        let (connection, guard) = reader.ready_to_read().await.map_err(query_error)?;
        let row = one(connection, statement).await;
        guard.disarm();
        row
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        if !reads(&statement.sql) {
            let mut writer = self.durable_writer().await?;
            return all(writer.ready().await.map_err(query_error)?, statement).await;
        }
        let mut reader = self.file.reader().await?;
        let (connection, guard) = reader.ready_to_read().await.map_err(query_error)?;
        let rows = all(connection, statement).await;
        guard.disarm();
        rows
    }
}

/// Rows as they come. The stream holds its connection; dropping it ends the query.
pub type Rows<'a> = Pin<Box<dyn Stream<Item = Result<QueryResult, DbErr>> + Send + 'a>>;

impl StreamTrait for Connection {
    type Stream<'a> = Rows<'a>;

    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Rows<'a>, DbErr>> + Send + 'a>> {
        Box::pin(async move {
            let held = if reads(&statement.sql) {
                self.file.reader().await?
            } else {
                self.file.writer().await?
            };
            Ok(Box::pin(rows(held, statement)) as Rows<'a>)
        })
    }
}

fn rows(
    mut held: Held<Handle>,
    statement: Statement,
) -> impl Stream<Item = Result<QueryResult, DbErr>> + Send {
    async_stream::try_stream! {
        let (connection, guard) = held.ready_to_read().await.map_err(query_error)?;
        let mut rows = prepared(statement).fetch(connection);
        while let Some(row) = rows.next().await {
            yield QueryResult::from(row.map_err(query_error)?);
        }
        guard.disarm();
    }
}
