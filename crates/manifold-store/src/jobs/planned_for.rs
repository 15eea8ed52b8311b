//! A job that was planned is done only while its project is as it was then.

use entity_project::{job_cursors, project};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use super::{Claim, FenceError, Jobs};
use crate::{DatabaseManager as _, ProjectId, ProjectTransaction, StoreError};

/// The state of a project for which something was planned: every change of what the project holds raises one of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFor {
    /// Which file of the project it was; a restore in its place raises it.
    pub epoch: i64,
    /// Which change of it was the last.
    pub revision: i64,
}

impl std::fmt::Display for PlannedFor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.epoch, self.revision)
    }
}

impl PlannedFor {
    /// The state of a project as its file says.
    ///
    /// # Errors
    /// As [`DatabaseManager::project`](crate::DatabaseManager::project); others by meaning.
    pub async fn now(jobs: &Jobs, project: &ProjectId) -> Result<Self, StoreError> {
        let spoke = jobs.manager.project(project).await?;
        spoke.read(Self::read).await
    }

    async fn read(transaction: &ProjectTransaction) -> Result<Self, StoreError> {
        let project = transaction.one(project::Entity::find()).await?;
        let project = project
            .ok_or_else(|| StoreError::Decode("the project names itself nowhere".to_owned()))?;
        Ok(Self {
            epoch: project.epoch,
            revision: project.revision,
        })
    }
}

impl Jobs {
    /// Fails when the job was planned for another state of its project than the project is in, unless an attempt at it
    /// has begun to write there. What is fenced checks it again, together with its first write.
    ///
    /// # Errors
    /// [`FenceError::PlanOutdated`]; others by meaning.
    pub async fn hold_plan(&self, claim: &Claim) -> Result<(), FenceError> {
        let project = claim.job.project_id.as_ref();
        let (Some(_), Some(Ok(project))) = (
            &claim.job.planned_for,
            project.map(|id| id.parse::<ProjectId>()),
        ) else {
            return Ok(());
        };
        let spoke = self.manager.project(&project).await?;
        spoke
            .read(async |transaction| hold_plan(transaction, claim).await)
            .await
    }
}

pub(super) async fn hold_plan(
    transaction: &ProjectTransaction,
    claim: &Claim,
) -> Result<(), FenceError> {
    let Some(planned) = &claim.job.planned_for else {
        return Ok(());
    };
    let planned: PlannedFor = serde_json::from_value(planned.clone())
        .map_err(|error| StoreError::Decode(format!("what a job was planned for: {error}")))?;
    let written = job_cursors::Entity::find()
        .filter(job_cursors::Column::JobId.eq(&claim.job_id))
        .filter(job_cursors::Column::Step.ne(super::fence::BAR));
    if transaction.one(written).await?.is_some() {
        return Ok(()); // what has changed since, it changed itself
    }
    let found = PlannedFor::read(transaction).await?;
    if found == planned {
        return Ok(());
    }
    Err(FenceError::PlanOutdated {
        job: claim.job_id.clone(),
        planned,
        found,
    })
}
