//! Follows long work, and stops it.

use manifold_store::fail_point;
use tokio_util::sync::CancellationToken;

use super::BackupError;
use crate::{JobContext, Progress};

/// Rows between two looks at whether to stop.
const ROWS_BETWEEN_LOOKS: u64 = 1_024;

/// Follows a backup or a restore, and stops it when somebody asks.
pub struct Watch {
    report: Box<dyn Fn(Progress) + Send>,
    cancel: CancellationToken,
    step: &'static str,
    total: Option<u64>,
    rows: u64,
}

impl Watch {
    /// Reports to a job and stops when the job is to stop.
    #[must_use]
    pub fn of(context: &JobContext) -> Self {
        let reporter = context.reporter().clone();
        Self::new(context.cancel().clone(), move |progress| {
            reporter.report(progress);
        })
    }

    /// Calls `report` with the progress and stops when `cancel` is cancelled.
    #[must_use]
    pub fn new(cancel: CancellationToken, report: impl Fn(Progress) + Send + 'static) -> Self {
        Self {
            report: Box::new(report),
            cancel,
            step: "",
            total: None,
            rows: 0,
        }
    }

    /// Nobody looks, and nobody stops it.
    #[must_use]
    pub fn unwatched() -> Self {
        Self::new(CancellationToken::new(), |_| {})
    }

    /// All steps together handle so many rows.
    pub fn expect(&mut self, rows: u64) {
        (self.total, self.rows) = (Some(rows), 0);
    }

    /// A step begins.
    ///
    /// # Errors
    /// [`BackupError::Cancelled`].
    pub fn step(&mut self, step: &'static str) -> Result<(), BackupError> {
        self.step = step;
        self.look()
    }

    /// So many rows were handled at once.
    ///
    /// # Errors
    /// [`BackupError::Cancelled`].
    pub fn rows(&mut self, rows: u64) -> Result<(), BackupError> {
        self.rows += rows;
        self.look()
    }

    /// One row was handled.
    ///
    /// # Errors
    /// [`BackupError::Cancelled`].
    pub fn row(&mut self) -> Result<(), BackupError> {
        self.rows += 1;
        if self.rows.is_multiple_of(ROWS_BETWEEN_LOOKS) {
            fail_point!("backup-rows-passed");
            self.look()
        } else {
            Ok(())
        }
    }

    /// So many bytes of so many were sent.
    ///
    /// # Errors
    /// [`BackupError::Cancelled`].
    pub fn sent(&self, done: u64, total: u64) -> Result<(), BackupError> {
        (self.report)(Progress {
            done,
            total: Some(total),
            unit: "bytes",
            ..Progress::step(self.step)
        });
        if self.cancel.is_cancelled() {
            Err(BackupError::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Fails when it is to stop.
    ///
    /// # Errors
    /// [`BackupError::Cancelled`].
    pub fn look(&self) -> Result<(), BackupError> {
        (self.report)(Progress {
            done: self.rows,
            total: self.total,
            unit: "rows",
            ..Progress::step(self.step)
        });
        if self.cancel.is_cancelled() {
            Err(BackupError::Cancelled)
        } else {
            Ok(())
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("step", &self.step)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
