//! Queues that are paused, and how many jobs may run at once.

use entity_core::{job_limits, job_queues};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait as _};

use super::Jobs;
use crate::{DatabaseManager as _, ProjectId, StoreError};

impl Jobs {
    /// Lets no further job of a queue begin, until [`Jobs::resume_queue`]. What runs goes on.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn pause_queue(&self, queue: &str) -> Result<(), StoreError> {
        let row = job_queues::ActiveModel {
            name: Set(queue.to_owned()),
            paused_at: Set(Some(self.clock.now())),
            max_running: Set(None),
        };
        self.set_queue(row, job_queues::Column::PausedAt).await
    }

    /// Lets jobs of a queue begin again.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn resume_queue(&self, queue: &str) -> Result<(), StoreError> {
        let row = job_queues::ActiveModel {
            name: Set(queue.to_owned()),
            paused_at: Set(None),
            max_running: Set(None),
        };
        self.set_queue(row, job_queues::Column::PausedAt).await
    }

    /// Lets at most so many jobs of a queue run at once, over all processes; `None` is as many as there are workers.
    ///
    /// # Errors
    /// [`StoreError::Check`] for 0; others by meaning.
    pub async fn limit_queue(&self, queue: &str, most: Option<u32>) -> Result<(), StoreError> {
        let row = job_queues::ActiveModel {
            name: Set(queue.to_owned()),
            paused_at: Set(None),
            max_running: Set(most.map(i64::from)),
        };
        self.set_queue(row, job_queues::Column::MaxRunning).await
    }

    /// Lets at most so many jobs of a project run at once, over all queues and processes; `None` is as many as there
    /// are workers. Jobs in the foreground count and are never held back.
    ///
    /// # Errors
    /// [`StoreError::Check`] for 0; others by meaning.
    pub async fn limit_project(
        &self,
        project: &ProjectId,
        most: Option<u32>,
    ) -> Result<(), StoreError> {
        let core = self.manager.core();
        match most {
            Some(most) => {
                let row = job_limits::ActiveModel {
                    concurrency_key: Set(project.into()),
                    max_running: Set(most.into()),
                };
                let replace = OnConflict::column(job_limits::Column::ConcurrencyKey)
                    .update_column(job_limits::Column::MaxRunning)
                    .to_owned();
                core.exec(job_limits::Entity::insert(row).on_conflict(replace))
                    .await?;
            }
            None => {
                core.exec(job_limits::Entity::delete_by_id(project.as_str()))
                    .await?;
            }
        }
        self.wake();
        Ok(())
    }

    async fn set_queue(
        &self,
        row: job_queues::ActiveModel,
        column: job_queues::Column,
    ) -> Result<(), StoreError> {
        let replace = OnConflict::column(job_queues::Column::Name)
            .update_column(column)
            .to_owned();
        let core = self.manager.core();
        core.exec(job_queues::Entity::insert(row).on_conflict(replace))
            .await?;
        self.wake();
        Ok(())
    }
}
