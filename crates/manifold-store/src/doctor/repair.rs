//! Carries out what a repair does.

use std::path::Path;
use std::sync::Arc;

use entity_core::enums::ProjectState;
use entity_core::{backups, job_schedules, projects};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::adopt::adopt;
use super::cure::Cure;
use super::{files, logs, spoke_file};
use crate::projection::Projection;
use crate::saga::{self, spoke_files, taken_name};
use crate::{
    Access, Cause, DatabaseManager as _, IdError, Layout, ProjectId, Quarantine, SqliteManager,
    StoreError, Timestamp, provision, quarantine,
};

/// Does one thing. What it found may have changed: each looks again before it changes anything.
pub(super) async fn cure(manager: &Arc<SqliteManager>, cure: &Cure) -> Result<(), StoreError> {
    match cure {
        Cure::Adopt { id, file, in_use } => {
            adopt(manager, &parse(id)?, file.clone(), *in_use).await
        }
        Cure::Bring { id, from, to } => bring(manager, &parse(id)?, from, to).await,
        Cure::SetAside {
            file,
            cause,
            project,
            reason,
        } => set_aside(manager, file, *cause, project.as_deref(), reason).await,
        Cure::PutBack { id, aside, to } => put_back(manager, &parse(id)?, aside, to).await,
        Cure::Follow { id, in_use } => follow(manager, id, *in_use).await,
        Cure::Forget { id } => forget(manager, &parse(id)?).await,
        Cure::Resume => saga::reconcile(manager).await,
        Cure::Open { id } => manager.project(&parse(id)?).await.map(drop),
        Cure::Reproject { id } => reproject(manager, &parse(id)?).await,
        Cure::Remove { path } => remove(manager.layout(), path).await,
        Cure::Unlist { backup } => {
            let row = backups::Entity::delete_by_id(backup.as_str());
            manager.core().exec(row).await.map(drop)
        }
        Cure::DeleteSchedule { schedule } => {
            let row = job_schedules::Entity::delete_by_id(schedule.as_str());
            manager.core().exec(row).await.map(drop)
        }
        Cure::Checkpoint { id } => {
            logs::checkpoint(manager, id.as_deref().map(parse).transpose()?).await
        }
        Cure::Protect { path } => protect(path),
        // Done before a store can be opened.
        Cure::RebuildHub => Ok(()),
    }
}

fn parse(id: &str) -> Result<ProjectId, StoreError> {
    id.parse()
        .map_err(|error: IdError| StoreError::Decode(error.to_string()))
}

async fn bring(
    manager: &SqliteManager,
    id: &ProjectId,
    from: &Path,
    to: &Path,
) -> Result<(), StoreError> {
    let (layout, id, from, to) = (
        manager.layout().clone(),
        id.clone(),
        from.to_owned(),
        to.to_owned(),
    );
    // A file in the place of another project may be open under that one's name.
    let is_place = close_place(manager, &from).await?;
    provision::blocking(move || {
        let _held = quarantine::hold(&layout, &id.namespace())?;
        let _left = if is_place {
            hold_place(&layout, &from, &id.namespace())?
        } else {
            None
        };
        refuse_unless_holds(&from, &id)?;
        spoke_files::relocate(&from, &to)
    })
    .await
}

async fn put_back(
    manager: &SqliteManager,
    id: &ProjectId,
    aside: &Path,
    to: &Path,
) -> Result<(), StoreError> {
    let (layout, id, aside, to) = (
        manager.layout().clone(),
        id.clone(),
        aside.to_owned(),
        to.to_owned(),
    );
    provision::blocking(move || {
        let _held = quarantine::hold(&layout, &id.namespace())?;
        refuse_unless_holds(&aside, &id)?;
        let quarantine = Quarantine::new(&layout);
        match quarantine.list()?.iter().find(|known| known.path == aside) {
            Some(known) => quarantine.put_back(known, &to),
            None => Ok(()),
        }
    })
    .await
}

fn refuse_unless_holds(path: &Path, id: &ProjectId) -> Result<(), StoreError> {
    match spoke_file::read(path, Access::ReadWrite) {
        Ok(spoke) if spoke.id == id.as_str() => Ok(()),
        Ok(spoke) => Err(StoreError::WrongProject {
            path: path.to_owned(),
            expected: id.clone(),
            found: spoke.id,
        }),
        Err(problem) => Err(StoreError::Corrupt {
            path: path.to_owned(),
            reason: problem.reason,
        }),
    }
}

