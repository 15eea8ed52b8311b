//! Make a staged file a project: intent in the hub, file at its place, publish. Restoring as new, cloning and adopting
//! end so; they differ in where the file comes from.

use entity_core::enums::{OperationKind, OperationState, ProjectState};
use entity_core::{project_operations, projects};
use sea_orm::{
    ActiveEnum as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};

use super::{creating, operation, spoke_files, taken_name};
use crate::staged::{Staged, StagedBuilder};
use crate::{
    Claim, CopyWatch, DatabaseManager as _, OperationId, ProjectId, SqliteManager, StoreError,
    Timestamp, fail_point, name, projection, provision, rename_durably,
};

/// What a staged file becomes.
#[derive(Debug, Clone)]
pub(super) struct Placement {
    /// Of which kind the saga is.
    pub(super) kind: OperationKind,
    /// No project has it.
    pub(super) id: ProjectId,
    pub(super) name: String,
}

/// Makes `staged` a project of its own. When this returns it exists, on the disk; after a crash before that
/// it exists or it does not, whole either way.
pub(super) async fn place(
    manager: &SqliteManager,
    staged: Staged,
    placement: Placement,
    watch: &CopyWatch,
) -> Result<projects::Model, StoreError> {
    let placement = Placement {
        name: name::check("project", &placement.name)?,
        ..placement
    };
    // No hub row and no live file has this id, so the staged file's epoch is the highest.
    let epoch = staged.project().epoch.saturating_add(1);
    let operation = plan(manager, &placement, epoch, watch).await?;
    let id = placement.id.clone();
    let made = match carry_out(manager, staged, placement, epoch).await {
        Ok(()) => publish(manager, &id, operation.as_str()).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &made {
        // A project that is visible by then stays, and the next process brings the hub in step with it.
        creating::undo(manager, &id, operation.as_str(), error.to_string()).await?;
    }
    made
}

/// Makes `staged` a project with a new id: the end of a restore.
pub(crate) async fn restore(
    manager: &SqliteManager,
    staged: Staged,
    to_name: &str,
) -> Result<projects::Model, StoreError> {
    let placement = Placement {
        kind: OperationKind::Restore,
        id: ProjectId::new(),
        name: to_name.to_owned(),
    };
    place(manager, staged, placement, &CopyWatch::unwatched()).await
}

/// Makes `staged` the project that it was, with its id, which no project of this store has: a part of the restore of a
/// store. `attempt` must own its job still.
pub(crate) async fn restore_as_it_was(
    manager: &SqliteManager,
    staged: Staged,
    id: &ProjectId,
    attempt: &Claim,
) -> Result<projects::Model, StoreError> {
    let layout = manager.layout();
    for path in [
        layout.spoke(&id.namespace()),
        layout.trashed(&id.namespace()),
    ] {
        if spoke_files::exists(&path)? {
            return Err(StoreError::InvalidValue {
                what: format!("the file of project {id}"),
                value: path.display().to_string(),
                reason: "a file lies there that no project has; `manifold doctor` says what it is"
                    .to_owned(),
            });
        }
    }
    let placement = Placement {
        kind: OperationKind::Restore,
        id: id.clone(),
        name: staged.project().name.clone(),
    };
    let watch = CopyWatch::unwatched().of(attempt);
    place(manager, staged, placement, &watch).await
}

/// The intent: from here on the name is taken.
async fn plan(
    manager: &SqliteManager,
    placement: &Placement,
    epoch: i64,
    watch: &CopyWatch,
) -> Result<OperationId, StoreError> {
    manager.worker().await?;
    let Placement { kind, id, name } = placement;
    let now = Timestamp::now();
    let transaction = manager.core().begin().await?;
    watch.hold(&transaction).await?;
    taken_name::refuse(&transaction, name, id.as_str()).await?;
    let inserted = transaction
        .exec(projects::Entity::insert(projects::ActiveModel {
            id: Set(id.to_string()),
            name: Set(name.clone()),
            name_fold: Set(name::fold(name)),
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
            last_proven_restore_at: Set(None),
        }))
        .await;
    if let Err(error) = inserted {
        return Err(operation::already_running(&transaction, id, name, error).await);
    }
    let payload = serde_json::json!({ "name": name });
    let operation = operation::begin(&transaction, manager, *kind, id, payload).await?;
    transaction.commit().await?;
    Ok(operation)
}

/// Gives the file its identity and its final name.
async fn carry_out(
    manager: &SqliteManager,
    staged: Staged,
    placement: Placement,
    epoch: i64,
) -> Result<(), StoreError> {
    fail_point!("place-planned");
    let target = manager.layout().spoke(&placement.id.namespace());
    provision::blocking(move || {
        staged.identify(&placement.id, &placement.name, epoch)?;
        staged.seal()?;
        rename_durably(&staged.path(), &target)?;
        fail_point!("place-file-moved");
        Ok(())
    })
    .await
}

/// The file is at its place: the project becomes visible, and the hub shows what is in it.
async fn publish(
    manager: &SqliteManager,
    id: &ProjectId,
    operation: &str,
) -> Result<projects::Model, StoreError> {
    fail_point!("place-file-placed");
    let row = projects::Entity::find_by_id(id.as_str());
    let active = projects::Entity::update_many()
        .set(projects::ActiveModel {
            state: Set(ProjectState::Active),
            ..Default::default()
        })
        .filter(projects::Column::Id.eq(id))
        .filter(projects::Column::State.eq(ProjectState::Creating));
    manager.core().exec(active).await?;
    fail_point!("place-published");
    let spoke = manager.project(id).await?;
    projection::publish(manager.core(), &spoke).await?;
    fail_point!("place-shown");
    let transaction = manager.core().begin().await?;
    operation::finish(&transaction, operation, OperationState::Done, None).await?;
    let row = transaction.one(row).await?;
    transaction.commit().await?;
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
    let verb = row.kind.to_value();
    StagedBuilder::clear_abandoned(manager).await?;
    if manager.layout().spoke(&id.namespace()).exists() {
        publish(manager, &id, &row.id).await?;
        tracing::info!(project.id = %id, "finished to {verb} project {id} as a process had left it");
        return Ok(());
    }
    let reason = "the process that made it died".to_owned();
    creating::undo(manager, &id, &row.id, reason).await?;
    tracing::info!(project.id = %id, "undid what a process had left that would {verb} project {id}");
    Ok(())
}
