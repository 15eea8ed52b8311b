//! Changes of a project's life that stopped half-way.

use std::collections::HashSet;

use entity_core::enums::{OperationState, ProjectState};
use entity_core::{project_operations, projects};
use sea_orm::{ActiveEnum as _, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::cure::Cure;
use super::{Finding, FindingClass, spoke_file};
use crate::{DatabaseManager as _, FileLock, SqliteManager, StoreError, WorkerId, provision};

pub(super) async fn examine(
    manager: &SqliteManager,
    rows: &[projects::Model],
) -> Result<Vec<Finding>, StoreError> {
    let running = project_operations::Entity::find()
        .filter(project_operations::Column::State.eq(OperationState::Running));
    let mut found = Vec::new();
    let mut under_way = HashSet::new();
    for operation in manager.core().all(running).await? {
        if !works_on(manager, &operation)? {
            found.push(stopped(&operation));
        }
        under_way.insert(operation.project_id);
    }
    // Read before the operations: one that is done by now has no operation any more.
    for row in rows
        .iter()
        .filter(|row| row.state == ProjectState::Creating && !under_way.contains(&row.id))
    {
        let now = manager
            .core()
            .one(projects::Entity::find_by_id(&row.id))
            .await?;
        if now.is_some_and(|now| now.state == ProjectState::Creating) {
            found.push(half_made(manager, row).await?);
        }
    }
    Ok(found)
}

fn works_on(
    manager: &SqliteManager,
    operation: &project_operations::Model,
) -> Result<bool, StoreError> {
    match operation
        .worker_id
        .as_ref()
        .map(|id| id.parse::<WorkerId>())
    {
        Some(Ok(worker)) => FileLock::is_held(&manager.layout().worker_lock(&worker)),
        Some(Err(_)) | None => Ok(false),
    }
}

fn stopped(operation: &project_operations::Model) -> Finding {
    let why = operation
        .error
        .as_ref()
        .map_or_else(String::new, |error| format!(" ({error})"));
    let explanation = format!(
        "to {} project {} stopped half-way{why}",
        operation.kind.to_value(),
        operation.project_id,
    );
    let repair = "it is finished or undone; close other programs that have the project open before";
    Finding::new(FindingClass::HalfDone, explanation, repair)
        .of(&operation.project_id)
        .cured_by(Cure::Resume)
}

async fn half_made(manager: &SqliteManager, row: &projects::Model) -> Result<Finding, StoreError> {
    let path = manager.layout().spoke(&row.namespace);
    let (file, access) = (path.clone(), manager.access());
    let read = provision::blocking(move || Ok(spoke_file::read(&file, access))).await?;
    let id = row.id.clone();
    let (repair, cure) = match read {
        Ok(spoke) if spoke.id == row.id => (
            "its file is complete: it is shown",
            Some(Cure::Follow { id, in_use: true }),
        ),
        Err(problem) if problem.class == FindingClass::MissingFile => {
            ("it has no file: it is forgotten", Some(Cure::Forget { id }))
        }
        _ => (
            "its file is not complete: move the file somewhere else, then it is forgotten",
            None,
        ),
    };
    let explanation = format!(
        "project `{}` is marked as being made and nothing is written down that would finish it",
        row.name
    );
    let finding = Finding::new(FindingClass::HalfDone, explanation, repair)
        .of(&row.id)
        .at(path);
    Ok(match cure {
        Some(cure) => finding.cured_by(cure),
        None => finding,
    })
}
