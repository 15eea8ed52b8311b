//! Create a project: intent in the hub, file, publish.

use std::sync::Arc;

use entity_core::enums::{OperationKind, ProjectState};
use entity_core::{project_operations, projects};
use sea_orm::ActiveValue::Set;

use super::creating::{self, DRAFT, Outlook};
use super::{operation, taken_name};
use crate::provision::{self, NewSpoke};
use crate::{
    CoreTransaction, DatabaseManager as _, OperationId, ProjectId, SqliteManager, StoreError,
    Timestamp, fail_point, name,
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
    let (row, _) = make(manager, new, Outlook::Stays).await?;
    Ok(row)
}

/// Makes a project; the saga of a draft is left running.
pub(super) async fn make(
    manager: &Arc<SqliteManager>,
    new: NewProject,
    outlook: Outlook,
) -> Result<(projects::Model, OperationId), StoreError> {
    let spoke = NewSpoke {
        id: ProjectId::new(),
        name: name::check("project", &new.name)?,
        description: new.description,
        epoch: 1,
        created_at: Timestamp::now(),
    };
    let operation = plan(manager, &spoke, outlook).await?;
    let made = match make_file(manager, &spoke).await {
        Ok(()) => publish(manager, &spoke.id, operation.as_str(), outlook).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(row) => Ok((row, operation)),
        Err(error) => {
            creating::undo(manager, &spoke.id, operation.as_str(), error.to_string()).await?;
            Err(error)
        }
    }
}

/// The intent: from here on the name is taken.
async fn plan(
    manager: &SqliteManager,
    spoke: &NewSpoke,
    outlook: Outlook,
) -> Result<OperationId, StoreError> {
    manager.worker().await?;
    manager
        .core()
        .write(async |transaction| take_name(transaction, manager, spoke, outlook).await)
        .await
}

async fn take_name(
    transaction: &CoreTransaction,
    manager: &SqliteManager,
    spoke: &NewSpoke,
    outlook: Outlook,
) -> Result<OperationId, StoreError> {
    taken_name::refuse(transaction, &spoke.name, spoke.id.as_str()).await?;
    transaction
        .insert(projects::ActiveModel {
            id: Set(spoke.id.to_string()),
            name: Set(spoke.name.clone()),
            name_fold: Set(name::fold(&spoke.name)),
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
            last_proven_restore_at: Set(None),
        })
        .await?;
    let payload = serde_json::json!({ "name": spoke.name, DRAFT: outlook == Outlook::Draft });
    operation::begin(
        transaction,
        manager,
        OperationKind::Create,
        &spoke.id,
        payload,
    )
    .await
}

async fn make_file(manager: &SqliteManager, spoke: &NewSpoke) -> Result<(), StoreError> {
    fail_point!("create-planned");
    let worker = manager.worker_if_registered()?;
    provision::create(manager.layout(), manager.stencils(), worker, spoke.clone()).await
}

/// The file is complete: the project becomes visible.
async fn publish(
    manager: &SqliteManager,
    id: &ProjectId,
    operation: &str,
    outlook: Outlook,
) -> Result<projects::Model, StoreError> {
    fail_point!("create-file-made");
    let row = creating::publish(manager, id, operation, outlook).await?;
    fail_point!("create-published");
    Ok(row)
}

/// What a dead process left: a complete file is published, anything else is undone, and so is a draft.
pub(super) async fn resume(
    manager: &SqliteManager,
    row: &project_operations::Model,
) -> Result<(), StoreError> {
    let id: ProjectId = row
        .project_id
        .parse()
        .map_err(|error: crate::IdError| StoreError::Decode(error.to_string()))?;
    let is_draft = row.payload[DRAFT] == true;
    if !is_draft && manager.layout().spoke(&id.namespace()).exists() {
        publish(manager, &id, &row.id, Outlook::Stays).await?;
        tracing::info!(project.id = %id, "finished the creation of project {id} that a process had left");
        return Ok(());
    }
    creating::undo(
        manager,
        &id,
        &row.id,
        "the process that created it died".to_owned(),
    )
    .await?;
    tracing::info!(project.id = %id, "undid the creation of project {id} that a process had left");
    Ok(())
}
