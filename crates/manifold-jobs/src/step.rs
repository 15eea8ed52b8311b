//! Steps whose result is remembered.

use std::sync::PoisonError;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{JobContext, JobError};

/// The error code of a step that cannot be remembered.
pub(crate) const JOB_STEP: &str = "job_step";

impl JobContext {
    /// Does a step of the job, or, when an earlier attempt has completed it, gives what came of it then. The result
    /// is on the disk before this returns, so a step that is followed by another is done once, whatever happens; a
    /// step during which the process dies is done again.
    ///
    /// A step's name is unique within the job and means the same in every version of the program: a result that
    /// cannot be read any more is an error.
    ///
    /// ```
    /// # async fn fetch() -> Result<Vec<String>, manifold_jobs::JobError> { Ok(Vec::new()) }
    /// # async fn example(context: &manifold_jobs::JobContext) -> Result<(), manifold_jobs::JobError> {
    /// let names: Vec<String> = context.step("names", fetch()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the work fails with; [`JobError::Failed`] with code `job_step` for a name that this attempt has used
    /// already, and for a result that is no JSON or cannot be read; `lease_lost` when the attempt does not own its job
    /// any more; [`JobError::Cancelled`] when the job is to stop.
    pub async fn step<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        work: impl Future<Output = Result<T, JobError>>,
    ) -> Result<T, JobError> {
        self.begin_step(name)?;
        if let Some(output) = self.jobs.step_output(self.job_id(), name).await? {
            return serde_json::from_value(output).map_err(|error| step_error(name, &error));
        }
        self.check_cancelled()?;
        let done = work.await?;
        let output = serde_json::to_value(&done).map_err(|error| step_error(name, &error))?;
        self.jobs.remember_step(self.claim(), name, output).await?;
        Ok(done)
    }

    /// Takes note that a step of this name begins.
    pub(crate) fn begin_step(&self, name: &str) -> Result<(), JobError> {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if !name.is_empty() && steps.insert(name.to_owned()) {
            return Ok(());
        }
        Err(step_error(name, &"the name is empty or used twice"))
    }
}

fn step_error(name: &str, problem: &impl ToString) -> JobError {
    JobError::failed(
        JOB_STEP,
        &format!(
            "step `{name}` of the job cannot be remembered: {}; please report it",
            problem.to_string()
        ),
    )
}
