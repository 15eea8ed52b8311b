//! What the steps of a job came to.

use entity_core::job_checkpoints;
use entity_project::job_cursors;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _,
};
use serde_json::Value as Json;

use super::{Claim, Jobs, JobsError, StepCursor, hold};
use crate::{DatabaseManager as _, JobId, ProjectId, StoreError};

impl Jobs {
    /// Remembers what a step came to, for later attempts. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when the attempt does not own the job any more; others by meaning.
    pub async fn remember_step(
        &self,
        claim: &Claim,
        step: &str,
        output: Json,
    ) -> Result<(), JobsError> {
        self.manager
            .core()
            .write(async |transaction| {
                hold(transaction, claim).await?;
                let row = job_checkpoints::ActiveModel {
                    job_id: Set((&claim.job_id).into()),
                    step: Set(step.to_owned()),
                    output: Set(output),
                    lease_token: Set(claim.lease_token),
                    completed_at: Set(self.clock.now()),
                };
                use job_checkpoints::Column::{CompletedAt, JobId, LeaseToken, Output, Step};
                let replace = OnConflict::columns([JobId, Step])
                    .update_columns([Output, LeaseToken, CompletedAt])
                    .to_owned();
                transaction
                    .exec(job_checkpoints::Entity::insert(row).on_conflict(replace))
                    .await?;
                Ok(())
            })
            .await
    }

    /// What a step of a job came to, if an attempt has completed it.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn step_output(&self, job: &JobId, step: &str) -> Result<Option<Json>, StoreError> {
        let key = (job.to_string(), step.to_owned());
        let row = self
            .manager
            .core()
            .one(job_checkpoints::Entity::find_by_id(key))
            .await?;
        Ok(row.map(|row| row.output))
    }

    /// The steps of a job that are completed, by name.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn steps(&self, job: &JobId) -> Result<Vec<job_checkpoints::Model>, StoreError> {
        let steps = job_checkpoints::Entity::find()
            .filter(job_checkpoints::Column::JobId.eq(job))
            .order_by_asc(job_checkpoints::Column::Step);
        self.manager.core().all(steps).await
    }

    /// Forgets what earlier attempts at the job of `claim` have done, in the hub and in its project: this attempt
    /// begins at the beginning.
    ///
    /// # Errors
    /// [`JobsError`] by meaning.
    pub async fn forget_steps(&self, claim: &Claim) -> Result<(), JobsError> {
        let forget = job_checkpoints::Entity::delete_many()
            .filter(job_checkpoints::Column::JobId.eq(&claim.job_id));
        self.manager.core().exec(forget).await?;
        let project = claim.job.project_id.as_ref();
        let Some(Ok(project)) = project.map(|id| id.parse::<ProjectId>()) else {
            return Ok(());
        };
        let spoke = self.manager.project(&project).await?;
        spoke
            .write::<_, JobsError>(async |transaction| {
                let cursors = job_cursors::Entity::find()
                    .filter(job_cursors::Column::JobId.eq(&claim.job_id))
                    .filter(job_cursors::Column::LeaseToken.lt(claim.lease_token));
                for row in transaction.all(cursors).await? {
                    // What else stands in a cursor says what the job made, which stays true.
                    let is_cursor = row.cursor.as_ref().is_some_and(StepCursor::is_in);
                    if is_cursor {
                        let mut row = row.into_active_model();
                        row.cursor = Set(None);
                        transaction.update(row).await?;
                    }
                }
                Ok(())
            })
            .await
    }
}
