//! A database as SeaORM sees it, over an open file.

mod open_file;
mod statement;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::task::coop::consume_budget;

use crate::group_commit::Share;
use crate::inline::{TypedConnection, sealed};
use crate::lease::Lease;
use crate::metrics::{FileMeter, Work};
use crate::sqlite::{Handle, Role};
use crate::stack::Held;
use crate::{Durability, StoreError, Transaction};

pub use stream::Rows;

pub(crate) use open_file::{CONNECTION_DEADLINE, DESCRIPTORS, OpenFile};
pub(crate) use statement::{all, exec_error, execute, one, prepared, query_error, script};
pub(crate) use stream::Stalled;

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

    /// Where what runs on it is counted.
    pub(crate) fn meter(&self) -> &FileMeter {
        self.file.meter()
    }

    /// A connection to the file, unless the lease under which it is wanted was ended for a stream that nobody read.
    pub(crate) async fn take(&self, role: Role) -> Result<Held<Handle>, DbErr> {
        let Some(lease) = &self.lease else {
            return self.file.take(role).await;
        };
        lease.begin_use();
        let held = self.file.take(role).await?;
        if lease.has_ended() {
            held.discard(); // the spoke may be closed by now
            return Err(Stalled::on(&self.file).into_db_error());
        }
        Ok(held)
    }

    /// The writer for a statement that commits by itself.
    async fn durable_writer(&self) -> Result<Held<Handle>, DbErr> {
        let mut writer = self.take(Role::Writer).await?;
        writer
            .set_durability(self.file.durability())
            .await
            .map_err(exec_error)?;
        Ok(writer)
    }

    /// What a pragma says, read by a reader: opening a file to look at it needs no writer.
    pub(crate) async fn number(&self, pragma: &'static str) -> Result<i64, StoreError> {
        let look =
            |short: &rusqlite::Connection| short.query_row(pragma, [], |row| row.get(0)).ok();
        if let Some(number) = self.read_short(pragma, look).await? {
            return Ok(number);
        }
        let statement = Statement::from_string(DbBackend::Sqlite, pragma);
        let row = self.query_one_raw(statement).await?;
        Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
    }

    /// Begins a write transaction (`BEGIN IMMEDIATE`).
    pub(crate) async fn begin(&self, durability: Durability) -> Result<Transaction, StoreError> {
        Transaction::begin_write(self.clone(), durability.min(self.file.durability())).await
    }

    /// A write transaction, or a part of one that is shared with others who wait: ended by [`Share::keep`], undone
    /// when it is dropped.
    pub(crate) async fn share(
        &self,
        durability: Durability,
    ) -> Result<Share<Transaction>, StoreError> {
        let durability = durability.min(self.file.durability());
        if self.file.writer_is_free() && self.file.line().is_empty() {
            return Ok(Share::alone(self.begin(durability).await?));
        }
        self.file.line().wait(self, durability).await
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
        let writer = self.take(Role::Writer).await?;
        let began = Instant::now();
        let lent = lend(writer, self.lease.clone(), work).await;
        self.meter().counts().bulk.observe(began.elapsed());
        lent
    }

    /// Runs `work` on a blocking thread with a reader's connection.
    pub(crate) async fn lend_reader<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = self.take(Role::Reader).await?;
        let began = Instant::now();
        let hold = self.meter().hold("reading rows");
        let lent = lend(reader, self.lease.clone(), move |connection| {
            let _until_done = hold; // the work goes on when the future is dropped
            work(connection)
        });
        let lent = lent.await;
        self.meter().counts().bulk.observe(began.elapsed());
        lent
    }
}

async fn lend<T: Send + 'static>(
    mut held: Held<Handle>,
    lease: Option<Arc<Lease>>,
    work: impl FnOnce(&rusqlite::Connection) -> T + Send + 'static,
) -> Result<T, StoreError> {
    let lent = crate::blocking(move || {
        let result = held.lend(work);
        if result.is_err() {
            held.discard(); // its state is unknown
        }
        drop(lease);
        result
    });
    Ok(lent.await.map_err(query_error)?)
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("path", &self.file.path())
            .finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut writer = self.durable_writer().await?;
        let sql = statement.sql.clone();
        let running = async { execute(writer.ready().await.map_err(exec_error)?, statement).await };
        self.meter().statement(Work::Write, &sql, running).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut writer = self.durable_writer().await?;
        let running = async { script(writer.ready().await.map_err(exec_error)?, sql).await };
        self.meter().statement(Work::Write, sql, running).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let sql = statement.sql.clone();
        if Work::of(&sql) == Work::Write {
            let mut writer = self.durable_writer().await?;
            let running =
                async { one(writer.ready().await.map_err(query_error)?, statement).await };
            return self.meter().statement(Work::Write, &sql, running).await;
        }
        let mut reader = self.take(Role::Reader).await?;
        let running = async {
            let (connection, guard) = reader.ready_to_read().await.map_err(query_error)?;
            let row = one(connection, statement).await;
            guard.disarm();
            row
        };
        self.meter().statement(Work::Read, &sql, running).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let sql = statement.sql.clone();
        if Work::of(&sql) == Work::Write {
            let mut writer = self.durable_writer().await?;
            let running =
                async { all(writer.ready().await.map_err(query_error)?, statement).await };
            return self.meter().statement(Work::Write, &sql, running).await;
        }
        let mut reader = self.take(Role::Reader).await?;
        let running = async {
            let (connection, guard) = reader.ready_to_read().await.map_err(query_error)?;
            let rows = all(connection, statement).await;
            guard.disarm();
            rows
        };
        self.meter().statement(Work::Read, &sql, running).await
    }
}

impl sealed::Sealed for Connection {}

impl TypedConnection for Connection {
    async fn read_short<T: Send>(
        &self,
        sql: &str,
        work: impl FnOnce(&rusqlite::Connection) -> Option<T> + Send,
    ) -> Result<Option<T>, DbErr> {
        consume_budget().await; // a task that only reads here must let others run too
        let mut reader = self.take(Role::Reader).await?;
        self.meter().short_read(sql, reader.read_short(work)).await
    }

    /// A write that commits by itself waits for the disk.
    async fn write_short<T: Send>(
        &self,
        _sql: &str,
        _work: impl FnOnce(&rusqlite::Connection) -> Result<T, rusqlite::Error> + Send,
    ) -> Result<Option<T>, DbErr> {
        Ok(None)
    }
}
