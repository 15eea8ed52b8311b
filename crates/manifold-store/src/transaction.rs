//! A transaction on one database.

use std::pin::Pin;

use futures_util::StreamExt as _;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, StreamTrait};
use sqlx::sqlite::SqliteTransactionManager as Manager;
use sqlx_core::sql_str::SqlSafeStr as _;
use sqlx_core::transaction::TransactionManager as _;
use tokio::sync::Mutex;

use crate::connection::{self, Connection, Rows, exec_error, query_error};
use crate::sqlite::Handle;
use crate::stack::Held;
use crate::{Durability, StoreError};

/// A transaction: what runs on it is kept by [`commit`](crate::Database::commit) or not at all.
///
/// A write transaction takes the write lock when it begins, so it never fails half-way because
/// another process wrote. Dropping a transaction, also by dropping a future that owns it, rolls it back
/// before its connection is used again.
pub struct Transaction {
    handle: Mutex<Held<Handle>>,
    connection: Connection,
    open: bool,
}

impl Transaction {
    pub(crate) async fn begin_write(
        connection: Connection,
        durability: Durability,
    ) -> Result<Self, StoreError> {
        let held = loop {
            let mut held = connection.file().writer().await?;
            held.set_durability(durability).await.map_err(exec_error)?;
            if let Some(begun) = begin(held, "BEGIN IMMEDIATE").await? {
                break begun;
            }
        };
        let transaction = Self {
            handle: Mutex::new(held),
            connection,
            open: true,
        };
        transaction.check_version().await?;
        Ok(transaction)
    }

    pub(crate) async fn begin_read(connection: Connection) -> Result<Self, StoreError> {
        let held = loop {
            let held = connection.file().reader().await?;
            if let Some(begun) = begin(held, "BEGIN DEFERRED").await? {
                break begun;
            }
        };
        Ok(Self {
            handle: Mutex::new(held),
            connection,
            open: true,
        })
    }

    /// Another process may have migrated the file since it was opened here.
    async fn check_version(&self) -> Result<(), StoreError> {
        let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA user_version");
        let row = self.query_one_raw(statement).await?;
        let found: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
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

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let handle = self.handle.get_mut();
        Manager::commit(handle.ready().await.map_err(exec_error)?)
            .await
            .map_err(exec_error)?;
        self.open = false;
        Ok(())
    }

    pub(crate) async fn rollback(mut self) -> Result<(), StoreError> {
        let handle = self.handle.get_mut();
        Manager::rollback(handle.ready().await.map_err(exec_error)?)
            .await
            .map_err(exec_error)?;
        self.open = false;
        Ok(())
    }
}

/// Begins on a connection; `None` when another must be taken.
///
/// SQLite ends a transaction by itself when the disk is full, and sqlx goes on counting it: such a connection can begin
/// no other, so it is closed.
async fn begin(mut held: Held<Handle>, sql: &'static str) -> Result<Option<Held<Handle>>, DbErr> {
    let connection = held.ready().await.map_err(query_error)?;
    match Manager::begin(connection, Some(sql.into_sql_str())).await {
        Ok(()) => Ok(Some(held)),
        Err(sqlx::Error::InvalidSavePointStatement) => {
            held.discard();
            Ok(None)
        }
        Err(error) => Err(query_error(error)),
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
        if self.open {
            // Queues ROLLBACK on the connection's thread, before anything its next holder queues.
            Manager::start_rollback(self.handle.get_mut().connection_mut());
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        connection::execute(
            self.handle.lock().await.ready().await.map_err(exec_error)?,
            statement,
        )
        .await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        connection::script(
            self.handle.lock().await.ready().await.map_err(exec_error)?,
            sql,
        )
        .await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        connection::one(
            self.handle
                .lock()
                .await
                .ready()
                .await
                .map_err(query_error)?,
            statement,
        )
        .await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        connection::all(
            self.handle
                .lock()
                .await
                .ready()
                .await
                .map_err(query_error)?,
            statement,
        )
        .await
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
            Ok(Box::pin(async_stream::try_stream! {
                let connection = handle.ready().await.map_err(query_error)?;
                let mut rows = connection::prepared(statement).fetch(connection);
                while let Some(row) = rows.next().await {
                    yield QueryResult::from(row.map_err(query_error)?);
                }
            }) as Rows<'a>)
        })
    }
}
