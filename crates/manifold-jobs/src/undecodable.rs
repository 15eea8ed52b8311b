//! A job whose payload this program cannot read.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value as Json;

use crate::kind::Work;
use crate::{CleanUpReason, JobContext, JobError};

/// The error code of a job whose payload this program cannot read.
const JOB_PAYLOAD: &str = "job_payload";

/// A job whose payload this program cannot read, with what is wrong with it. A worker of another version may be able
/// to, so it is tried again.
pub(crate) struct Undecodable(pub(crate) String);

impl Work for Undecodable {
    fn run<'a>(&'a self, _context: &'a JobContext) -> BoxFuture<'a, Result<Json, JobError>> {
        let message = format!(
            "what the job needs to know cannot be read by this version: {}; run it with the version that wrote it down",
            self.0
        );
        std::future::ready(Err(JobError::retryable(JOB_PAYLOAD, &message))).boxed()
    }

    fn clean_up<'a>(
        &'a self,
        _context: &'a JobContext,
        _reason: CleanUpReason,
    ) -> BoxFuture<'a, Result<(), JobError>> {
        std::future::ready(Ok(())).boxed()
    }
}
