//! Delete a project: intent in the hub, file into the trash.

use std::time::Duration;

use entity_core::enums::{OperationKind, OperationState, ProjectState};
use entity_core::{project_operations, projects};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::exclusive::{self, Exclusive};
use super::{operation, spoke_files, taken_name};
use crate::{
    CoreTransaction, DatabaseManager as _, OperationId, ProjectId, SqliteManager, StoreError,
    Timestamp, fail_point, projection, provision,
};

/// Moves a project into the trash. When this returns it is there, on the disk; after a crash before that it
/// is in use or in the trash, whole either way.
pub(crate) async fn delete(
    manager: &SqliteManager,
    id: &ProjectId,
) -> Result<projects::Model, StoreError> {
    let not_found = || StoreError::NotFound {
        what: "project",
        name: id.to_string(),
    };
    let row = manager
        .core()
        .one(projects::Entity::find_by_id(id.as_str()))
        .await?;
    let row = row
        .filter(|row| row.state == ProjectState::Active)
        .ok_or_else(not_found)?;
    let kind = OperationKind::Delete;
    let mut alone = Exclusive::take(manager, &row, id, kind, exclusive::DEADLINE).await?;
    let operation = plan(manager, &row, id, &mut alone).await?;
    if let Err(error) = carry_out(manager, &row, operation.as_str()).await {
        if let Err(left) = undo(manager, &row, operation.as_str(), &error).await {
            // The intent stays written down, and the next process to open the store takes it up.
            tracing::error!(project.id = %id, error = %left, "the deletion of project {id} was not undone");
        }
        return Err(error);
    }
    let row = manager
        .core()
        .one(projects::Entity::find_by_id(id.as_str()))
        .await?;
    row.ok_or_else(not_found)
}

/// The intent: from here on nobody can open the project, and its name is free.
async fn plan(
    manager: &SqliteManager,
    row: &projects::Model,
    id: &ProjectId,
    alone: &mut Exclusive,
) -> Result<OperationId, StoreError> {
    let payload = serde_json::json!({ "name": row.name });
    let hide = async |transaction: &CoreTransaction| {
        let trashed = projects::Entity::update_many()
            .set(projects::ActiveModel {
                state: Set(ProjectState::Trashed),
                trashed_at: Set(Some(Timestamp::now())),
                ..Default::default()
            })
            .filter(projects::Column::Id.eq(id))
            .filter(projects::Column::State.eq(ProjectState::Active));
        if transaction.exec(trashed).await?.rows_affected == 0 {
            return Err(StoreError::NotFound {
                what: "project",
                name: id.to_string(),
            });
        }
        Ok(())
    };
    alone
        .begin(manager, row, OperationKind::Delete, payload, hide)
        .await
}

async fn carry_out(
    manager: &SqliteManager,
    row: &projects::Model,
    operation: &str,
) -> Result<(), StoreError> {
    fail_point!("delete-planned");
    let layout = manager.layout();
    let (from, to, trash) = (
        layout.spoke(&row.namespace),
        layout.trashed(&row.namespace),
        layout.trash(),
    );
    provision::blocking(move || {
        spoke_files::settle(&from)?;
        fail_point!("delete-settled");
        spoke_files::make_folder(&trash)?;
        spoke_files::relocate(&from, &to)
    })
    .await?;
    fail_point!("delete-file-moved");
    let transaction = manager.core().begin().await?;
    operation::finish(&transaction, operation, OperationState::Done, None).await?;
    transaction.commit().await?;
    fail_point!("delete-published");
    Ok(())
}

/// Puts the file back, then the hub's row, unless somebody took the name: then the project stays in the
/// trash.
async fn undo(
    manager: &SqliteManager,
    row: &projects::Model,
    operation: &str,
    reason: &StoreError,
) -> Result<(), StoreError> {
    fail_point!("delete-undoing");
    let transaction = manager.core().begin().await?;
    taken_name::refuse(&transaction, &row.name, &row.id).await?;
    let layout = manager.layout();
    let (from, to) = (layout.spoke(&row.namespace), layout.trashed(&row.namespace));
    provision::blocking(move || spoke_files::put_back(&from, &to)).await?;
    fail_point!("delete-file-moved-back");
    transaction
        .exec(
            projects::Entity::update_many()
                .set(projects::ActiveModel {
                    state: Set(ProjectState::Active),
                    trashed_at: Set(None),
                    ..Default::default()
                })
                .filter(projects::Column::Id.eq(&row.id)),
        )
        .await?;
    operation::finish(
        &transaction,
        operation,
        OperationState::Failed,
        Some(reason.to_string()),
    )
    .await?;
    transaction.commit().await
}

/// What a dead process left is finished: the project was no longer to be seen.
pub(super) async fn resume(
    manager: &SqliteManager,
    left: &project_operations::Model,
) -> Result<(), StoreError> {
    let row = manager
        .core()
        .one(projects::Entity::find_by_id(&left.project_id))
        .await?;
    let row = row.ok_or_else(|| StoreError::NotFound {
        what: "project",
        name: left.project_id.clone(),
    })?;
    let id = projection::project_id(&row)?;
    let _alone = Exclusive::take(manager, &row, &id, left.kind, Duration::ZERO).await?;
    carry_out(manager, &row, &left.id).await?;
    tracing::info!(project.id = %id, "finished the deletion of project {id} that a process had left");
    Ok(())
}
