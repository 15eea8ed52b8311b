//! Where everything that runs on one open file is counted.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::DbErr;

use super::database_meter::{DatabaseMeter, Work};
use super::held_read::Hold;
use super::slow_query::SlowQuery;
use super::store_meter::{OpenConnection, StoreMeter};
use super::write_ahead_log::LogMeter;
use crate::connection::query_error;
use crate::sqlite::Role;
use crate::{DatabaseId, Timestamp};

/// The counters of one open file, which are added to the store's when it is closed.
#[derive(Debug)]
pub(crate) struct FileMeter {
    which: DatabaseId,
    store: Arc<StoreMeter>,
    counts: DatabaseMeter,
    log: LogMeter,
}

impl FileMeter {
    pub(crate) fn new(which: DatabaseId, store: &Arc<StoreMeter>) -> Arc<Self> {
        Arc::new(Self {
            which,
            store: store.clone(),
            counts: DatabaseMeter::default(),
            log: LogMeter::default(),
        })
    }

    /// One of no store.
    #[cfg(test)]
    pub(crate) fn alone() -> Arc<Self> {
        let layout = crate::Layout::new("");
        let store = StoreMeter::new(&layout, crate::Access::ReadOnly);
        Self::new(DatabaseId::Core, &store)
    }

    pub(crate) fn counts(&self) -> &DatabaseMeter {
        &self.counts
    }

    pub(crate) fn which(&self) -> &DatabaseId {
        &self.which
    }

    /// Runs one statement and counts it. One that is dropped is not counted.
    pub(crate) async fn statement<T>(
        &self,
        work: Work,
        sql: &str,
        running: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let started = Instant::now();
        let done = running.await;
        if let Err(error) = &done {
            self.counts.failed(error);
        }
        self.ran(work, sql, started.elapsed(), Duration::ZERO);
        done
    }

    /// Runs a read on the caller's thread and counts it. One that must run elsewhere is counted there.
    pub(crate) async fn short_read<T>(
        &self,
        sql: &str,
        running: impl Future<Output = Result<Option<T>, sqlx::Error>>,
    ) -> Result<Option<T>, DbErr> {
        let started = Instant::now();
        let read = running.await.map_err(query_error)?;
        if read.is_some() {
            self.ran(Work::Read, sql, started.elapsed(), Duration::ZERO);
        } else {
            self.counts.rerun();
        }
        Ok(read)
    }

    /// A statement ended after running for so long; its rows waited `caller` to be taken.
    pub(crate) fn ran(&self, work: Work, sql: &str, ran: Duration, caller: Duration) {
        let histogram = match work {
            Work::Read => &self.counts.reads,
            Work::Write => &self.counts.writes,
        };
        histogram.observe(ran);
        if self.store.is_slow(ran) {
            self.slow(sql, ran, caller);
        }
    }

    #[cold]
    fn slow(&self, sql: &str, ran: Duration, caller: Duration) {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.store.add_slow(SlowQuery {
            at: Timestamp::now(),
            project_id: self.which.project().map(ToString::to_string),
            duration_ms: ms(ran),
            caller_ms: ms(caller),
            sql: sql.to_owned(),
        });
    }

    /// A read begins that may last.
    pub(crate) fn hold(&self, purpose: &'static str) -> Hold {
        self.store.hold(&self.which, purpose)
    }

    /// A connection was opened on the file at `path`.
    pub(crate) fn connection(&self, role: Role, path: &Path) -> OpenConnection {
        self.log.look(path);
        self.store.connection(role)
    }

    /// How often the log of the file at `path` is known to have begun anew.
    pub(crate) fn log_restarts(&self, path: &Path) -> u64 {
        self.log.look(path);
        self.log.restarts()
    }
}

impl Drop for FileMeter {
    fn drop(&mut self) {
        self.store.closed.absorb(&self.counts);
    }
}
