//! A project whose file cannot be opened.

use entity_core::enums::BackupState;
use entity_core::{backups, projects};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use super::{Cause, Quarantine};
use crate::doctor::{FindingClass, spoke_file};
use crate::{Access, CoreDatabase, FileLock, Layout, ProjectId, Share, StoreError, provision};

/// Both locks of a place for a project's file: while they are held nobody opens, writes or moves it.
#[derive(Debug)]
pub(crate) struct Held {
    _writers: FileLock,
    _openers: FileLock,
}

/// Takes the locks of a place without waiting; the caller has closed the file in this process.
///
/// # Errors
/// [`StoreError::Busy`] naming the holder, where known.
pub(crate) fn hold(layout: &Layout, namespace: &str) -> Result<Held, StoreError> {
    let take = |path: std::path::PathBuf| {
        FileLock::try_take(&path, Share::Exclusive)?.ok_or_else(|| StoreError::Busy {
            what: layout.spoke(namespace).display().to_string(),
            holder: FileLock::holder(&path),
        })
    };
    Ok(Held {
        _writers: take(layout.write_lock(namespace))?,
        _openers: take(layout.spoke_lock(namespace))?,
    })
}

/// What to say of a project that could not be opened. A file that proves to be damaged is set aside, if nobody
/// else has it open.
pub(crate) async fn explain(
    layout: &Layout,
    core: &CoreDatabase,
    row: &projects::Model,
    id: &ProjectId,
    error: StoreError,
) -> StoreError {
    let damaged = match &error {
        StoreError::Corrupt { .. } | StoreError::NotOurs { .. } => true,
        StoreError::Gone { .. } => false,
        _ => return error,
    };
    let (layout, namespace, project) = (layout.clone(), row.namespace.clone(), id.clone());
    let found = provision::blocking(move || {
        if damaged && let Err(left) = examine(&layout, &namespace, &project) {
            // The caller learns what is wrong with the file, and it stays where it is.
            tracing::warn!(project.id = %project, error = %left, "a damaged project file is not set aside");
        }
        if layout.spoke(&namespace).exists() {
            return Ok(None);
        }
        Quarantine::new(&layout).project(&project)
    });
    let Ok(Some(aside)) = found.await else {
        return error;
    };
    StoreError::Quarantined {
        project: id.clone(),
        path: aside.path,
        reason: aside.note.reason,
        backup: newest_backup(core, id.as_str()).await.unwrap_or_default(),
    }
}

/// Looks again while nobody can have the file open, and sets it aside if it is damaged indeed.
fn examine(layout: &Layout, namespace: &str, id: &ProjectId) -> Result<(), StoreError> {
    let _held = hold(layout, namespace)?;
    let path = layout.spoke(namespace);
    if let Err(problem) = spoke_file::read(&path, Access::ReadWrite)
        && matches!(
            problem.class,
            FindingClass::Corrupt | FindingClass::NotSqlite
        )
    {
        let quarantine = Quarantine::new(layout);
        quarantine.set_aside(
            &path,
            Cause::DamagedProject,
            Some(id.as_str()),
            &problem.reason,
        )?;
    }
    Ok(())
}

/// The backup to restore a project from: the newest verified one, or the newest.
pub(crate) async fn newest_backup(
    core: &CoreDatabase,
    project: &str,
) -> Result<Option<String>, StoreError> {
    let newest = backups::Entity::find()
        .filter(backups::Column::ProjectId.eq(project))
        .filter(backups::Column::State.eq(BackupState::Completed))
        .order_by_desc(backups::Column::CreatedAt);
    let found = core.all(newest).await?;
    let verified = found.iter().find(|backup| backup.verified_at.is_some());
    Ok(verified.or(found.first()).map(|backup| backup.id.clone()))
}
