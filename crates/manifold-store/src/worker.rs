//! A process as the hub knows it: alive as long as it holds its lock file.

use std::path::Path;

use entity_core::job_workers;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::file_lock::{FileLock, Share, command_line};
use crate::{CoreDatabase, Layout, StoreError, Timestamp, WorkerId};

/// Lock files of dead processes that are looked up at once; what is left is for the next process.
const MOST_AT_ONCE: usize = 1_000;

/// This process, registered in `job_workers`. Others see that it died by its lock being free: the
/// kernel frees it, whatever happened.
#[derive(Debug)]
pub struct Worker {
    id: WorkerId,
    _alive: FileLock,
}

impl Worker {
    pub(crate) async fn register(layout: &Layout, core: &CoreDatabase) -> Result<Self, StoreError> {
        let id = WorkerId::new();
        let path = layout.worker_lock(&id);
        let alive = FileLock::try_take(&path, Share::Exclusive)?;
        let alive = alive.ok_or_else(|| StoreError::Busy {
            what: path.display().to_string(),
            holder: None,
        })?;
        core.exec(job_workers::Entity::insert(job_workers::ActiveModel {
            id: Set(id.to_string()),
            host: Set(host()),
            pid: Set(i64::from(std::process::id())),
            command: Set(command_line()),
            lock_path: Set(path.display().to_string()),
            started_at: Set(Timestamp::now()),
        }))
        .await?;
        Ok(Self { id, _alive: alive })
    }

    /// Its id, new at every start of a process.
    #[must_use]
    pub fn id(&self) -> &WorkerId {
        &self.id
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The row stays: executions refer to it. Without the file it reads as dead.
        drop(std::fs::remove_file(self._alive.path()));
    }
}

/// Whether the process that registered with this id still lives. A process without a lock file is dead.
///
/// # Errors
/// [`StoreError::Io`] when the lock cannot be tried.
pub fn is_alive(layout: &Layout, worker: &WorkerId) -> Result<bool, StoreError> {
    let path = layout.worker_lock(worker);
    if !Path::exists(&path) {
        return Ok(false);
    }
    let free = FileLock::try_take(&path, Share::Exclusive)?.is_some();
    if free {
        drop(std::fs::remove_file(&path)); // nobody takes it again: ids are never reused
    }
    Ok(!free)
}

/// Removes the lock files of processes that died. One that is not in the hub may be about to be locked, and stays.
pub(crate) async fn clear_dead(layout: &Layout, core: &CoreDatabase) -> Result<(), StoreError> {
    let folder = layout.workers();
    let entries = std::fs::read_dir(&folder).map_err(StoreError::io("list", folder))?;
    let named = entries.flatten().filter_map(|entry| {
        let path = entry.path();
        let is_lock = path
            .extension()
            .is_some_and(|extension| extension == "lock");
        let id = path.file_stem()?.to_str()?.parse::<WorkerId>().ok()?;
        is_lock.then_some(id)
    });
    let ids: Vec<WorkerId> = named.take(MOST_AT_ONCE).collect();
    let known = job_workers::Entity::find().filter(job_workers::Column::Id.is_in(&ids));
    for known in core.all(known).await? {
        if let Ok(worker) = known.id.parse() {
            is_alive(layout, &worker)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    "local".to_owned()
}
