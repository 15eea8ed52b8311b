//! Follows an export, and stops it.

use std::sync::Arc;

use manifold_store::fail_point;
use tokio_util::sync::CancellationToken;

use super::ExportError;
use crate::{JobContext, Observer, PlanContext, Progress};

/// Rows between two looks at whether to stop.
const ROWS_BETWEEN_LOOKS: u64 = 1_024;

/// Follows an export, and stops it when somebody asks.
#[derive(Clone)]
pub struct Course {
    report: Arc<dyn Fn(Progress) + Send + Sync>,
    cancel: CancellationToken,
    total: Option<u64>,
    rows: u64,
}

impl Course {
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
    pub fn new(
        cancel: CancellationToken,
        report: impl Fn(Progress) + Send + Sync + 'static,
    ) -> Self {
        Self {
            report: Arc::new(report),
            cancel,
            total: None,
            rows: 0,
        }
    }

    /// Reports to who plans.
    pub(crate) fn planned(context: &PlanContext) -> Self {
        let Observer {
            cancel, progress, ..
        } = context.observer().clone();
        Self::new(cancel, move |news| {
            progress.send_replace(news);
        })
    }

    /// There are so many rows.
    pub(super) fn expect(&mut self, rows: u64) {
        self.total = Some(rows);
    }

    /// Cancelled when it is to stop.
    pub(super) fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// How many rows there were.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// One row was written.
    ///
    /// # Errors
    /// [`ExportError::Cancelled`].
    pub(super) fn row(&mut self) -> Result<(), ExportError> {
        self.rows += 1;
        if self.rows.is_multiple_of(ROWS_BETWEEN_LOOKS) {
            fail_point!("export-data-rows-passed");
            self.look()
        } else {
            Ok(())
        }
    }

    /// Says how far it is.
    ///
    /// # Errors
    /// [`ExportError::Cancelled`].
    pub(super) fn look(&self) -> Result<(), ExportError> {
        (self.report)(Progress {
            done: self.rows,
            total: self.total,
            unit: "rows",
            rows: Some(self.rows),
            ..Progress::step("writing")
        });
        self.stopped()
    }

    /// Says how many bytes of how many went on their way.
    ///
    /// # Errors
    /// [`ExportError::Cancelled`].
    pub(super) fn bytes(
        &self,
        step: &'static str,
        done: u64,
        total: Option<u64>,
    ) -> Result<(), ExportError> {
        (self.report)(Progress {
            done,
            total,
            unit: "bytes",
            rows: (self.rows > 0).then_some(self.rows),
            ..Progress::step(step)
        });
        self.stopped()
    }

    /// The error, or that it was stopped, which is then why.
    pub(super) fn stopped_or(&self, error: ExportError) -> ExportError {
        if self.cancel.is_cancelled() {
            ExportError::Cancelled
        } else {
            error
        }
    }

    fn stopped(&self) -> Result<(), ExportError> {
        if self.cancel.is_cancelled() {
            Err(ExportError::Cancelled)
        } else {
            Ok(())
        }
    }
}

impl std::fmt::Debug for Course {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Course")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
