//! A spoke staged as a copy of another, whole.

use std::path::Path;

use super::workspace::Workspace;
use super::{Staged, StagedError, check, spoke};
use crate::migrate::{self, Direction};
use crate::{Project, SqliteManager, StoreError};

impl Staged {
    /// Stages what `write` writes to the path it is given, which does not exist: the copy of a spoke. It is checked by
    /// SQLite's own checks and migrated. Errors name `original`.
    ///
    /// # Errors
    /// [`StoreError::NotOurs`], [`StoreError::NewerSchema`], [`StoreError::Corrupt`]; what `write` returns; others by
    /// meaning.
    pub(crate) async fn copy(
        manager: &SqliteManager,
        original: &Path,
        write: impl FnOnce(&Path) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        stage(manager, write)
            .await
            .map_err(|error| naming(error, original))
    }
}

async fn stage(
    manager: &SqliteManager,
    write: impl FnOnce(&Path) -> Result<(), StoreError> + Send + 'static,
) -> Result<Staged, StagedError> {
    let workspace = Workspace::create(manager).await?;
    let path = workspace.file();
    let file = path.clone();
    let checked = spoke::blocking(move || {
        write(&file)?;
        check::check_alone(&file)
    })
    .await?;
    migrate::migrate::<Project>(&path, Direction::Up).await?;
    spoke::blocking(move || Staged::complete(workspace, checked)).await
}

/// The error of a copy that nobody knows, told of its original.
fn naming(error: StagedError, original: &Path) -> StoreError {
    let path = original.to_owned();
    match error {
        StagedError::Store(StoreError::NotOurs { reason, .. })
        | StagedError::Foreign { reason, .. } => StoreError::NotOurs { path, reason },
        StagedError::Store(StoreError::Corrupt { reason, .. }) => {
            StoreError::Corrupt { path, reason }
        }
        StagedError::Store(StoreError::NewerSchema { found, known, .. }) => {
            StoreError::NewerSchema { path, found, known }
        }
        StagedError::Store(StoreError::Migration { reason, .. }) => {
            StoreError::Migration { path, reason }
        }
        StagedError::Store(other) => other,
        other => StoreError::Corrupt {
            path,
            reason: other.to_string(),
        },
    }
}
