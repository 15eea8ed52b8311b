//! Undelete a project: intent in the hub, file back from the trash, publish.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use entity_core::enums::{OperationKind, OperationState, ProjectState};
use entity_core::{project_operations, projects};
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use super::exclusive::{self, Exclusive};
use super::{operation, spoke_files, taken_name};
use crate::sqlite;
use crate::{
    CoreTransaction, DatabaseManager as _, IdError, Layout, OperationId, ProjectId, SqliteManager,
    StoreError, Timestamp, fail_point, name, projection, provision,
};

/// What is written down to finish or to undo it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Plan {
    namespace: String,
    name: String,
    name_before: String,
    trashed_at: Option<DateTime<Utc>>,
}

impl Plan {
    fn renames(&self) -> bool {
        self.name != self.name_before
    }

    fn in_trash(&self, layout: &Layout) -> PathBuf {
        layout.trashed(&self.namespace)
    }

    fn in_use(&self, layout: &Layout) -> PathBuf {
        layout.spoke(&self.namespace)
    }
}

/// Takes a project out of the trash, under its own name or another. When this returns it is in use, on the
/// disk; after a crash before that it is in use or in the trash, whole either way.
pub(crate) async fn undelete(
    manager: &SqliteManager,
    row: &projects::Model,
    new_name: Option<&str>,
) -> Result<projects::Model, StoreError> {
    let plan = Plan {
        namespace: row.namespace.clone(),
        name: new_name.map_or_else(|| Ok(row.name.clone()), |name| name::check("project", name))?,
        name_before: row.name.clone(),
        trashed_at: row.trashed_at,
    };
    let id = projection::project_id(row)?;
    let kind = OperationKind::Undelete;
    let mut alone = Exclusive::take(manager, row, &id, kind, exclusive::DEADLINE).await?;
    let operation = begin(manager, row, &plan, &mut alone).await?;
    if let Err(error) = carry_out(manager, &row.id, &plan, operation.as_str()).await {
        if let Err(left) = undo(
            manager,
            &row.id,
            &plan,
            operation.as_str(),
            error.to_string(),
        )
        .await
        {
            // The intent stays written down, and the next process to open the store takes it up.
            tracing::error!(project.id = %row.id, error = %left, "the project was not put back into the trash");
        }
        return Err(error);
    }
    drop(alone);
    if plan.renames() {
        // Opening brings the hub in step with the file; the project is in use whether it succeeds or not.
        if let Err(error) = manager.project(&id).await {
            tracing::warn!(project.id = %row.id, %error, "the project is back but cannot be opened");
        }
    }
    let found = manager
        .core()
        .one(projects::Entity::find_by_id(&row.id))
        .await?;
    found.ok_or_else(|| StoreError::NotFound {
        what: "project",
        name: row.id.clone(),
    })
}

/// The intent: from here on the name is taken, and the project is no longer in the trash.
async fn begin(
    manager: &SqliteManager,
    row: &projects::Model,
    plan: &Plan,
    alone: &mut Exclusive,
) -> Result<OperationId, StoreError> {
    let payload =
        serde_json::to_value(plan).map_err(|error| StoreError::Decode(error.to_string()))?;
    let take_out = async |transaction: &CoreTransaction| {
        taken_name::refuse(transaction, &plan.name, &row.id).await?;
        let leaving = projects::ActiveModel {
            state: Set(ProjectState::Creating),
            trashed_at: Set(None),
            name: Set(plan.name.clone()),
            name_fold: Set(name::fold(&plan.name)),
            ..Default::default()
        };
        if !change(transaction, &row.id, ProjectState::Trashed, leaving).await? {
            return Err(StoreError::NotFound {
                what: "project",
                name: row.id.clone(),
            });
        }
        Ok(())
    };
    alone
        .begin(manager, row, OperationKind::Undelete, payload, take_out)
        .await
}

