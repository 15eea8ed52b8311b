//! Follows work on many projects, and stops it.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::backup::{BackupError, Watch};
use crate::{JobContext, Progress};

/// Follows work on the projects of a store, one after the other: which it is, and how many bytes of all are done. Cheap to
/// clone.
#[derive(Clone)]
pub struct StoreWatch {
    report: Arc<dyn Fn(Progress) + Send + Sync>,
    cancel: CancellationToken,
    /// Projects.
    projects: usize,
    /// The bytes of all of them.
    total: u64,
    begun: usize,
    done: u64,
}

impl StoreWatch {
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
            projects: 0,
            total: 0,
            begun: 0,
            done: 0,
        }
    }

    /// Nobody looks, and nobody stops it.
    #[must_use]
    pub fn unwatched() -> Self {
        Self::new(CancellationToken::new(), |_| {})
    }

    /// There are so many projects, of so many bytes together. None of them is begun.
    pub(super) fn expect(&mut self, projects: usize, bytes: u64) {
        (self.projects, self.total) = (projects, bytes);
        (self.begun, self.done) = (0, 0);
    }

    /// What follows one project, of so many bytes, while this or that is `done` to it, such as `copying`. It counts as done when the
    /// next begins.
    pub(super) fn next(&mut self, doing: &'static str, name: &str, bytes: u64) -> Watch {
        self.begun += 1;
        let step = format!(
            "{doing} {name} ({} of {})",
            self.begun,
            self.projects.max(self.begun)
        );
        let (report, before) = (self.report.clone(), self.done);
        let total = self.total.max(before + bytes);
        self.done += bytes;
        Watch::new(self.cancel.clone(), move |progress| {
            let share = progress.share().unwrap_or(0.0);
            // Exact up to 2^53, which no file reaches.
            let done = (bytes as f64 * share) as u64;
            report(Progress {
                done: before + done,
                total: Some(total),
                unit: "bytes",
                ..Progress::step(step.clone())
            });
        })
    }

    /// What follows the sending of all of it.
    pub(super) fn sending(&self) -> Watch {
        let report = self.report.clone();
        Watch::new(self.cancel.clone(), move |progress| report(progress))
    }

    /// Something that is not counted is done.
    ///
    /// # Errors
    /// [`BackupError::Cancelled`].
    pub(super) fn step(&self, step: &'static str) -> Result<(), BackupError> {
        (self.report)(Progress::step(step));
        self.look()
    }

    /// Somebody is waited for.
    pub(super) fn waiting(&self, holder: Option<&str>) {
        (self.report)(Progress::waiting(holder));
    }

    /// Fails when it is to stop.
    ///
    /// # Errors
    /// [`BackupError::Cancelled`].
    pub(super) fn look(&self) -> Result<(), BackupError> {
        if self.cancel.is_cancelled() {
            Err(BackupError::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Waits for `work`, unless it is to stop.
    ///
    /// # Errors
    /// [`BackupError::Cancelled`], and what `work` returns.
    pub(super) async fn or_cancelled<T, E: Into<BackupError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, BackupError> {
        tokio::select! {
            () = self.cancel.cancelled() => Err(BackupError::Cancelled),
            done = work => done.map_err(Into::into),
        }
    }
}

impl std::fmt::Debug for StoreWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreWatch")
            .field("projects", &self.projects)
            .field("begun", &self.begun)
            .finish_non_exhaustive()
    }
}
