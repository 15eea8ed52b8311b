//! A stream of rows, counted when it ends or is dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::database_meter::Work;
use super::file_meter::FileMeter;
use super::held_read::Hold;

/// Tells the time in which a query looks for its rows from the time in which they wait to be taken.
#[derive(Debug)]
pub(crate) struct StreamMeter {
    file: Arc<FileMeter>,
    work: Work,
    sql: String,
    began: Instant,
    ran: Duration,
    _hold: Option<Hold>,
}

impl StreamMeter {
    pub(crate) fn new(file: &Arc<FileMeter>, work: Work, sql: String, hold: Option<Hold>) -> Self {
        Self {
            file: file.clone(),
            work,
            sql,
            began: Instant::now(),
            ran: Duration::ZERO,
            _hold: hold,
        }
    }

    /// Waits for the next row.
    pub(crate) async fn next<T>(&mut self, row: impl Future<Output = T>) -> T {
        let asked = Instant::now();
        let row = row.await;
        self.ran += asked.elapsed();
        row
    }

    /// The query failed.
    pub(crate) fn failed(&self, error: &sea_orm::DbErr) {
        self.file.counts().failed(error);
    }
}

impl Drop for StreamMeter {
    fn drop(&mut self) {
        let caller = self.began.elapsed().saturating_sub(self.ran);
        self.file.ran(self.work, &self.sql, self.ran, caller);
    }
}
