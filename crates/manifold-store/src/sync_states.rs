//! How far sources were pulled from where their rows come from.

use std::sync::Arc;

use entity_project::{data_sources, sync_states};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::{
    DatabaseManager, JobId, ProjectId, ProjectTransaction, SourceId, StoreError, Timestamp,
};

/// How far sources were pulled. Lines are written with the rows that came, by [`PullRecord`](crate::rows::PullRecord).
#[derive(Clone)]
pub struct SyncStates {
    manager: Arc<dyn DatabaseManager>,
}

impl SyncStates {
    /// Those of the projects that `manager` routes to.
    #[must_use]
    pub fn new(manager: Arc<dyn DatabaseManager>) -> Self {
        Self { manager }
    }

    /// How far a source was pulled; `None` for one that never was. It holds only while its snapshot is the latest one.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn find(
        &self,
        project: &ProjectId,
        source: &SourceId,
    ) -> Result<Option<sync_states::Model>, StoreError> {
        let spoke = self.manager.project(project).await?;
        spoke
            .one(sync_states::Entity::find_by_id(source.as_str()))
            .await
    }

    /// Those of a project.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(&self, project: &ProjectId) -> Result<Vec<sync_states::Model>, StoreError> {
        let spoke = self.manager.project(project).await?;
        spoke.all(sync_states::Entity::find()).await
    }
}

impl std::fmt::Debug for SyncStates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncStates").finish_non_exhaustive()
    }
}

/// Writes down that a source was pulled and nothing has changed.
pub(crate) async fn note_up_to_date(
    transaction: &ProjectTransaction,
    source: &str,
    job: &JobId,
) -> Result<(), StoreError> {
    let now = Timestamp::now();
    let pulled = sync_states::Entity::update_many()
        .set(sync_states::ActiveModel {
            job_id: Set(job.into()),
            inserted: Set(0),
            updated: Set(0),
            deleted: Set(0),
            pulled_at: Set(now),
            ..Default::default()
        })
        .filter(sync_states::Column::SourceId.eq(source));
    transaction.exec(pulled).await?;
    let synced = data_sources::Entity::update_many()
        .set(data_sources::ActiveModel {
            last_sync_at: Set(Some(now)),
            ..Default::default()
        })
        .filter(data_sources::Column::Id.eq(source));
    transaction.exec(synced).await?;
    Ok(())
}
