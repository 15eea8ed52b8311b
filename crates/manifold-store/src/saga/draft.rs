//! A project that stays only if something comes into it: its saga goes on while it is in use.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use entity_core::enums::{OperationKind, OperationState, ProjectState};
use entity_core::{project_operations, projects};
use rusqlite::OpenFlags;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::create::{self, NewProject};
use super::creating::{self, DRAFT, Outlook};
use super::exclusive::Exclusive;
use super::{abandoned, operation};
use crate::sqlite;
use crate::{
    DatabaseManager as _, ProjectId, SqliteManager, StoreError, fail_point, projection, provision,
};

/// A new project that stays only if something comes into it. It is in use like any other, by everybody.
///
/// Dropping it, or a crash, leaves the decision to the next process that calls
/// [`Projects::settle_drafts`](crate::Projects::settle_drafts).
#[derive(Debug)]
pub struct ProjectDraft {
    manager: Arc<SqliteManager>,
    row: projects::Model,
    operation: String,
}

impl ProjectDraft {
    pub(crate) async fn create(
        manager: &Arc<SqliteManager>,
        new: NewProject,
    ) -> Result<Self, StoreError> {
        let (row, operation) = create::make(manager, new, Outlook::Draft).await?;
        Ok(Self {
            manager: manager.clone(),
            row,
            operation: operation.to_string(),
        })
    }

    /// The project.
    #[must_use]
    pub fn project(&self) -> &projects::Model {
        &self.row
    }

    /// The project stays, whatever is in it.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn keep(self) -> Result<projects::Model, StoreError> {
        keep(&self.manager, &self.operation).await?;
        Ok(self.row)
    }

    /// The project stays if there is something in it: a source, a relationship, a model. Otherwise it is
    /// gone when this returns. True when it stays.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when somebody else has the project open, which leaves the decision to a later
    /// process; others by meaning.
    pub async fn settle(self) -> Result<bool, StoreError> {
        let settled = settle(&self.manager, &self.row, &self.operation).await;
        if settled.is_err() {
            let core = self.manager.core();
            let left = core
                .one(project_operations::Entity::find_by_id(&self.operation))
                .await?;
            if let (Some(left), Err(error)) = (left, &settled) {
                operation::postpone(&self.manager, &left, error).await?;
            }
        }
        settled
    }
}

/// Decides about the drafts of processes that died.
pub(crate) async fn settle_abandoned(manager: &Arc<SqliteManager>) -> Result<(), StoreError> {
    let drafts = project_operations::Entity::find()
        .filter(project_operations::Column::State.eq(OperationState::Running))
        .filter(project_operations::Column::Step.eq(DRAFT));
    for left in manager.core().all(drafts).await? {
        if !abandoned(manager, &left)? || !operation::adopt(manager, &left).await? {
            continue;
        }
        let project = projects::Entity::find_by_id(&left.project_id);
        let settled = match manager.core().one(project).await? {
            Some(row) => settle(manager, &row, &left.id).await.map(drop),
            None => keep(manager, &left.id).await,
        };
        if let Err(error) = settled {
            tracing::info!(project.id = %left.project_id, %error, "whether project {} stays is decided later", left.project_id);
            operation::postpone(manager, &left, &error).await?;
        }
    }
    Ok(())
}

async fn keep(manager: &SqliteManager, operation: &str) -> Result<(), StoreError> {
    let transaction = manager.core().begin().await?;
    operation::finish(&transaction, operation, OperationState::Done, None).await?;
    transaction.commit().await
}

async fn settle(
    manager: &SqliteManager,
    row: &projects::Model,
    operation: &str,
) -> Result<bool, StoreError> {
    let id: ProjectId = projection::project_id(row)?;
    // With both locks nobody has the project open, so it stays as it is found.
    let _alone = Exclusive::take(manager, row, &id, OperationKind::Create, Duration::ZERO).await?;
    let path = manager.layout().spoke(&row.namespace);
    if !provision::blocking(move || is_empty(&path)).await? {
        keep(manager, operation).await?;
        return Ok(true);
    }
    let transaction = manager.core().begin().await?;
    let hidden = projects::Entity::update_many()
        .set(projects::ActiveModel {
            state: Set(ProjectState::Creating),
            ..Default::default()
        })
        .filter(projects::Column::Id.eq(&row.id))
        .filter(projects::Column::State.eq(ProjectState::Active));
    transaction.exec(hidden).await?;
    operation::step(&transaction, operation, operation::PLANNED).await?;
    transaction.commit().await?;
    fail_point!("draft-hidden");
    // From here on it is a draft that was never made: a crash is followed by the same undo.
    creating::undo(manager, &id, operation, "nothing came into it".to_owned()).await?;
    Ok(false)
}

/// Whether nothing has come into a project that nobody has open.
fn is_empty(path: &Path) -> Result<bool, StoreError> {
    let named = |error: rusqlite::Error| StoreError::from(error).at(path);
    let connection = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(named)?;
    connection
        .query_row(
            "SELECT NOT EXISTS(SELECT 1 FROM data_sources) \
             AND NOT EXISTS(SELECT 1 FROM relationships) \
             AND NOT EXISTS(SELECT 1 FROM consolidated_models)",
            [],
            |row| row.get(0),
        )
        .map_err(named)
}
