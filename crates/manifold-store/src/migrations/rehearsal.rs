//! Migrates a copy of a spoke, to see what would come of it.

use std::path::Path;

use crate::freeze::copy_whole;
use crate::migrate::{Direction, MigrationStatus, migrate};
use crate::peek::peek;
use crate::provision::blocking;
use crate::sqlite::BUSY_TIMEOUT;
use crate::{Access, Layout, Project, StoreError};

/// Copies the file at `path` into the folder for temporary files, migrates the copy and removes it. The file
/// itself is only read. Errors name it, not the copy.
///
/// # Errors
/// What a migration would fail with; [`StoreError::DiskFull`] and [`StoreError::Io`] when it cannot be copied.
pub(super) async fn rehearse(layout: &Layout, path: &Path) -> Result<MigrationStatus, StoreError> {
    let folder = tempfile::Builder::new()
        .prefix(".tmp-migration-")
        .tempdir_in(layout.temporary())
        .map_err(StoreError::io("create a folder in", layout.temporary()))?;
    let copy = folder.path().join("project.db");
    let (from, to) = (path.to_owned(), copy.clone());
    blocking(move || {
        let connection = peek(&from, Access::ReadWrite, BUSY_TIMEOUT)
            .map_err(|error| StoreError::from(error).at(&from))?;
        copy_whole(&connection, &to)
    })
    .await?;
    let done = migrate::<Project>(&copy, Direction::Up).await;
    blocking(move || {
        folder
            .close()
            .map_err(StoreError::io("remove the copy at", &copy))
    })
    .await?;
    done.map_err(|error| error.about(path))
}
