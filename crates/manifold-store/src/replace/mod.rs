//! Restore in place: the content of a staged file goes into the live one.

mod damaged;
mod live;
mod safety_copy;

pub use safety_copy::{CopyReason, SafetyCopy};
pub(crate) use safety_copy::{clear_abandoned, copies as safety_copies};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use entity_core::enums::ProjectState;
use entity_core::projects;
use sea_orm::EntityTrait as _;

use crate::file_lock::{FileLock, Share};
use crate::freeze::copy_whole;
use crate::peek::peek;
use crate::sqlite::BUSY_TIMEOUT;
use crate::staged::Staged;
use crate::{
    Access, Claim, DatabaseManager as _, IdError, ProjectId, SqliteManager, StoreError, fail_point,
    projection, provision, saga,
};

/// How long a restore waits for an import into the same project: in effect until it is done or the caller
/// gives up.
const WRITE_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

/// A project that was replaced.
#[derive(Debug)]
pub struct Replaced {
    /// The project as the hub shows it now.
    pub project: projects::Model,
    /// What was there before, as a database file of its own. The last three of a project are kept. `None`
    /// when there was nothing.
    pub safety_copy: Option<PathBuf>,
}

/// Makes projects of staged spokes.
#[derive(Debug, Clone)]
pub struct Restores {
    manager: Arc<SqliteManager>,
}

impl Restores {
    /// Restores into the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }

    /// Makes `staged` a project with a new id and the name `name`. It is on the disk when this returns; a
    /// crash before that leaves the project or nothing.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`], [`StoreError::InvalidName`]; others by meaning, and nothing is left behind.
    pub async fn as_new(&self, staged: Staged, name: &str) -> Result<projects::Model, StoreError> {
        saga::restore(&self.manager, staged, name).await
    }

    /// Makes `staged` the project that it was, with its id and its name; no project in use or in the trash has this id. As
    /// long as the attempt owns its job: else nothing is made. A crash leaves the project or nothing.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`]; [`StoreError::Busy`] when the id is known; [`StoreError::InvalidValue`] when a file lies
    /// at its place; [`StoreError::Interrupted`] when the attempt has lost its job; others by meaning, and nothing is left
    /// behind.
    pub async fn as_it_was(
        &self,
        staged: Staged,
        attempt: &Claim,
    ) -> Result<projects::Model, StoreError> {
        let id = staged.project().id.parse();
        let id: ProjectId = id.map_err(|error: IdError| StoreError::Decode(error.to_string()))?;
        saga::restore_as_it_was(&self.manager, staged, &id, attempt).await
    }

    /// Waits until nobody else writes to the project for long, and keeps others from it; `waiting` is told
    /// once who does. Dropping the future gives up waiting.
    ///
    /// # Errors
    /// [`StoreError::Busy`] naming the holder; [`StoreError::Io`].
    pub async fn alone(
        &self,
        id: &ProjectId,
        waiting: impl FnOnce(Option<&str>) + Send,
    ) -> Result<Alone, StoreError> {
        Alone::take(&self.manager, id, waiting).await
    }

    /// Puts the content of `staged` in the place of the project that `alone` keeps others from. The project
    /// keeps its id and its name.
    ///
    /// The change is one transaction on the live file: whoever has it open sees the new content with the
    /// next query, and a crash leaves the old content or the new. An import that lost its lock finds that the
    /// project was replaced and stops. A live file that is missing or damaged is replaced as a whole, which
    /// needs that nobody has it open.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Busy`]; [`StoreError::NewerSchema`] when the live file is newer
    /// than this program; others by meaning. The project is then as it was.
    pub async fn in_place(&self, alone: Alone, staged: Staged) -> Result<Replaced, StoreError> {
        in_place(&self.manager, alone, staged, CopyReason::Restore).await
    }

