//! How far the steps of a job have come, as its project's file has it.

use entity_project::job_cursors;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use super::Jobs;
use crate::{DatabaseManager as _, JobId, ProjectId, StoreError};

impl Jobs {
    /// What the job has written down in its project's file, a row for each step that wrote there.
    ///
    /// # Errors
    /// As [`DatabaseManager::project`](crate::DatabaseManager::project); others by meaning.
    pub async fn checkpoints(
        &self,
        job: &JobId,
        project: &ProjectId,
    ) -> Result<Vec<job_cursors::Model>, StoreError> {
        let query = job_cursors::Entity::find()
            .filter(job_cursors::Column::JobId.eq(job))
            .order_by_asc(job_cursors::Column::Step);
        self.manager.project(project).await?.all(query).await
    }
}
