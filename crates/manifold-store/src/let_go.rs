//! Letting go of projects that another process asks for.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::{ProjectId, SqliteManager, StoreError, saga, sqlite};

/// How often a process with open spokes looks whether the hub has changed.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long those who use a project that is asked for are kept from using it more. Many short uses that overlap end
/// in that time; one that needs another handle to come to its end gets it then.
const DRAIN: Duration = Duration::from_secs(1);

/// Projects that are asked for, and since when: whoever wants a lease on one looks into the hub first.
#[derive(Debug, Default)]
pub(crate) struct Requested {
    any: AtomicBool,
    projects: Mutex<HashMap<ProjectId, Instant>>,
}

impl Requested {
    pub(crate) fn contains(&self, id: &ProjectId) -> bool {
        self.any.load(Ordering::Acquire) && self.change(|projects| projects.contains_key(id))
    }

    /// Until when those who use the project anyway are kept from using it more.
    pub(crate) fn drained_at(&self, id: &ProjectId) -> Option<Instant> {
        self.change(|projects| projects.get(id).map(|since| *since + DRAIN))
    }

    pub(crate) fn add(&self, id: &ProjectId) {
        self.change(|projects| {
            projects.entry(id.clone()).or_insert_with(Instant::now);
        });
    }

    pub(crate) fn remove(&self, id: &ProjectId) {
        self.change(|projects| projects.remove(id));
    }

    fn change<T>(&self, change: impl FnOnce(&mut HashMap<ProjectId, Instant>) -> T) -> T {
        let mut projects = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut projects);
        self.any.store(!projects.is_empty(), Ordering::Release);
        changed
    }
}

/// Watches the hub while this process has spokes open, and closes those that are asked for and not used.
#[derive(Debug)]
pub(crate) struct LetGo {
    task: Mutex<Option<JoinHandle<()>>>,
    opened: Arc<Notify>,
}

impl LetGo {
    /// Nothing is done before the first [`Self::spoke_opened`].
    pub(crate) fn begin(manager: Weak<SqliteManager>) -> Self {
        let opened = Arc::new(Notify::new());
        let task = tokio::spawn(watch(manager, opened.clone()));
        Self {
            task: Mutex::new(Some(task)),
            opened,
        }
    }

    pub(crate) fn spoke_opened(&self) {
        self.opened.notify_one();
    }

    /// Closes the watcher's connection and lets go of nothing any more.
    pub(crate) async fn stop(&self) {
        let task = self.task().take();
        if let Some(task) = task {
            task.abort();
            drop(task.await); // it was stopped, or had ended
        }
    }

    fn task(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LetGo {
    fn drop(&mut self) {
        if let Some(task) = self.task().take() {
            task.abort();
        }
    }
}

async fn watch(manager: Weak<SqliteManager>, opened: Arc<Notify>) {
    loop {
        opened.notified().await;
        let mut hub = Hub::default();
        loop {
            tokio::time::sleep(INTERVAL).await;
            let Some(manager) = manager.upgrade() else {
                return;
            };
            if !manager.has_open_spokes() {
                break; // which closes the connection to the hub
            }
            if let Err(error) = hub.look(&manager).await {
                tracing::debug!(%error, "whether a project is asked for is looked at again");
                hub = Hub::default();
            }
        }
    }
}

/// The hub as it was seen last.
#[derive(Debug, Default)]
struct Hub {
    /// Its own: what `data_version` says counts from the connection that asks.
    connection: Option<Connection>,
    version: Option<i64>,
    /// Whether a project was asked for.
    requested: bool,
}

impl Hub {
    async fn look(&mut self, manager: &SqliteManager) -> Result<(), StoreError> {
        let version = self.data_version(&manager.layout().core())?;
        if self.version == Some(version) && !self.requested {
            return Ok(());
        }
        let projects = saga::requested(manager).await?;
        self.version = Some(version);
        self.requested = !projects.is_empty();
        for id in projects {
            manager.let_go(&id).await?;
        }
        Ok(())
    }

    /// A number that changes when somebody else commits: one read of shared memory.
    fn data_version(&mut self, hub: &Path) -> Result<i64, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => sqlite::connect(hub, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        let version = connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        self.connection = Some(connection);
        Ok(version)
    }
}
