//! A step that writes to the project bit by bit, and goes on where an earlier attempt stopped.

use std::marker::PhantomData;

use manifold_store::{
    DatabaseManager as _, Fence, FenceError, ProjectDatabase, ProjectId, ProjectTransaction,
    StepCursor, StoreError,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::step::JOB_STEP;
use crate::{InputFingerprint, JobContext, JobError};

/// A step that writes to the job's project bit by bit. Where it has come to is written down in the same transaction
/// as what it did, so each bit is done exactly once, whatever happens to the process.
///
/// ```
/// # use manifold_jobs::{JobContext, JobError};
/// # async fn example(context: &JobContext) -> Result<(), JobError> {
/// let mut rows = context.cursor_step::<u64>("rows", None).await?;
/// for batch in rows.cursor().copied().unwrap_or(0)..10 {
///     context.check_cancelled()?;
///     rows.commit(batch + 1, async |transaction| {
///         // insert the rows of the batch
///         Ok(())
///     })
///     .await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CursorStep<C> {
    spoke: ProjectDatabase,
    fence: Fence,
    cursor: Option<C>,
    input: Option<Json>,
    of: PhantomData<fn() -> C>,
}

impl JobContext {
    /// Begins a step that writes to the job's project bit by bit, where an earlier attempt has come to. From now on no
    /// earlier attempt can write to the project. Given the fingerprint of what the step reads, it goes on only if
    /// that is still the same.
    ///
    /// # Errors
    /// [`JobError::Failed`]: `input_changed` when the input is another than the one an earlier attempt began to read;
    /// `job_step` for a name that is used twice, a job without a project, or a cursor of another type; `lease_lost`
    /// and `project_replaced` as [`FenceError`]; others by meaning.
    pub async fn cursor_step<C: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        input: Option<&InputFingerprint>,
    ) -> Result<CursorStep<C>, JobError> {
        self.begin_step(name)?;
        let project = self.claim().job.project_id.as_ref();
        let Some(Ok(project)) = project.map(|id| id.parse::<ProjectId>()) else {
            return Err(cursor_error(name, "the job has no project"));
        };
        let spoke = self.manager().project(&project).await?;
        let (fence, stored) = spoke
            .write::<_, FenceError>(async |transaction| {
                let fence = Fence::raise(transaction, self.claim(), name).await?;
                let stored = fence.cursor(transaction).await?;
                Ok((fence, stored))
            })
            .await?;
        let unreadable = |error: serde_json::Error| cursor_error(name, &error.to_string());
        let cursor = match stored {
            Some(stored) => {
                let before = stored.input.map(serde_json::from_value).transpose();
                check_input(before.map_err(unreadable)?.as_ref(), input)?;
                Some(serde_json::from_value(stored.cursor).map_err(unreadable)?)
            }
            None => None,
        };
        let input = input.map(serde_json::to_value).transpose();
        Ok(CursorStep {
            spoke,
            fence,
            cursor,
            input: input.map_err(unreadable)?,
            of: PhantomData,
        })
    }
}

impl<C: Serialize> CursorStep<C> {
    /// Where the step has come to; `None` at its beginning.
    #[must_use]
    pub fn cursor(&self) -> Option<&C> {
        self.cursor.as_ref()
    }

    /// Does one bit of the step, in one transaction on the project, after which the step has come to `cursor`. It is
    /// on the disk when this returns. Nothing of it is kept when `work` fails.
    ///
    /// # Errors
    /// What `work` fails with; `lease_lost` when a later attempt has begun, `project_replaced` when the project is
    /// another by now.
    pub async fn commit(
        &mut self,
        cursor: C,
        work: impl AsyncFnOnce(&ProjectTransaction) -> Result<(), JobError>,
    ) -> Result<(), JobError> {
        let stored = StepCursor {
            cursor: serde_json::to_value(&cursor)
                .map_err(|error| StoreError::Decode(format!("a job's cursor: {error}")))?,
            input: self.input.clone(),
        };
        let transaction = self.spoke.begin().await?;
        // Before the work, so that an attempt that was overtaken does nothing.
        self.fence.advance(&transaction, &stored).await?;
        work(&transaction).await?;
        transaction.commit().await?;
        self.cursor = Some(cursor);
        Ok(())
    }
}

fn check_input(
    before: Option<&InputFingerprint>,
    now: Option<&InputFingerprint>,
) -> Result<(), JobError> {
    let (Some(before), Some(now)) = (before, now) else {
        return Ok(());
    };
    before.check(now)
}

fn cursor_error(name: &str, problem: &str) -> JobError {
    JobError::failed(
        JOB_STEP,
        &format!("step `{name}` of the job cannot go on: {problem}; please report it"),
    )
}
