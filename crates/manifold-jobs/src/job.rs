//! What a kind of job is.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{JobContext, JobError};

/// A kind of job. The value is what the job needs to know; it is stored as JSON, so that another process
/// can do the job.
///
/// A kind is one file with three equal names: `jobs/import_file.rs`, `ImportFile`, `KIND = "import_file"`.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name of the kind, as it is stored.
    const KIND: &'static str;

    /// How often a job of this kind may be begun.
    const MAX_ATTEMPTS: i64 = 1;

    /// What comes of it; stored as JSON.
    type Output: Serialize + Send + 'static;

    /// Does the job. It may run twice: a second run must find what the first one published, and must not
    /// mind what it left half-done.
    ///
    /// It stops soon after [`JobContext::cancel`] is cancelled, at a point where nothing half-done is
    /// visible, and then fails with [`JobError::Cancelled`]. What blocks belongs on a blocking thread.
    ///
    /// # Errors
    /// [`JobError`]; the job is then `failed`, or `cancelled`.
    fn run(
        &self,
        context: &JobContext,
    ) -> impl Future<Output = Result<Self::Output, JobError>> + Send;
}
