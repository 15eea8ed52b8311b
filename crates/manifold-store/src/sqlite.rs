//! One open SQLite connection: the only module that touches SQLite's C interface.
//!
//! sqlx owns each connection and runs statements on its worker thread. While sqlx's lock keeps that thread out,
//! short statements run through rusqlite on the same handle, on the caller's thread, as do the beginnings and ends of
//! transactions that do not wait; bulk work borrows it on a blocking thread.
//!
//! Every file is opened through the VFS of `vfs.rs`, which checks its pages.
#![allow(
    unsafe_code,
    reason = "SQLite's handle is reached here and nowhere else; each block has its safety argument"
)]

mod append;
mod begun;
mod checked_pages;
mod connect;
mod log_length;
mod page_checksum;
mod plain_file;
mod prepared;
mod read_ahead;
mod scan;
mod still_file;
mod vfs;

use std::ffi::c_int;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use sqlx::error::DatabaseError;
use sqlx::sqlite::{
    LockedSqliteHandle, SqliteConnectOptions, SqliteConnection, SqliteJournalMode,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};

pub(crate) use append::Append;
pub(crate) use begun::Begun;
pub(crate) use connect::{
    add_checksums, connect, connect_foreign, connect_options, make, make_like, want_checksums,
};
pub(crate) use page_checksum::{LENGTH as RESERVED_BYTES, is_sound as is_sound_page};
pub(crate) use scan::{Bound, Scan, ScanRow, ScanRows};
pub(crate) use still_file::StillFile;
pub use vfs::vfs;

use crate::Durability;
use crate::access::FileAccess;
use crate::gate::{Gate, STEPS_BETWEEN_LOOKS, StopOnDrop};
use crate::metrics::OpenConnection;

/// `application_id` of every file of ours: the bytes `Mfld`.
pub(crate) const APPLICATION_ID: i64 = 0x4D66_6C64;

/// How long a statement waits for a lock that another process holds, in ms.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// To how many bytes SQLite cuts a write-ahead log when it begins anew.
pub(crate) const LOG_LIMIT: u64 = 64 << 20;

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

/// How long to wait before a file is opened again that others were opening too.
const PAUSE: Duration = Duration::from_millis(5);

