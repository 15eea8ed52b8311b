//! The files of the databases, as the system sees them.

use std::path::{Path, PathBuf};

use entity_core::enums::ProjectState;
use entity_core::projects;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use serde::Serialize;

use crate::metrics::{log_bytes, long_reads};
use crate::saga::{lock_holders, readers};
use crate::{DatabaseManager as _, HeldRead, SqliteManager, StoreError, provision};

/// A database's file, its log, and who uses it, in any process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatabaseState {
    /// The project, or `None` for the hub.
    pub project_id: Option<String>,
    /// The project's name, or `hub`.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// The size of the file, in bytes; 0 when it is missing.
    pub size_bytes: u64,
    /// The size of its write-ahead log, in bytes.
    pub log_bytes: u64,
    /// The processes that have the project open, with their commands; `None` when there is none, for the hub, and
    /// where the system does not tell (it does on Linux).
    pub holders: Option<String>,
    /// The processes that read one state of it at this moment, with their commands, where the system tells.
    pub readers: Option<String>,
    /// Reads of Manifold's own that go on for more than a second, oldest first.
    pub held_reads: Vec<HeldRead>,
}

/// The hub, then the projects in use by name.
pub(super) async fn list(manager: &SqliteManager) -> Result<Vec<DatabaseState>, StoreError> {
    let active = projects::Entity::find()
        .filter(projects::Column::State.eq(ProjectState::Active))
        .order_by_asc(projects::Column::NameFold)
        .order_by_asc(projects::Column::Id);
    let rows = manager.core().all(active).await?;
    let layout = manager.layout().clone();
    provision::blocking(move || {
        let reads = long_reads(&layout);
        let hub = state(None, "hub".to_owned(), layout.core(), None, &reads);
        let spokes = rows.into_iter().map(|row| {
            let lock = layout.spoke_lock(&row.namespace);
            let path = layout.spoke(&row.namespace);
            state(Some(row.id), row.name, path, Some(&lock), &reads)
        });
        Ok(std::iter::once(hub).chain(spokes).collect())
    })
    .await
}

fn state(
    project_id: Option<String>,
    name: String,
    path: PathBuf,
    lock: Option<&Path>,
    reads: &[HeldRead],
) -> DatabaseState {
    let log_bytes = log_bytes(&path);
    let held_reads = reads.iter().filter(|read| read.project_id == project_id);
    DatabaseState {
        size_bytes: std::fs::metadata(&path).map_or(0, |metadata| metadata.len()),
        log_bytes,
        holders: lock.and_then(lock_holders),
        // Without a log nothing is held back.
        readers: if log_bytes > 0 { readers(&path) } else { None },
        held_reads: held_reads.cloned().collect(),
        project_id,
        name,
        path,
    }
}
