//! The written record of a saga.

use entity_core::enums::{OperationKind, OperationState};
use entity_core::project_operations;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::Value as Json;

use crate::{
    CoreTransaction, DatabaseManager as _, OperationId, ProjectId, SqliteManager, StoreError,
    Timestamp,
};

/// The first step of every saga.
pub(super) const PLANNED: &str = "planned";

/// Writes down that a saga begins, in the transaction of its first step.
pub(super) async fn begin(
    transaction: &CoreTransaction,
    manager: &SqliteManager,
    kind: OperationKind,
    project: &ProjectId,
    payload: Json,
) -> Result<OperationId, StoreError> {
    let id = OperationId::new();
    let now = Timestamp::now();
    transaction
        .insert(project_operations::ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project.to_string()),
            kind: Set(kind),
            state: Set(OperationState::Running),
            step: Set(PLANNED.to_owned()),
            payload: Set(payload),
            worker_id: Set(Some(manager.worker_if_registered()?.to_string())),
            error: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
            finished_at: Set(None),
        })
        .await?;
    Ok(id)
}

/// Writes down how a saga ended, in the transaction of its last step.
pub(super) async fn finish(
    transaction: &CoreTransaction,
    id: &str,
    state: OperationState,
    error: Option<String>,
) -> Result<(), StoreError> {
    let now = Timestamp::now();
    transaction
        .update(project_operations::ActiveModel {
            id: Set(id.to_owned()),
            state: Set(state),
            error: Set(error),
            updated_at: Set(now),
            finished_at: Set(Some(now)),
            ..Default::default()
        })
        .await?;
    Ok(())
}

/// Writes down how far a saga has come, in the transaction of the step.
pub(super) async fn step(
    transaction: &CoreTransaction,
    id: &str,
    step: &str,
) -> Result<(), StoreError> {
    transaction
        .exec(
            project_operations::Entity::update_many()
                .set(project_operations::ActiveModel {
                    step: Set(step.to_owned()),
                    updated_at: Set(Timestamp::now()),
                    ..Default::default()
                })
                .filter(project_operations::Column::Id.eq(id)),
        )
        .await?;
    Ok(())
}

/// Takes over the saga of a dead process; false when another process was faster.
pub(super) async fn adopt(
    manager: &SqliteManager,
    row: &project_operations::Model,
) -> Result<bool, StoreError> {
    let worker = manager.worker().await?.id().to_string();
    let taken = manager
        .core()
        .exec(
            project_operations::Entity::update_many()
                .col_expr(project_operations::Column::WorkerId, Expr::value(worker))
                .filter(project_operations::Column::Id.eq(&row.id))
                .filter(project_operations::Column::State.eq(OperationState::Running))
                .filter(match &row.worker_id {
                    Some(dead) => project_operations::Column::WorkerId.eq(dead),
                    None => project_operations::Column::WorkerId.is_null(),
                }),
        )
        .await?;
    Ok(taken.rows_affected == 1)
}

/// What it means that a saga cannot be written down because the project has one.
pub(super) fn already_running(error: StoreError, project: &str) -> StoreError {
    match error {
        StoreError::Unique { .. } => StoreError::Busy {
            what: format!("project `{project}`"),
            holder: None,
        },
        other => other,
    }
}

/// Leaves a saga that cannot be finished now to the next process that opens the store.
pub(super) async fn postpone(
    manager: &SqliteManager,
    row: &project_operations::Model,
    reason: &StoreError,
) -> Result<(), StoreError> {
    manager
        .core()
        .exec(
            project_operations::Entity::update_many()
                .set(project_operations::ActiveModel {
                    worker_id: Set(None),
                    error: Set(Some(reason.to_string())),
                    updated_at: Set(Timestamp::now()),
                    ..Default::default()
                })
                .filter(project_operations::Column::Id.eq(&row.id))
                .filter(project_operations::Column::State.eq(OperationState::Running)),
        )
        .await?;
    Ok(())
}
