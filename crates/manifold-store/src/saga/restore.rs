//! Restore a project under a new id: intent in the hub, file at its place, publish.

use entity_core::enums::{OperationKind, ProjectState};
use entity_core::{project_operations, projects};
use sea_orm::{ActiveValue::Set, EntityTrait as _};

use super::creating::{self, Outlook};
use super::{operation, taken_name};
use crate::staged::Staged;
use crate::{
    DatabaseManager as _, OperationId, ProjectId, SqliteManager, StoreError, Timestamp, fail_point,
    name, projection, provision, rename_durably,
};

/// Makes `staged` a project of its own. When this returns it exists, on the disk; after a crash before that
/// it exists or it does not, whole either way.
pub(crate) async fn restore(
    manager: &SqliteManager,
    staged: Staged,
    to_name: &str,
) -> Result<projects::Model, StoreError> {
    let id = ProjectId::new();
    let to_name = name::check("project", to_name)?;
    let epoch = staged.project().epoch.saturating_add(1);
    let operation = plan(manager, &id, &to_name, epoch).await?;
    let made = match place(manager, staged, &id, &to_name, epoch).await {
        Ok(()) => publish(manager, &id, operation.as_str()).await,
        Err(error) => Err(error),
    };
    if let Err(error) = made {
        creating::undo(manager, &id, operation.as_str(), error.to_string()).await?;
        return Err(error);
    }
    fail_point!("restore-published");
    show(manager, &id).await
}

/// The intent: from here on the name is taken.
async fn plan(
    manager: &SqliteManager,
    id: &ProjectId,
    to_name: &str,
    epoch: i64,
) -> Result<OperationId, StoreError> {
    manager.worker().await?;
    let fold = name::fold(to_name);
    let now = Timestamp::now();
    let transaction = manager.core().begin().await?;
    taken_name::refuse(&transaction, to_name, id.as_str()).await?;
    transaction
        .exec(projects::Entity::insert(projects::ActiveModel {
            id: Set(id.to_string()),
            name: Set(to_name.to_owned()),
            name_fold: Set(fold),
            description: Set(None),
            state: Set(ProjectState::Creating),
            location: Set("local".to_owned()),
            namespace: Set(id.namespace()),
            epoch: Set(epoch),
            // Lower than what the file says, so that the projection replaces it.
            revision: Set(0),
            source_count: Set(0),
            snapshot_count: Set(0),
            row_count: Set(0),
            created_at: Set(now),
            updated_at: Set(now),
            trashed_at: Set(None),
        }))
        .await?;
    let payload = serde_json::json!({ "name": to_name });
    let operation =
        operation::begin(&transaction, manager, OperationKind::Restore, id, payload).await?;
    transaction.commit().await?;
    Ok(operation)
}

/// Gives the file its identity and its final name.
async fn place(
    manager: &SqliteManager,
    staged: Staged,
    id: &ProjectId,
    to_name: &str,
    epoch: i64,
) -> Result<(), StoreError> {
    fail_point!("restore-planned");
    let target = manager.layout().spoke(&id.namespace());
    let (id, to_name) = (id.clone(), to_name.to_owned());
    provision::blocking(move || {
        staged.identify(&id, &to_name, epoch)?;
        staged.seal()?;
        rename_durably(&staged.path(), &target)?;
        fail_point!("restore-file-moved");
        Ok(())
    })
    .await
}

/// The file is at its place: the project becomes visible.
async fn publish(
    manager: &SqliteManager,
    id: &ProjectId,
    operation: &str,
) -> Result<(), StoreError> {
    fail_point!("restore-file-placed");
    creating::publish(manager, id, operation, Outlook::Stays).await?;
    Ok(())
}

/// Brings the hub in step with the file. Opening the project does the same, should this not happen.
async fn show(manager: &SqliteManager, id: &ProjectId) -> Result<projects::Model, StoreError> {
    let spoke = manager.project(id).await?;
    projection::publish(manager.core(), &spoke).await?;
    let row = manager
        .core()
        .one(projects::Entity::find_by_id(id.as_str()))
        .await?;
    row.ok_or_else(|| StoreError::NotFound {
        what: "project",
        name: id.to_string(),
    })
}

/// What a dead process left: a file at its place is complete and is published, anything else is undone.
pub(super) async fn resume(
    manager: &SqliteManager,
    row: &project_operations::Model,
) -> Result<(), StoreError> {
    let id: ProjectId = row
        .project_id
        .parse()
        .map_err(|error: crate::IdError| StoreError::Decode(error.to_string()))?;
    if manager.layout().spoke(&id.namespace()).exists() {
        publish(manager, &id, &row.id).await?;
        tracing::info!(project.id = %id, "finished the restore of project {id} that a process had left");
        return Ok(());
    }
    creating::undo(
        manager,
        &id,
        &row.id,
        "the process that restored it died".to_owned(),
    )
    .await?;
    tracing::info!(project.id = %id, "undid the restore of project {id} that a process had left");
    Ok(())
}