    /// The complete safety copies of a project, newest first.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub async fn safety_copies(&self, id: &ProjectId) -> Result<Vec<SafetyCopy>, StoreError> {
        let (layout, id) = (self.manager.layout().clone(), id.clone());
        provision::blocking(move || safety_copy::list(&layout, &id)).await
    }

    /// Stages a safety copy of a project, to be put in its place again. The copy stays.
    ///
    /// # Errors
    /// [`StoreError::WrongProject`], [`StoreError::Corrupt`]; others by meaning, and nothing is left behind.
    pub async fn stage_copy(
        &self,
        id: &ProjectId,
        copy: &SafetyCopy,
    ) -> Result<Staged, StoreError> {
        let from = copy.path.clone();
        let staged = Staged::copy(&self.manager, &copy.path, move |path| {
            let reader = peek(&from, Access::ReadWrite, BUSY_TIMEOUT)
                .map_err(|error| StoreError::from(error).at(&from))?;
            copy_whole(&reader, path)
        })
        .await?;
        let found = staged.project().id.clone();
        if found == id.as_str() {
            return Ok(staged);
        }
        Err(StoreError::WrongProject {
            path: copy.path.clone(),
            expected: id.clone(),
            found,
        })
    }

    /// As [`Restores::in_place`], with the staged content of a safety copy, which is removed then: what replaced it is
    /// undone. What was there is kept in a safety copy of its own, from which that can be done again.
    ///
    /// A crash leaves the old content, or the new with the safety copy still there at worst.
    ///
    /// # Errors
    /// As [`Restores::in_place`].
    pub async fn put_back(
        &self,
        alone: Alone,
        staged: Staged,
        copy: SafetyCopy,
    ) -> Result<Replaced, StoreError> {
        let reason = match copy.reason {
            CopyReason::Restore => CopyReason::Undo,
            CopyReason::Undo => CopyReason::Restore,
        };
        let replaced = in_place(&self.manager, alone, staged, reason).await?;
        fail_point!("undo-put-back");
        let layout = self.manager.layout().clone();
        provision::blocking(move || copy.remove(&layout)).await?;
        Ok(replaced)
    }
}

/// Keeps other long writers from a project, in this process and others, until it is dropped.
#[derive(Debug)]
pub struct Alone {
    project: ProjectId,
    _lock: FileLock,
}

impl Alone {
    async fn take(
        manager: &SqliteManager,
        id: &ProjectId,
        waiting: impl FnOnce(Option<&str>) + Send,
    ) -> Result<Self, StoreError> {
        let path = manager.layout().write_lock(&id.namespace());
        let lock = FileLock::take(&path, Share::Exclusive, WRITE_DEADLINE, waiting).await?;
        Ok(Self {
            project: id.clone(),
            _lock: lock,
        })
    }
}

/// Waits for long writers and replaces the project.
pub(crate) async fn replace(
    manager: &SqliteManager,
    id: &ProjectId,
    staged: Staged,
) -> Result<(), StoreError> {
    let alone = Alone::take(manager, id, |_| {}).await?;
    in_place(manager, alone, staged, CopyReason::Restore)
        .await
        .map(drop)
}

async fn in_place(
    manager: &SqliteManager,
    alone: Alone,
    staged: Staged,
    reason: CopyReason,
) -> Result<Replaced, StoreError> {
    let id = &alone.project.clone();
    let row = active(manager, id).await?;
    let safety_copy = match manager.project_at_once(id).await {
        Ok(spoke) => {
            let path = spoke.connection().file().path().to_owned();
            let (layout, id, name, epoch) =
                (manager.layout().clone(), id.clone(), row.name, row.epoch);
            let copied = provision::blocking(move || {
                let _alone = alone; // also when nobody waits for the outcome any more
                live::replace(&layout, &path, &staged, &id, &name, epoch, reason)
            });
            Some(copied.await?)
        }
        Err(
            error @ (StoreError::Gone { .. }
            | StoreError::Quarantined { .. }
            | StoreError::Corrupt { .. }
            | StoreError::NotOurs { .. }
            | StoreError::WrongProject { .. }),
        ) => {
            tracing::info!(project.id = %id, %error, "replacing a project file that cannot be opened");
            damaged::replace(manager, &row, id, staged, reason).await?
        }
        Err(error) => return Err(error),
    };
    fail_point!("restore-replaced");
    let spoke = manager.project_at_once(id).await?;
    projection::publish(manager.core(), &spoke).await?;
    Ok(Replaced {
        project: active(manager, id).await?,
        safety_copy,
    })
}

async fn active(manager: &SqliteManager, id: &ProjectId) -> Result<projects::Model, StoreError> {
    let row = manager
        .core()
        .one(projects::Entity::find_by_id(id.as_str()))
        .await?;
    row.filter(|row| row.state == ProjectState::Active)
        .ok_or_else(|| StoreError::NotFound {
            what: "project",
            name: id.to_string(),
        })
}