async fn carry_out(
    manager: &SqliteManager,
    id: &str,
    plan: &Plan,
    operation: &str,
) -> Result<(), StoreError> {
    fail_point!("undelete-planned");
    let (from, to) = (
        plan.in_trash(manager.layout()),
        plan.in_use(manager.layout()),
    );
    let (name, renames) = (plan.name.clone(), plan.renames());
    let project: ProjectId = id
        .parse()
        .map_err(|error: IdError| StoreError::Decode(error.to_string()))?;
    provision::blocking(move || {
        let here = if spoke_files::exists(&from)? {
            &from
        } else {
            &to
        };
        if !spoke_files::exists(here)? {
            return Err(StoreError::Gone {
                project,
                path: from,
            });
        }
        match set_name(here, &name) {
            // A damaged project comes back as it was.
            Err(error) if !renames => {
                tracing::warn!(path = %here.display(), %error, "the project's name is not checked");
            }
            other => other?,
        }
        fail_point!("undelete-renamed");
        spoke_files::relocate(&from, &to)
    })
    .await?;
    fail_point!("undelete-file-moved");
    let transaction = manager.core().begin().await?;
    let active = projects::ActiveModel {
        state: Set(ProjectState::Active),
        ..Default::default()
    };
    change(&transaction, id, ProjectState::Creating, active).await?;
    operation::finish(&transaction, operation, OperationState::Done, None).await?;
    transaction.commit().await?;
    fail_point!("undelete-published");
    Ok(())
}

/// Puts the file back into the trash, then the hub's row.
async fn undo(
    manager: &SqliteManager,
    id: &str,
    plan: &Plan,
    operation: &str,
    reason: String,
) -> Result<(), StoreError> {
    fail_point!("undelete-undoing");
    let transaction = manager.core().begin().await?;
    let back = projects::ActiveModel {
        state: Set(ProjectState::Trashed),
        trashed_at: Set(plan.trashed_at.or_else(|| Some(Timestamp::now()))),
        name: Set(plan.name_before.clone()),
        name_fold: Set(name::fold(&plan.name_before)),
        ..Default::default()
    };
    if !change(&transaction, id, ProjectState::Creating, back).await? {
        return transaction.rollback().await; // it was published although the answer said otherwise
    }
    let (from, to) = (
        plan.in_trash(manager.layout()),
        plan.in_use(manager.layout()),
    );
    // The name in the file is seen to when it leaves the trash.
    provision::blocking(move || spoke_files::put_back(&from, &to)).await?;
    fail_point!("undelete-file-moved-back");
    operation::finish(
        &transaction,
        operation,
        OperationState::Failed,
        Some(reason),
    )
    .await?;
    transaction.commit().await
}

/// What a dead process left is finished, unless the file is nowhere.
pub(super) async fn resume(
    manager: &SqliteManager,
    left: &project_operations::Model,
) -> Result<(), StoreError> {
    let plan: Plan = serde_json::from_value(left.payload.clone())
        .map_err(|error| StoreError::Decode(format!("operation {}: {error}", left.id)))?;
    let id = &left.project_id;
    let row = manager.core().one(projects::Entity::find_by_id(id)).await?;
    let row = row.ok_or_else(|| StoreError::NotFound {
        what: "project",
        name: id.clone(),
    })?;
    let _alone = Exclusive::take(
        manager,
        &row,
        &projection::project_id(&row)?,
        left.kind,
        Duration::ZERO,
    )
    .await?;
    match carry_out(manager, id, &plan, &left.id).await {
        Err(error @ StoreError::Gone { .. }) => {
            undo(manager, id, &plan, &left.id, error.to_string()).await?;
            tracing::info!(project.id = %id, "project {id} stays in the trash: its file is missing");
        }
        other => {
            other?;
            tracing::info!(project.id = %id, "finished to undelete project {id} as a process had left it");
        }
    }
    Ok(())
}

/// Changes the hub's row if it is in this state; false when it is not.
async fn change(
    transaction: &CoreTransaction,
    id: &str,
    from: ProjectState,
    to: projects::ActiveModel,
) -> Result<bool, StoreError> {
    let update = projects::Entity::update_many()
        .set(to)
        .filter(projects::Column::Id.eq(id))
        .filter(projects::Column::State.eq(from));
    Ok(transaction.exec(update).await?.rows_affected == 1)
}

/// Gives a spoke that nobody has open its name, if it has another one: that of an attempt to undelete it
/// which was undone.
fn set_name(path: &Path, name: &str) -> Result<(), StoreError> {
    let named = |error: rusqlite::Error| StoreError::from(error).at(path);
    let connection = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(named)?;
    // Closing a damaged file would remove its log.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(named)?;
    let now = Timestamp::now().to_rfc3339_opts(SecondsFormat::AutoSi, false);
    connection
        .execute(
            "UPDATE project SET name = ?1, revision = revision + 1, updated_at = ?2 WHERE name <> ?1",
            [name, now.as_str()],
        )
        .map_err(named)?;
    connection.close().map_err(|(_, error)| named(error))
}
