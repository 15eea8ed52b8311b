//! Create a project: intent in the hub, file, publish.

use std::sync::Arc;

use entity_core::enums::{OperationKind, OperationState, ProjectState};
use entity_core::{project_operations, projects};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::operation;
use crate::provision::{self, NewSpoke};
use crate::{
    CoreTransaction, DatabaseManager as _, Layout, ProjectId, SqliteManager, StoreError, Timestamp,
    name,
};

/// A project to be made.
#[derive(Debug, Clone, Default)]
pub struct NewProject {
    /// Its name, unique without regard to case among the projects of this store.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
}

/// Makes a project. When this returns it exists, on the disk; after a crash before that it exists or
/// it does not, whole either way.
pub(crate) async fn create(
    manager: &Arc<SqliteManager>,
    new: NewProject,
) -> Result<projects::Model, StoreError> {
    let spoke = NewSpoke {
        id: ProjectId::new(),
        name: name::check("project", &new.name)?,
        description: new.description,
        epoch: 1,
        created_at: Timestamp::now(),
    };
    let operation = plan(manager, &spoke).await?;
    fail::fail_point!("create-planned");
    let made = match provision::create(manager.layout(), spoke.clone()).await {
        Ok(()) => publish(manager, &spoke.id, operation.as_str()).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(row) => Ok(row),
        Err(error) => {
            undo(manager, &spoke.id, operation.as_str(), error.to_string()).await?;
            Err(error)
        }
    }
}

/// The intent: from here on the name is taken.
async fn plan(manager: &SqliteManager, spoke: &NewSpoke) -> Result<crate::OperationId, StoreError> {
    manager.worker().await?;
    manager
        .core()
        .write(async |transaction| take_name(transaction, manager, spoke).await)
        .await
}

async fn take_name(
    transaction: &CoreTransaction,
    manager: &SqliteManager,
    spoke: &NewSpoke,
) -> Result<crate::OperationId, StoreError> {
    let fold = name::fold(&spoke.name);
    let same_name = projects::Entity::find()
        .filter(projects::Column::NameFold.eq(&fold))
        .filter(projects::Column::State.ne(ProjectState::Trashed));
    if let Some(taken) = transaction.one(same_name).await? {
        return Err(StoreError::NameTaken {
            what: "project",
            name: spoke.name.clone(),
            id: taken.id,
        });
    }
    transaction
        .exec(projects::Entity::insert(projects::ActiveModel {
            id: Set(spoke.id.to_string()),
            name: Set(spoke.name.clone()),
            name_fold: Set(fold),
            description: Set(spoke.description.clone()),
            state: Set(ProjectState::Creating),
            location: Set("local".to_owned()),
            namespace: Set(spoke.id.namespace()),
            epoch: Set(spoke.epoch),
            revision: Set(1),
            source_count: Set(0),
            snapshot_count: Set(0),
            row_count: Set(0),
            created_at: Set(spoke.created_at),
            updated_at: Set(spoke.created_at),
            trashed_at: Set(None),
        }))
        .await?;
    let payload = serde_json::json!({ "name": spoke.name });
    operation::begin(
        transaction,
        manager,
        OperationKind::Create,
        &spoke.id,
        payload,
    )
    .await
}

/// The file is complete: the project becomes visible.
async fn publish(
    manager: &SqliteManager,
    id: &ProjectId,
    operation: &str,
) -> Result<projects::Model, StoreError> {
    fail::fail_point!("create-file-made");
    let visible = projects::ActiveModel {
        id: Set(id.to_string()),
        state: Set(ProjectState::Active),
        ..Default::default()
    };
    manager
        .core()
        .write(async |transaction| {
            let row = transaction.update(visible).await?;
            operation::finish(transaction, operation, OperationState::Done, None).await?;
            Ok(row)
        })
        .await
}

async fn undo(
    manager: &SqliteManager,
    id: &ProjectId,
    operation: &str,
    reason: String,
) -> Result<(), StoreError> {
    let layout = manager.layout().clone();
    let namespace = id.namespace();
    provision::blocking(move || remove(&layout, &namespace)).await?;
    let transaction = manager.core().begin().await?;
    transaction
        .exec(
            projects::Entity::delete_many()
                .filter(projects::Column::Id.eq(id))
                .filter(projects::Column::State.eq(ProjectState::Creating)),
        )
        .await?;
    operation::finish(
        &transaction,
        operation,
        OperationState::Failed,
        Some(reason),
    )
    .await?;
    transaction.commit().await
}

/// Removes the file of a project that was never visible, so nobody has it open.
fn remove(layout: &Layout, namespace: &str) -> Result<(), StoreError> {
    let path = layout.spoke(namespace);
    match std::fs::remove_file(&path) {
        Ok(()) => crate::sync_folder(&layout.projects()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::io("remove", path)(error)),
    }
}

/// What a dead process left: a complete file is published, anything else is undone.
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
        tracing::info!(project.id = %id, "finished the creation of project {id} that a process had left");
        return Ok(());
    }
    undo(
        manager,
        &id,
        &row.id,
        "the process that created it died".to_owned(),
    )
    .await?;
    tracing::info!(project.id = %id, "undid the creation of project {id} that a process had left");
    Ok(())
}
