//! A transaction on one database.

use std::pin::Pin;
use std::time::Instant;

use futures_util::StreamExt as _;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, StreamTrait};
use tokio::sync::Mutex;
use tokio::task::coop::consume_budget;

use crate::connection::{self, Connection, Rows, exec_error, query_error};
use crate::inline::{TypedConnection, sealed};
use crate::metrics::{Hold, StreamMeter, Work};
use crate::sqlite::{Begun, Handle, Role};
use crate::stack::Held;
use crate::{Durability, StoreError, blocking};

/// A transaction: what runs on it is kept by [`commit`](crate::Database::commit) or not at all.
///
/// A write transaction takes the write lock when it begins, so it never fails half-way because
/// another process wrote. Dropping a transaction, also by dropping a future that owns it, rolls it back
/// before its connection is used again.
pub struct Transaction {
    handle: Mutex<Held<Handle>>,
    connection: Connection,
    open: bool,
    /// Of a write transaction.
    durability: Option<Durability>,
    began: Instant,
    /// Of a read transaction.
    _hold: Option<Hold>,
}

impl Transaction {
    pub(crate) async fn begin_write(
        connection: Connection,
        durability: Durability,
    ) -> Result<Self, StoreError> {
        let begin = Begin {
            role: Role::Writer,
            durability: Some(durability),
            sql: "BEGIN IMMEDIATE",
        };
        let held = begin.on(&connection).await?;
        let transaction = Self {
            handle: Mutex::new(held),
            connection,
            open: true,
            durability: Some(durability),
            began: Instant::now(),
            _hold: None,
        };
        transaction.check_version().await?;
        Ok(transaction)
    }

    pub(crate) async fn begin_read(connection: Connection) -> Result<Self, StoreError> {
        let begin = Begin {
            role: Role::Reader,
            durability: None,
            sql: "BEGIN DEFERRED",
        };
        let held = begin.on(&connection).await?;
        let hold = connection.meter().hold("a read transaction");
        Ok(Self {
            handle: Mutex::new(held),
            connection,
            open: true,
            durability: None,
            began: Instant::now(),
            _hold: Some(hold),
        })
    }

    /// Another process may have migrated the file since it was opened here.
    async fn check_version(&self) -> Result<(), StoreError> {
        let read = |short: &rusqlite::Connection| {
            short
                .prepare_cached("PRAGMA user_version")?
                .query_row([], |row| row.get::<_, i64>(0))
        };
        let mut handle = self.handle.lock().await;
        let found = handle.write_short(read).await.map_err(query_error)?;
        drop(handle);
        let file = self.connection.file();
        if found == i64::from(file.version()) {
            return Ok(());
        }
        file.mark_outdated();
        Err(StoreError::SchemaMoved {
            path: file.path().to_owned(),
            opened: file.version(),
            found,
        })
    }

    /// Commits: on this thread, unless it waits for the disk.
    pub(crate) async fn commit(mut self) -> Result<(), DbErr> {
        let handle = self.handle.get_mut();
        let waits = self.durability == Some(Durability::Full);
        match handle.begun() {
            Begun::Here if waits => blocking(move || self.commit_and_write_back()).await,
            Begun::Here => {
                let committed = handle.commit_here().await;
                if self.ended(committed)? {
                    blocking(move || self.write_back()).await;
                }
                Ok(())
            }
            Begun::There | Begun::No => {
                let committed = handle.commit_there().await;
                self.ended(committed)
            }
        }
    }

    /// Waits for the disk.
    fn commit_and_write_back(mut self) -> Result<(), DbErr> {
        let committed = futures_executor::block_on(self.handle.get_mut().commit_here());
        if self.ended(committed)? {
            self.write_back();
        }
        Ok(())
    }

    /// Waits for the disk. What was committed is committed, however this ends.
    fn write_back(mut self) {
        let written = futures_executor::block_on(self.handle.get_mut().write_back());
        if let Err(error) = written {
            let file = self.connection.file().path();
            tracing::debug!(file = %file.display(), %error, "the log is written back later");
        }
    }

    fn ended<T>(&mut self, committed: Result<T, sqlx::Error>) -> Result<T, DbErr> {
        self.open = committed.is_err();
        let counts = self.connection.meter().counts();
        committed
            .map_err(exec_error)
            .inspect_err(|error| counts.failed(error))
    }

    pub(crate) async fn rollback(mut self) -> Result<(), DbErr> {
        let handle = self.handle.get_mut();
        let undone = match handle.begun() {
            Begun::Here => handle.roll_back_here().await,
            Begun::There | Begun::No => handle.roll_back_there().await,
        };
        undone.map_err(exec_error)?;
        self.open = false;
        Ok(())
    }

    /// Runs one statement and counts it.
    async fn count<T>(
        &self,
        sql: &str,
        running: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let meter = self.connection.meter();
        meter.statement(Work::of(sql), sql, running).await
    }

    /// Runs a short statement, whose text is `sql`, on this thread, to its end.
    pub(crate) async fn run_short<T: Send>(
        &self,
        sql: &str,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, rusqlite::Error> + Send,
    ) -> Result<T, DbErr> {
        consume_budget().await; // a task that only writes here must let others run too
        let mut handle = self.handle.lock().await;
        let running = async { handle.write_short(work).await.map_err(query_error) };
        self.count(sql, running).await
    }

