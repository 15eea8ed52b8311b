//! Jobs that copy a project's file.

use manifold_store::{CopyWatch, StoreError};

use crate::{JobContext, JobError, Progress};

/// Reports to a job how much is copied, and stops when the job is to stop.
pub(crate) fn follow_copy(context: &JobContext) -> CopyWatch {
    context.report(Progress::step("copying"));
    let (reporter, cancel) = (context.reporter().clone(), context.cancel().clone());
    CopyWatch::new(move |copied| {
        if copied.total > 0 {
            reporter.report(Progress {
                done: copied.done,
                total: Some(copied.total),
                unit: "bytes",
                ..Progress::step("copying")
            });
        }
        !cancel.is_cancelled()
    })
    .of(context.claim())
}

/// The error of a job that copied: one that was stopped was cancelled.
pub(crate) fn copy_error(context: &JobContext, error: StoreError) -> JobError {
    match error {
        StoreError::Interrupted if context.cancel().is_cancelled() => JobError::Cancelled,
        error => error.into(),
    }
}
