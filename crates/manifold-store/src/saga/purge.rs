//! Purge a project: intent in the hub, its file out of the trash, its rows out of the hub. Nothing brings it back but a
//! backup.

use std::time::Duration;

use entity_core::enums::{OperationKind, OperationState, ProjectState};
use entity_core::{project_operations, projects};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::exclusive::{self, Exclusive};
use super::{operation, spoke_files};
use crate::{
    CoreTransaction, DatabaseManager as _, OperationId, SqliteManager, StoreError, fail_point,
    projection, provision, replace, sync_folder,
};

/// Removes a project that lies in the trash, for good. When this returns it is gone; after a crash before that it lies
/// in the trash or the next process removes it.
pub(crate) async fn purge(
    manager: &SqliteManager,
    row: &projects::Model,
) -> Result<(), StoreError> {
    let id = projection::project_id(row)?;
    let kind = OperationKind::Purge;
    let mut alone = Exclusive::take(manager, row, &id, kind, exclusive::DEADLINE).await?;
    let operation = plan(manager, row, &mut alone).await?;
    let Err(error) = carry_out(manager, row, operation.as_str()).await else {
        return Ok(());
    };
    if let Err(left) = undo(manager, row, operation.as_str(), &error).await {
        // The intent stays written down, and the next process to open the store takes it up.
        tracing::error!(project.id = %row.id, error = %left, "project {} is not yet out of the trash", row.id);
    }
    Err(error)
}

/// The intent: from here on the project may lose its file.
async fn plan(
    manager: &SqliteManager,
    row: &projects::Model,
    alone: &mut Exclusive,
) -> Result<OperationId, StoreError> {
    let payload = serde_json::json!({ "name": row.name });
    let check = async |transaction: &CoreTransaction| {
        let now = transaction
            .one(projects::Entity::find_by_id(&row.id))
            .await?;
        if now.is_none_or(|now| now.state != ProjectState::Trashed) {
            return Err(StoreError::NotFound {
                what: StoreError::IN_TRASH,
                name: row.id.clone(),
            });
        }
        Ok(())
    };
    alone
        .begin(manager, row, OperationKind::Purge, payload, check)
        .await
}

async fn carry_out(
    manager: &SqliteManager,
    row: &projects::Model,
    operation: &str,
) -> Result<(), StoreError> {
    fail_point!("purge-planned");
    let (layout, namespace) = (manager.layout().clone(), row.namespace.clone());
    provision::blocking(move || {
        let trash = layout.trash();
        spoke_files::remove(&layout.trashed(&namespace))?;
        for copy in replace::safety_copies(&layout, &namespace)? {
            spoke_files::remove(&copy)?;
        }
        if spoke_files::exists(&trash)? {
            sync_folder(&trash)?;
        }
        Ok(())
    })
    .await?;
    fail_point!("purge-file-removed");
    let transaction = manager.core().begin().await?;
    // What mirrors the project goes with its row; jobs and backups stay.
    transaction
        .exec(
            projects::Entity::delete_many()
                .filter(projects::Column::Id.eq(&row.id))
                .filter(projects::Column::State.eq(ProjectState::Trashed)),
        )
        .await?;
    operation::finish(&transaction, operation, OperationState::Done, None).await?;
    transaction.commit().await?;
    fail_point!("purge-published");
    Ok(())
}

/// The project stays in the trash if its file is still there; otherwise there is nothing to go back to.
async fn undo(
    manager: &SqliteManager,
    row: &projects::Model,
    operation: &str,
    reason: &StoreError,
) -> Result<(), StoreError> {
    fail_point!("purge-undoing");
    let running = project_operations::Entity::find_by_id(operation);
    let Some(left) = manager.core().one(running).await? else {
        return Ok(());
    };
    if left.state != OperationState::Running {
        return Ok(()); // it was done although the answer said otherwise
    }
    if !spoke_files::exists(&manager.layout().trashed(&row.namespace))? {
        return operation::postpone(manager, &left, reason).await;
    }
    let transaction = manager.core().begin().await?;
    let reason = Some(reason.to_string());
    operation::finish(&transaction, operation, OperationState::Failed, reason).await?;
    transaction.commit().await
}

/// What a dead process left is finished: somebody had said yes to it.
pub(super) async fn resume(
    manager: &SqliteManager,
    left: &project_operations::Model,
) -> Result<(), StoreError> {
    let found = manager
        .core()
        .one(projects::Entity::find_by_id(&left.project_id))
        .await?;
    let Some(row) = found else {
        let transaction = manager.core().begin().await?;
        operation::finish(&transaction, &left.id, OperationState::Done, None).await?;
        return transaction.commit().await;
    };
    let id = projection::project_id(&row)?;
    let _alone = Exclusive::take(manager, &row, &id, left.kind, Duration::ZERO).await?;
    carry_out(manager, &row, &left.id).await?;
    tracing::info!(project.id = %id, "finished to remove project {id} for good, as a process had left it");
    Ok(())
}