    /// Marks the point to which [`Self::undo_part`] goes back.
    pub(crate) async fn begin_part(&mut self) -> Result<(), DbErr> {
        self.part("SAVEPOINT part").await
    }

    /// Keeps what was done since [`Self::begin_part`], if the transaction is kept.
    pub(crate) async fn end_part(&mut self) -> Result<(), DbErr> {
        self.part("RELEASE part").await
    }

    /// Undoes what was done since [`Self::begin_part`], and nothing else.
    pub(crate) async fn undo_part(&mut self) -> Result<(), DbErr> {
        self.part("ROLLBACK TO part; RELEASE part").await
    }

    /// Fails when SQLite has ended the transaction by itself, as it does when the disk is full: a savepoint would
    /// silently begin another.
    async fn part(&mut self, sql: &'static str) -> Result<(), DbErr> {
        let work = |short: &rusqlite::Connection| {
            if short.is_autocommit() {
                return Ok(false);
            }
            short.execute_batch(sql).map(|()| true)
        };
        let handle = self.handle.get_mut();
        if handle.write_short(work).await.map_err(exec_error)? {
            return Ok(());
        }
        Err(DbErr::Custom(
            "SQLite undid the transaction after an error in it".to_owned(),
        ))
    }
}

/// How a transaction begins.
struct Begin {
    role: Role,
    durability: Option<Durability>,
    sql: &'static str,
}

impl Begin {
    /// Takes a connection and begins on it, which is counted.
    async fn on(&self, connection: &Connection) -> Result<Held<Handle>, DbErr> {
        let begun = self.take_and_begin(connection).await;
        begun.inspect_err(|error| connection.meter().counts().failed(error))
    }

    /// Takes a connection and begins on it. sqlx has lost count on one where SQLite itself ended a transaction, as
    /// it does when the disk is full: that one is replaced.
    async fn take_and_begin(&self, connection: &Connection) -> Result<Held<Handle>, DbErr> {
        let mut held = connection.take(self.role).await?;
        let started = Instant::now();
        let begun = self.run(&mut held).await;
        if self.role == Role::Writer {
            connection
                .meter()
                .counts()
                .begins
                .observe(started.elapsed());
        }
        match begun {
            Err(sqlx::Error::InvalidSavePointStatement) => held.discard(),
            begun => return begun.map(|()| held).map_err(query_error),
        }
        let mut held = connection.take(self.role).await?;
        self.run(&mut held).await.map_err(query_error)?;
        Ok(held)
    }

    async fn run(&self, held: &mut Held<Handle>) -> Result<(), sqlx::Error> {
        if let Some(durability) = self.durability {
            held.set_durability(durability).await?;
        }
        if held.begin_here(self.sql).await? {
            return Ok(());
        }
        held.begin_there(self.sql).await
    }
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let counts = self.connection.meter().counts();
        let histogram = match self.durability {
            None => &counts.read_transactions,
            Some(_) => &counts.write_transactions,
        };
        histogram.observe(self.began.elapsed());
        let held = self.handle.get_mut();
        if self.open && !held.abandon() {
            held.spoil();
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut handle = self.handle.lock().await;
        let sql = statement.sql.clone();
        let running = async {
            connection::execute(handle.ready().await.map_err(exec_error)?, statement).await
        };
        self.count(&sql, running).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut handle = self.handle.lock().await;
        let running =
            async { connection::script(handle.ready().await.map_err(exec_error)?, sql).await };
        self.count(sql, running).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut handle = self.handle.lock().await;
        let sql = statement.sql.clone();
        let running =
            async { connection::one(handle.ready().await.map_err(query_error)?, statement).await };
        self.count(&sql, running).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut handle = self.handle.lock().await;
        let sql = statement.sql.clone();
        let running =
            async { connection::all(handle.ready().await.map_err(query_error)?, statement).await };
        self.count(&sql, running).await
    }
}

impl sealed::Sealed for Transaction {}

impl TypedConnection for Transaction {
    async fn read_short<T: Send>(
        &self,
        sql: &str,
        work: impl FnOnce(&rusqlite::Connection) -> Option<T> + Send,
    ) -> Result<Option<T>, DbErr> {
        consume_budget().await; // a task that only reads here must let others run too
        let mut handle = self.handle.lock().await;
        let meter = self.connection.meter();
        meter.short_read(sql, handle.read_short(work)).await
    }

    async fn write_short<T: Send>(
        &self,
        sql: &str,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, rusqlite::Error> + Send,
    ) -> Result<Option<T>, DbErr> {
        self.run_short(sql, work).await.map(Some)
    }
}

impl StreamTrait for Transaction {
    type Stream<'a> = Rows<'a>;

    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Rows<'a>, DbErr>> + Send + 'a>> {
        Box::pin(async move {
            let mut handle = self.handle.lock().await;
            let (work, sql) = (Work::of(&statement.sql), statement.sql.clone());
            let mut meter = StreamMeter::new(self.connection.file().meter(), work, sql, None);
            Ok(Box::pin(async_stream::try_stream! {
                let connection = handle.ready().await.map_err(query_error)?;
                let mut rows = connection::prepared(statement).fetch(connection);
                while let Some(row) = meter.next(rows.next()).await {
                    let row = row.map_err(query_error).inspect_err(|error| meter.failed(error))?;
                    yield QueryResult::from(row);
                }
            }) as Rows<'a>)
        })
    }
}