async fn set_aside(
    manager: &SqliteManager,
    file: &Path,
    cause: Cause,
    project: Option<&str>,
    reason: &str,
) -> Result<(), StoreError> {
    let is_place = close_place(manager, file).await?;
    let layout = manager.layout().clone();
    let (file, project, reason) = (
        file.to_owned(),
        project.map(str::to_owned),
        reason.to_owned(),
    );
    provision::blocking(move || {
        let _held = if is_place {
            hold_place(&layout, &file, "")?
        } else {
            None
        };
        let quarantine = Quarantine::new(&layout);
        quarantine
            .set_aside(&file, cause, project.as_deref(), &reason)
            .map(drop)
    })
    .await
}

/// Closes, in this process, the project whose file's place this is. False when it is no project's place.
async fn close_place(manager: &SqliteManager, file: &Path) -> Result<bool, StoreError> {
    let namespace = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let of_place = projects::Entity::find().filter(projects::Column::Namespace.eq(namespace));
    let Some(row) = manager.core().one(of_place).await? else {
        return Ok(false);
    };
    if manager.close(&parse(&row.id)?).await? {
        return Ok(true);
    }
    Err(StoreError::Busy {
        what: file.display().to_string(),
        holder: None,
    })
}

/// The locks of the place where a project's file lies, unless they are those of `held`.
fn hold_place(
    layout: &Layout,
    file: &Path,
    held: &str,
) -> Result<Option<quarantine::Held>, StoreError> {
    let namespace = file.file_stem().unwrap_or_default().to_string_lossy();
    let is_database = file.extension().is_some_and(|extension| extension == "db");
    if !is_database || namespace == held {
        return Ok(None);
    }
    quarantine::hold(layout, &namespace).map(Some)
}

async fn follow(manager: &SqliteManager, id: &str, in_use: bool) -> Result<(), StoreError> {
    let transaction = manager.core().begin().await?;
    let Some(row) = transaction.one(projects::Entity::find_by_id(id)).await? else {
        return Ok(());
    };
    let state = if in_use {
        taken_name::refuse(&transaction, &row.name, id).await?;
        ProjectState::Active
    } else {
        ProjectState::Trashed
    };
    transaction
        .update(projects::ActiveModel {
            id: Set(id.to_owned()),
            state: Set(state),
            trashed_at: Set((!in_use).then(Timestamp::now)),
            ..Default::default()
        })
        .await?;
    transaction.commit().await
}

async fn forget(manager: &SqliteManager, id: &ProjectId) -> Result<(), StoreError> {
    let layout = manager.layout();
    let _held = quarantine::hold(layout, &id.namespace())?;
    let namespace = id.namespace();
    if spoke_files::exists(&layout.spoke(&namespace))?
        || spoke_files::exists(&layout.trashed(&namespace))?
    {
        return Ok(());
    }
    let row = projects::Entity::delete_many()
        .filter(projects::Column::Id.eq(id))
        .filter(projects::Column::State.ne(ProjectState::Active));
    manager.core().exec(row).await.map(drop)
}

/// Writes the projection whatever the hub shows, unless somebody changes the hub's row meanwhile.
async fn reproject(manager: &SqliteManager, id: &ProjectId) -> Result<(), StoreError> {
    let spoke = manager.project(id).await?;
    let Some(row) = manager
        .core()
        .one(projects::Entity::find_by_id(id.as_str()))
        .await?
    else {
        return Ok(());
    };
    let projection = spoke
        .read(async |transaction| Projection::read(transaction).await)
        .await?;
    projection
        .replace(manager.core(), (row.epoch, row.revision))
        .await
        .map(drop)
}

/// Removes a leftover, unless another process works in the folder by now.
async fn remove(layout: &Layout, path: &Path) -> Result<(), StoreError> {
    let (layout, path) = (layout.clone(), path.to_owned());
    provision::blocking(move || {
        if files::others_work(&layout) {
            return Err(StoreError::Busy {
                what: path.display().to_string(),
                holder: None,
            });
        }
        let removed = match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(&path),
            Ok(_) => std::fs::remove_file(&path),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::io("remove", path)(error))
            }
            _ => Ok(()),
        }
    })
    .await
}

#[cfg(unix)]
fn protect(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    let owner = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, owner).map_err(StoreError::io("protect", path))
}

#[cfg(not(unix))]
fn protect(_path: &Path) -> Result<(), StoreError> {
    Ok(())
}
