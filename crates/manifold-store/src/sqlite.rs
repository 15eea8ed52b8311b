//! One open SQLite connection: the only module that touches SQLite's C interface.
//!
//! sqlx owns each connection and runs statements on its worker thread; bulk work borrows the same
//! handle through rusqlite on a blocking thread while sqlx's lock keeps the worker out.
#![allow(
    unsafe_code,
    reason = "SQLite's handle is reached here and nowhere else; each block has its safety argument"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use sqlx::sqlite::{
    LockedSqliteHandle, SqliteConnectOptions, SqliteConnection, SqliteJournalMode,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use crate::Durability;
use crate::access::FileAccess;

/// `application_id` of every file of ours: the bytes `Mfld`.
pub(crate) const APPLICATION_ID: i64 = 0x4D66_6C64;

/// How long a statement waits for a lock that another process holds, in ms.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How many virtual-machine steps pass between two looks at the stop flag: about 0.2 ms.
const STEPS_BETWEEN_LOOKS: i32 = 20_000;

/// The oldest SQLite that may write our files: before 3.51.3, two connections that write and
/// checkpoint at once can lose commits (<https://sqlite.org/wal.html#walresetbug>).
pub(crate) const OLDEST_SQLITE: i32 = 3_051_003;

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Writer,
    Reader,
}

/// The number of the SQLite library in this binary, such as 3051003 for 3.51.3.
pub(crate) fn library_version() -> i32 {
    rusqlite::version_number()
}

/// One open connection. Held by one task at a time (see `Stack`).
pub(crate) struct Handle {
    connection: SqliteConnection,
    stop: Arc<AtomicBool>,
    durability: Durability,
}

impl Handle {
    /// Opens a file that exists, with the settings every connection has; `busy_timeout` comes first.
    pub(crate) async fn open(
        path: &Path,
        access: FileAccess,
        role: Role,
    ) -> Result<Self, sqlx::Error> {
        let mut options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .pragma("trusted_schema", "OFF")
            .disable_statement_logging();
        options = match access {
            FileAccess::Write => options
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .pragma("journal_size_limit", "67108864"),
            FileAccess::Live => options.read_only(true),
            FileAccess::Still(_) => options.read_only(true).immutable(true),
        };
        if role == Role::Reader {
            options = options.pragma("query_only", "ON");
        }
        let mut connection = options.connect().await?;
        let stop = Arc::new(AtomicBool::new(false));
        {
            let mut handle = connection.lock_handle().await?;
            let flag = stop.clone();
            handle.set_progress_handler(STEPS_BETWEEN_LOOKS, move || !flag.load(Ordering::Relaxed));
            let borrowed = borrow(&mut handle)?;
            borrowed
                .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
                .map_err(|error| refused("SQLite refused the stable query planner", &error))?;
            #[cfg(debug_assertions)]
            crate::recorder::watch(&borrowed, path);
        }
        Ok(Self {
            connection,
            stop,
            durability: Durability::Full,
        })
    }

    /// The connection, once a statement that a dropped future left behind has ended. Clearing the flag
    /// earlier would let that statement run on, later would stop the next one.
    pub(crate) async fn ready(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        if self.stop.load(Ordering::Relaxed) {
            self.connection.ping().await?;
            self.stop.store(false, Ordering::Relaxed);
        }
        Ok(&mut self.connection)
    }

    /// Like [`Self::ready`], for a read: dropping the guard before [`StopOnDrop::disarm`] stops the
    /// statement that is running.
    pub(crate) async fn ready_to_read(
        &mut self,
    ) -> Result<(&mut SqliteConnection, StopOnDrop), sqlx::Error> {
        let stop = self.stop.clone();
        let connection = self.ready().await?;
        Ok((connection, StopOnDrop { stop, armed: true }))
    }

    /// The connection as it is, for a rollback from `Drop`.
    pub(crate) fn connection_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Sets the durability of the transactions to come. Must be called outside a transaction.
    pub(crate) async fn set_durability(
        &mut self,
        durability: Durability,
    ) -> Result<(), sqlx::Error> {
        if self.durability != durability {
            let sql: &'static str = match durability {
                Durability::Relaxed => "PRAGMA synchronous = NORMAL",
                Durability::Full => "PRAGMA synchronous = FULL",
            };
            self.ready().await?.execute(sql).await?;
            self.durability = durability;
        }
        Ok(())
    }

    /// Lends the connection to `work` as a rusqlite one. Blocks: call it on a blocking thread.
    ///
    /// Afterwards no transaction is open: what `work` left uncommitted is rolled back.
    pub(crate) fn lend<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Connection) -> T,
    ) -> Result<T, sqlx::Error> {
        let mut handle = futures_executor::block_on(self.connection.lock_handle())?;
        self.stop.store(false, Ordering::Relaxed); // the worker is idle: its lock is ours
        let borrowed = borrow(&mut handle)?;
        // `work` may change the level; the next transaction sets its own.
        self.durability = Durability::Full;
        let result = work(&borrowed);
        if !borrowed.is_autocommit() {
            borrowed
                .execute_batch("ROLLBACK")
                .map_err(|error| refused("cannot roll back", &error))?;
        }
        borrowed
            .execute_batch("PRAGMA synchronous = FULL")
            .map_err(|error| refused("cannot restore the durability", &error))?;
        Ok(result)
    }

    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        self.connection.close().await
    }
}

/// The locked handle as a rusqlite connection.
fn borrow(handle: &mut LockedSqliteHandle<'_>) -> Result<rusqlite::Connection, sqlx::Error> {
    let raw = handle.as_raw_handle().as_ptr();
    // SAFETY: the handle is open, and sqlx's lock keeps its worker out while `handle` lives. Every caller
    // declares the connection after `handle`, so it is dropped first. `from_handle` does not own the
    // handle: dropping the connection finalizes its statements and leaves the handle open.
    unsafe { rusqlite::Connection::from_handle(raw) }
        .map_err(|error| refused("cannot lend the connection", &error))
}

fn refused(what: &str, error: &rusqlite::Error) -> sqlx::Error {
    sqlx::Error::Protocol(format!("{what}: {error}"))
}

/// Stops the running statement when it is dropped armed: the future that waited for it is gone.
pub(crate) struct StopOnDrop {
    stop: Arc<AtomicBool>,
    armed: bool,
}

impl StopOnDrop {
    pub(crate) fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if self.armed {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}
