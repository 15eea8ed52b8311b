//! The import history: what came into projects, when, and how it ended.

use std::sync::Arc;

use entity_core::enums::ProjectState;
use entity_core::{import_history, projects};
use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use crate::{DatabaseManager, ProjectId, StoreError};

/// Which lines of the import history are wanted.
#[derive(Debug, Clone, Default)]
pub struct ImportFilter {
    /// Only those of this project; by default of every project that is not in the trash.
    pub project: Option<ProjectId>,
    /// Only those into the source with this exact id or name, also when it is no longer there.
    pub source: Option<String>,
    /// At most so many lines; by default all.
    pub limit: Option<u64>,
}

/// The import history of a store.
#[derive(Clone)]
pub struct ImportHistory {
    manager: Arc<dyn DatabaseManager>,
}

impl ImportHistory {
    /// The import history of the projects that `manager` routes to.
    #[must_use]
    pub fn new(manager: Arc<dyn DatabaseManager>) -> Self {
        Self { manager }
    }

    /// The lines of the history as the hub shows them, newest first. No project is opened.
    ///
    /// The hub follows every import; of a project that was rebuilt from its file it has the newest 200 lines.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(
        &self,
        filter: &ImportFilter,
    ) -> Result<Vec<import_history::Model>, StoreError> {
        let mut newest = import_history::Entity::find()
            .order_by_desc(import_history::Column::StartedAt)
            .order_by_desc(import_history::Column::Id)
            .limit(filter.limit);
        newest = match &filter.project {
            Some(project) => newest.filter(import_history::Column::ProjectId.eq(project)),
            None => newest.filter(
                import_history::Column::ProjectId.in_subquery(
                    Query::select()
                        .column(projects::Column::Id)
                        .from(projects::Entity)
                        .and_where(projects::Column::State.eq(ProjectState::Active))
                        .to_owned(),
                ),
            ),
        };
        if let Some(source) = &filter.source {
            let either = Condition::any()
                .add(import_history::Column::SourceId.eq(source))
                .add(import_history::Column::SourceName.eq(source));
            newest = newest.filter(either);
        }
        self.manager.core().all(newest).await
    }
}

impl std::fmt::Debug for ImportHistory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportHistory").finish_non_exhaustive()
    }
}
