//! The written record of a saga.

use entity_core::enums::{OperationKind, OperationState};
use entity_core::{job_workers, project_operations};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::Value as Json;

use crate::{
    Core, CoreTransaction, Database, DatabaseManager as _, OperationId, ProjectId, SqliteManager,
    StoreError, Timestamp, TypedConnection,
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
    insert(transaction, manager, kind, project, payload, PLANNED).await
}

/// Writes down a saga at a step.
pub(super) async fn insert(
    transaction: &CoreTransaction,
    manager: &SqliteManager,
    kind: OperationKind,
    project: &ProjectId,
    payload: Json,
    step: &str,
) -> Result<OperationId, StoreError> {
    let id = OperationId::new();
    let now = Timestamp::now();
    transaction
        .insert(project_operations::ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project.to_string()),
            kind: Set(kind),
            state: Set(OperationState::Running),
            step: Set(step.to_owned()),
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
pub(super) async fn already_running(
    transaction: &CoreTransaction,
    id: &ProjectId,
    name: &str,
    error: StoreError,
) -> StoreError {
    if !matches!(error, StoreError::Unique { .. }) {
        return error;
    }
    let running = project_operations::Entity::find()
        .filter(project_operations::Column::State.eq(OperationState::Running))
        .filter(project_operations::Column::ProjectId.eq(id));
    let holder = match transaction.one(running).await {
        Ok(Some(running)) => owner(transaction, &running).await,
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    match holder {
        Ok(holder) => StoreError::Busy {
            what: format!("project `{name}`"),
            holder,
        },
        Err(error) => error,
    }
}

/// The process that a saga belongs to: its id and its command.
pub(super) async fn owner<C: TypedConnection>(
    core: &Database<Core, C>,
    operation: &project_operations::Model,
) -> Result<Option<String>, StoreError> {
    let Some(worker) = &operation.worker_id else {
        return Ok(None);
    };
    let found = core
        .one(job_workers::Entity::find_by_id(worker.as_str()))
        .await?;
    Ok(found.map(|worker| format!("process {} ({})", worker.pid, worker.command)))
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
