//! What a job would do.

use std::sync::Arc;

use manifold_store::{Jobs, JobsError, NewJob, PlannedFor, ProjectId, SqliteManager, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::foreground::run_new;
use crate::{Finished, Job, JobError, Observer, new_job};

/// The error code of a kind whose jobs cannot be planned.
const NO_PLAN: &str = "no_plan";

/// What a job would do, and for which state of its project that was found. It can be kept as JSON, shown to somebody, and
/// be made a job, which refuses to run when the project has changed by then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The kind of the job.
    pub kind: String,
    /// What the job needs to know.
    pub payload: Json,
    /// The project it works on.
    pub project_id: Option<ProjectId>,
    /// The state of the project before it was planned; `None` without a project.
    pub planned_for: Option<PlannedFor>,
    /// What would change, as the kind says it.
    pub changes: Json,
}

/// What planning a job can reach. It must write nothing but files of its own that are gone afterwards.
#[derive(Debug)]
pub struct PlanContext {
    manager: Arc<SqliteManager>,
    observer: Observer,
}

impl PlanContext {
    /// The store, to be read.
    #[must_use]
    pub fn manager(&self) -> &Arc<SqliteManager> {
        &self.manager
    }

    /// Who follows the planning, and may stop it.
    #[must_use]
    pub fn observer(&self) -> &Observer {
        &self.observer
    }
}

impl Plan {
    /// Finds out what a job would do, and writes nothing.
    ///
    /// # Errors
    /// [`JobError::Failed`] with code `no_plan` when jobs of its kind cannot be planned; as the job itself would fail;
    /// [`JobError::Cancelled`] when the observer stops it.
    pub async fn of<J: Job>(
        manager: &Arc<SqliteManager>,
        job: &J,
        project_id: Option<ProjectId>,
        observer: Observer,
    ) -> Result<Self, JobError> {
        let payload = new_job(job, None)?.payload;
        // Before it is read: what changes meanwhile makes the plan outdated.
        let planned_for = match &project_id {
            Some(project) => Some(PlannedFor::now(&Jobs::new(manager), project).await?),
            None => None,
        };
        let context = PlanContext {
            manager: manager.clone(),
            observer,
        };
        Ok(Self {
            kind: J::KIND.to_owned(),
            payload,
            project_id,
            planned_for,
            changes: job.plan(&context).await?,
        })
    }

    /// The job that was planned, to be written down. In another state of its project it fails with code
    /// `plan_outdated`, before it writes.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] when it is the plan of another kind of job, or of another version.
    pub fn new_job<J: Job>(&self) -> Result<NewJob, StoreError> {
        Ok(NewJob {
            planned_for: self.planned_for,
            ..new_job(&self.job::<J>()?, self.project_id.clone())?
        })
    }

    /// Does the job that was planned, as [`run_foreground`](crate::run_foreground) does.
    ///
    /// # Errors
    /// As [`Plan::new_job`] and [`run_foreground`](crate::run_foreground).
    pub async fn run<J: Job>(
        &self,
        manager: &Arc<SqliteManager>,
        observer: Observer,
    ) -> Result<Finished<J::Output>, JobsError> {
        let (job, new) = (self.job::<J>()?, self.new_job::<J>()?);
        run_new(manager, job, new, observer).await
    }

    fn job<J: Job>(&self) -> Result<J, StoreError> {
        let invalid = |reason: String| StoreError::InvalidValue {
            what: "a plan".to_owned(),
            value: self.kind.clone(),
            reason,
        };
        if self.kind != J::KIND {
            return Err(invalid(format!("it is none of a job of kind {}", J::KIND)));
        }
        J::deserialize(&self.payload).map_err(|error| invalid(error.to_string()))
    }
}

/// What is said of a kind whose jobs cannot be planned.
pub(crate) fn no_plan(kind: &str) -> JobError {
    let message =
        format!("jobs of kind {kind} cannot be planned; run it, or look at what it works on");
    JobError::failed(NO_PLAN, &message)
}
