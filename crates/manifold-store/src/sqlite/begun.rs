//! Transactions that begin and end on the caller's thread, without a hand-over to the connection's own.

use sqlx::sqlite::SqliteTransactionManager as Manager;
use sqlx_core::sql_str::SqlSafeStr as _;
use sqlx_core::transaction::TransactionManager as _;

use super::{Handle, Impatient, locked, log_length, refused};

/// Who began the transaction that is open on a connection: sqlx ends only its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// None is open.
    No,
    /// The caller's thread.
    Here,
    /// sqlx, or it has taken over what was begun here.
    There,
}

/// What sqlx begins a transaction with that is open already: nothing.
const TAKE_OVER: &str = "-- begun on another thread";

/// What SQLite says of a transaction that it has ended itself.
const NONE_OPEN: &str = "no transaction is active";

/// SQLite has ended a transaction, as it does when the disk fails. What was read since may be of another state.
fn ended() -> sqlx::Error {
    let reason = "SQLite has ended a transaction, as it does when the disk fails";
    sqlx::Error::Io(std::io::Error::other(reason))
}

impl Handle {
    pub(crate) fn begun(&self) -> Begun {
        self.begun
    }

    /// Begins a transaction on this thread. `false`: something is in its way, such as another process that writes;
    /// nothing was begun. It waits for no lock.
    pub(crate) async fn begin_here(&mut self, sql: &'static str) -> Result<bool, sqlx::Error> {
        if self.uncounted {
            return Ok(false); // only sqlx can tell whether it still counts a transaction
        }
        self.lock().await?;
        let begun = {
            let short = locked(&self.short);
            let _impatient = Impatient::new(&short);
            short
                .prepare_cached(sql)
                .and_then(|mut begin| begin.raw_execute())
        };
        if begun.is_ok() {
            self.begun = Begun::Here;
        }
        Ok(begun.is_ok())
    }

    /// Begins a transaction on the connection's own thread, which waits for others.
    pub(crate) async fn begin_there(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        Manager::begin(self.ready().await?, Some(sql.into_sql_str())).await?;
        self.begun = Begun::There;
        self.uncounted = false;
        Ok(())
    }

    /// Lets sqlx's thread, which has the connection now, go on with a transaction that was begun here.
    pub(super) async fn hand_over(&mut self) -> Result<(), sqlx::Error> {
        if self.begun == Begun::Here {
            Manager::begin(&mut self.worker, Some(TAKE_OVER.into_sql_str())).await?;
            self.begun = Begun::There;
        }
        Ok(())
    }

    /// Commits what was begun here. It may wait for the disk when the durability is full; otherwise it does not, and
    /// returns whether the log has become so long that [`Self::write_back`] is due.
    pub(crate) async fn commit_here(&mut self) -> Result<bool, sqlx::Error> {
        let commit = |short: &rusqlite::Connection| {
            let put_off = log_length::PutOff::new();
            short.prepare_cached("COMMIT")?.raw_execute()?;
            Ok(put_off.is_due())
        };
        let is_due = self.write_short(commit).await?;
        self.begun = Begun::No;
        Ok(is_due)
    }

    /// Undoes what was begun here.
    pub(crate) async fn roll_back_here(&mut self) -> Result<(), sqlx::Error> {
        let roll_back = |short: &rusqlite::Connection| match short.is_autocommit() {
            true => Ok(false),
            false => short
                .prepare_cached("ROLLBACK")?
                .raw_execute()
                .map(|_| true),
        };
        let was_open = self.write_short(roll_back).await?;
        self.begun = Begun::No;
        if was_open {
            return Ok(());
        }
        Err(ended())
    }

    pub(crate) async fn commit_there(&mut self) -> Result<(), sqlx::Error> {
        Manager::commit(self.ready().await?).await?;
        self.begun = Begun::No;
        Ok(())
    }

    pub(crate) async fn roll_back_there(&mut self) -> Result<(), sqlx::Error> {
        match Manager::rollback(self.ready().await?).await {
            Err(sqlx::Error::Database(error)) if error.message().ends_with(NONE_OPEN) => {
                return Err(ended());
            }
            undone => undone?,
        }
        self.begun = Begun::No;
        Ok(())
    }

    /// Writes the log back into the file as far as nobody reads it, as SQLite does by itself after a commit. Waits for
    /// the disk. What cannot be written back now is with a later commit.
    pub(crate) async fn write_back(&mut self) -> Result<(), sqlx::Error> {
        self.write_short(|short| {
            short
                .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?
                .query_row([], |_| Ok(()))
        })
        .await
    }

    /// Undoes what was left open, from `Drop`: here, or on the connection's thread before anything that its next
    /// holder queues there. `false`: the connection is in an unknown state and must not be used again.
    pub(crate) fn abandon(&mut self) -> bool {
        match std::mem::replace(&mut self.begun, Begun::No) {
            Begun::No => true,
            Begun::There => {
                self.uncounted = true;
                self.lock = None;
                Manager::start_rollback(&mut self.worker);
                true
            }
            // The hand-over to sqlx was dropped half-way.
            Begun::Here if self.lock.is_none() => false,
            Begun::Here => {
                let short = locked(&self.short);
                // SQLite itself may have ended it, as it does when the disk is full.
                short.is_autocommit()
                    || short
                        .execute_batch("ROLLBACK")
                        .map_err(|error| refused("cannot roll back", &error))
                        .is_ok()
            }
        }
    }
}
