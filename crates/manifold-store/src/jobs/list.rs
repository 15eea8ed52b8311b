//! Finding jobs and what is known about them.

use entity_core::enums::JobState;
use entity_core::{job_executions, job_logs, job_workers, jobs};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _,
};

use super::Jobs;
use crate::reference::{self, Candidate};
use crate::{DatabaseManager as _, JobId, ProjectId, StoreError};

/// Which jobs are wanted; the default is all.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// In this state.
    pub state: Option<JobState>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Of this project.
    pub project: Option<ProjectId>,
    /// At most so many.
    pub limit: Option<u64>,
}

impl Jobs {
    /// The job with this exact id or unique id prefix.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ambiguous`] with the candidates.
    pub async fn find(&self, reference: &str) -> Result<jobs::Model, StoreError> {
        let core = self.manager.core();
        if let Some(exact) = core.one(jobs::Entity::find_by_id(reference)).await? {
            return Ok(exact);
        }
        let prefixed = reference::prefixed(jobs::Entity::find(), jobs::Column::Id, reference);
        reference::by_prefix("job", reference, core.all(prefixed).await?)
    }

    /// The jobs that fit, newest first.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(&self, filter: &JobFilter) -> Result<Vec<jobs::Model>, StoreError> {
        let query = jobs::Entity::find()
            .apply_if(filter.state, |query, state| {
                query.filter(jobs::Column::State.eq(state))
            })
            .apply_if(filter.kind.as_ref(), |query, kind| {
                query.filter(jobs::Column::Kind.eq(kind))
            })
            .apply_if(filter.project.as_ref(), |query, project| {
                query.filter(jobs::Column::ProjectId.eq(project))
            })
            .order_by_desc(jobs::Column::CreatedAt)
            .order_by_desc(jobs::Column::Id)
            .limit(filter.limit);
        self.manager.core().all(query).await
    }

    /// The attempts at a job, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn executions(&self, job: &JobId) -> Result<Vec<job_executions::Model>, StoreError> {
        let query = job_executions::Entity::find()
            .filter(job_executions::Column::JobId.eq(job))
            .order_by_asc(job_executions::Column::LeaseToken);
        self.manager.core().all(query).await
    }

    /// The process that makes or made an attempt, by the id that the attempt has; `None` if it is not known any more.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn worker(&self, id: &str) -> Result<Option<job_workers::Model>, StoreError> {
        let core = self.manager.core();
        core.one(job_workers::Entity::find_by_id(id)).await
    }

    /// What an attempt said behind a line, in order, at most `limit` lines.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn log_behind(
        &self,
        execution: &str,
        seq: i64,
        limit: u64,
    ) -> Result<Vec<job_logs::Model>, StoreError> {
        let query = job_logs::Entity::find()
            .filter(job_logs::Column::ExecutionId.eq(execution))
            .filter(job_logs::Column::Seq.gt(seq))
            .order_by_asc(job_logs::Column::Seq)
            .limit(limit);
        self.manager.core().all(query).await
    }

    /// What the attempts at a job said, in order.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn logs(&self, job: &JobId) -> Result<Vec<job_logs::Model>, StoreError> {
        let query = job_logs::Entity::find()
            .filter(job_logs::Column::JobId.eq(job))
            .order_by_asc(job_logs::Column::At)
            .order_by_asc(job_logs::Column::ExecutionId)
            .order_by_asc(job_logs::Column::Seq);
        self.manager.core().all(query).await
    }
}

impl Candidate for jobs::Model {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.kind
    }
}