/// Opens a connection. A file that was put in its place by a rename has no write-ahead log yet, and of several who open it one makes
/// it: SQLite does not let the others wait for that, as each holds a lock that it needs, and tells them at once that it is busy.
async fn connect_patiently(
    options: &SqliteConnectOptions,
) -> Result<SqliteConnection, sqlx::Error> {
    let begun = Instant::now();
    loop {
        match options.connect().await {
            Err(error) if is_busy(&error) && begun.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(PAUSE).await;
            }
            opened => return opened,
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    let code = code.and_then(|code| code.parse::<c_int>().ok());
    code.is_some_and(|code| code & 0xFF == rusqlite::ffi::SQLITE_BUSY)
}

/// One open connection with two drivers: sqlx runs statements on its own thread, `short` runs them on the
/// caller's while sqlx's lock keeps that thread out. Held by one task at a time (see `Stack`).
///
/// The order of the fields is the order of dropping: the lock is given back first, and `short` is last held by
/// the progress handler, which sqlx drops just before it closes the handle.
pub(crate) struct Handle {
    lock: Option<LockedSqliteHandle<'static>>,
    short: Arc<Mutex<rusqlite::Connection>>,
    gate: Arc<Gate>,
    worker: Box<SqliteConnection>,
    durability: Durability,
    begun: Begun,
    /// Whether sqlx may still count a transaction that SQLite has ended.
    uncounted: bool,
    _counted: OpenConnection,
}

impl Handle {
    /// Opens a file that exists, with the settings every connection has; `busy_timeout` comes first. Each of the
    /// two drivers keeps up to `statements` prepared statements.
    pub(crate) async fn open(
        path: &Path,
        access: FileAccess,
        role: Role,
        statements: usize,
        counted: OpenConnection,
    ) -> Result<Self, sqlx::Error> {
        let mut options = connect_options(path)
            .create_if_missing(false)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .pragma("trusted_schema", "OFF")
            .statement_cache_capacity(statements)
            .disable_statement_logging();
        options = match access {
            FileAccess::Write => options
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .pragma("journal_size_limit", LOG_LIMIT.to_string()),
            FileAccess::Live => options.read_only(true),
            FileAccess::Still(_) => options.read_only(true).immutable(true),
        };
        if role == Role::Reader {
            options = options.pragma("query_only", "ON");
        }
        let mut worker = Box::new(connect_patiently(&options).await?);
        let gate = Gate::new();
        let short = {
            let mut locked = worker.lock_handle().await?;
            let short = borrow(&mut locked)?;
            short
                .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
                .map_err(|error| refused("SQLite refused the stable query planner", &error))?;
            short.set_prepared_statement_cache_capacity(statements);
            if role == Role::Writer && access == FileAccess::Write {
                log_length::keep_short(&short);
            }
            #[cfg(debug_assertions)]
            crate::recorder::watch(&short, path);
            let short = Arc::new(Mutex::new(short));
            let progress = Progress {
                gate: gate.clone(),
                _short: short.clone(),
            };
            locked.set_progress_handler(STEPS_BETWEEN_LOOKS, move || progress.passes());
            short
        };
        Ok(Self {
            lock: None,
            short,
            gate,
            worker,
            durability: Durability::Full,
            begun: Begun::No,
            uncounted: false,
            _counted: counted,
        })
    }

    /// The connection, once a statement that a dropped future left behind has ended.
    pub(crate) async fn ready(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        self.lock = None;
        if self.gate.is_stopped() {
            self.worker.ping().await?;
            self.gate.open();
        }
        self.hand_over().await?;
        Ok(&mut self.worker)
    }

    /// Like [`Self::ready`], for a read: dropping the guard before [`StopOnDrop::disarm`] stops the
    /// statement that is running.
    pub(crate) async fn ready_to_read(
        &mut self,
    ) -> Result<(&mut SqliteConnection, StopOnDrop), sqlx::Error> {
        let gate = self.gate.clone();
        let connection = self.ready().await?;
        Ok((connection, StopOnDrop::arm(gate)))
    }

    /// Runs a read on this thread. `None`: it was not short, or something was in its way; nothing changed, so it
    /// can be run again on the connection's own thread. It waits for no lock of another process.
    pub(crate) async fn read_short<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Connection) -> Option<T> + Send,
    ) -> Result<Option<T>, sqlx::Error> {
        self.lock().await?;
        let short = locked(&self.short);
        let _bounded = self.gate.bound();
        let _impatient = Impatient::new(&short);
        Ok(work(&short))
    }

    /// Runs a write on this thread, to its end: stopping one would undo the whole transaction. For writes of a
    /// row or so, in a transaction.
    pub(crate) async fn write_short<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, rusqlite::Error> + Send,
    ) -> Result<T, sqlx::Error> {
        self.lock().await?;
        let done = work(&locked(&self.short));
        // sqlx's own error of this connection, so that both drivers report the same.
        done.map_err(
            |error| match self.lock.as_mut().and_then(LockedSqliteHandle::last_error) {
                Some(last) if error.sqlite_error().is_some() => {
                    sqlx::Error::Database(Box::new(last))
                }
                _ => refused("the statement failed", &error),
            },
        )
    }

    /// Keeps sqlx's thread out, once a statement that a dropped future left behind has ended.
    async fn lock(&mut self) -> Result<(), sqlx::Error> {
        if self.lock.is_none() {
            let lock = self.worker.lock_handle().await?;
            self.gate.open(); // the thread is idle: its lock is ours
            // SAFETY: only the lifetime changes. The lock borrows from `*self.worker`, which is boxed, so it does
            // not move when `self` does; it is not used while the lock lives (`ready` and `abandon` drop
            // the lock first), and it is dropped after the lock (the order of the fields).
            self.lock = Some(unsafe {
                std::mem::transmute::<LockedSqliteHandle<'_>, LockedSqliteHandle<'static>>(lock)
            });
        }
        Ok(())
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
            self.write_short(|short| short.execute_batch(sql)).await?;
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
        self.lock = None;
        let mut handle = futures_executor::block_on(self.worker.lock_handle())?;
        self.gate.open(); // the thread is idle: its lock is ours
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
        let Self {
            lock,
            short,
            worker,
            ..
        } = self;
        drop(lock);
        drop(short); // the progress handler has the last one
        worker.close().await
    }
}

fn locked(short: &Mutex<rusqlite::Connection>) -> MutexGuard<'_, rusqlite::Connection> {
    short.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the progress handler holds.
struct Progress {
    gate: Arc<Gate>,
    _short: Arc<Mutex<rusqlite::Connection>>,
}

impl Progress {
    fn passes(&self) -> bool {
        self.gate.passes()
    }
}

/// While it lives, a statement that finds a lock fails at once instead of putting this thread to sleep.
struct Impatient<'a> {
    connection: &'a rusqlite::Connection,
}

impl<'a> Impatient<'a> {
    fn new(connection: &'a rusqlite::Connection) -> Self {
        drop(connection.busy_timeout(Duration::ZERO)); // SQLite only stores the number
        Self { connection }
    }
}

impl Drop for Impatient<'_> {
    fn drop(&mut self) {
        drop(self.connection.busy_timeout(BUSY_TIMEOUT));
    }
}

/// The locked handle as a rusqlite connection.
fn borrow(handle: &mut LockedSqliteHandle<'_>) -> Result<rusqlite::Connection, sqlx::Error> {
    let raw = handle.as_raw_handle().as_ptr();
    // SAFETY: the handle is open. `from_handle` does not own it: dropping the connection finalizes its statements
    // and leaves the handle open. `lend` declares the connection after its lock, so the connection is dropped
    // first, under the lock. The one that `open` keeps as `short` is used only while `Handle::lock` is held;
    // its last owner is the progress handler, which sqlx drops with the connection's state: when nobody else
    // reaches the handle any more, and before the handle is closed.
    unsafe { rusqlite::Connection::from_handle(raw) }
        .map_err(|error| refused("cannot lend the connection", &error))
}

fn refused(what: &str, error: &rusqlite::Error) -> sqlx::Error {
    sqlx::Error::Protocol(format!("{what}: {error}"))
}
