//! The schema versions of a whole store: the hub and every spoke.

mod look;
mod rehearsal;

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use entity_core::projects;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio_util::sync::CancellationToken;

use crate::access::may_be_written;
use crate::file_lock::{FileLock, Share};
use crate::migrate::{self, Direction, MigrationStatus};
use crate::provision::blocking;
use crate::{Core, Project, ProjectId, Projects, SqliteManager, StoreError};

/// How long one project waits for who uses its file, before the report says so.
const PATIENCE: Duration = Duration::from_secs(10);

/// The schema version of one spoke, or why it cannot be told.
#[derive(Debug)]
pub struct SpokeStatus {
    /// The project.
    pub project: projects::Model,
    /// What is applied and pending in its file, or what kept it from being read or migrated.
    pub status: Result<MigrationStatus, StoreError>,
    /// How long its migration took, when it was migrated now.
    pub took: Option<Duration>,
}

/// Which files a run over all projects migrates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The projects' files.
    Files,
    /// A copy of each, which is then removed: to see what would fail, and how long it takes.
    Copies,
}

/// How far a run over all projects is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FleetProgress {
    /// Projects that are done, well or not.
    pub done: usize,
    /// All projects.
    pub total: usize,
}

/// The schema versions of a store.
#[derive(Debug, Clone)]
pub struct Migrations {
    manager: Arc<SqliteManager>,
    patience: Duration,
}

impl Migrations {
    /// The schema versions of the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
            patience: PATIENCE,
        }
    }

    /// The same, but a project whose file somebody uses is given up after `patience`; 10 s otherwise.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The hub's version. Opening a store migrates its hub, so nothing is pending.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn core(&self) -> Result<MigrationStatus, StoreError> {
        let (path, access) = (self.manager.layout().core(), self.manager.access());
        let patience = self.patience;
        blocking(move || look::look::<Core>(&path, None, access, patience)).await
    }

    /// The version of every project's file, by name of the project. Changes nothing; a file that cannot be
    /// read does not keep the others from being listed.
    ///
    /// # Errors
    /// [`StoreError`] when the hub cannot be read.
    pub async fn spokes(&self) -> Result<Vec<SpokeStatus>, StoreError> {
        let look = |project| {
            async move {
                SpokeStatus {
                    status: self.look(&project).await,
                    project,
                    took: None,
                }
            }
            .boxed()
        };
        self.each(look).await
    }

    /// Migrates every project's file that is older than this program, as many at once as the machine has
    /// processors; one that fails stays as it was and does not stop the others. Returns how each is
    /// afterwards, by name. Run again it only touches those that are still older.
    ///
    /// After `stop` is cancelled no further migration begins, and those that wait stay as they are; running
    /// ones end. `progress` is called after each project. A crash leaves each file as it was or migrated.
    ///
    /// # Errors
    /// [`StoreError`] when the hub cannot be read.
    pub async fn up(
        &self,
        target: Target,
        stop: &CancellationToken,
        progress: impl Fn(FleetProgress) + Send + Sync,
    ) -> Result<Vec<SpokeStatus>, StoreError> {
        let total = Projects::new(&self.manager).list().await?.len();
        let done = AtomicUsize::new(0);
        let (done, progress) = (&done, &progress);
        let bring_up = |project| {
            async move {
                let spoke = self.bring_up(project, target, stop).await;
                progress(FleetProgress {
                    done: done.fetch_add(1, Ordering::Relaxed) + 1,
                    total,
                });
                spoke
            }
            .boxed()
        };
        self.each(bring_up).await
    }

    /// Does the same with every project, some at once, and returns what came of each, by name.
    async fn each<'a>(
        &self,
        work: impl Fn(projects::Model) -> BoxFuture<'a, SpokeStatus>,
    ) -> Result<Vec<SpokeStatus>, StoreError> {
        let projects = Projects::new(&self.manager).list().await?;
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let at_once = processors.min(self.manager.most_open());
        let numbered = projects.into_iter().enumerate().map(|(number, project)| {
            let work = work(project);
            async move { (number, work.await) }.boxed()
        });
        let works: Vec<_> = numbered.collect();
        let mut done: Vec<_> = futures_util::stream::iter(works)
            .buffer_unordered(at_once)
            .collect()
            .await;
        done.sort_by_key(|(number, _)| *number);
        Ok(done.into_iter().map(|(_, spoke)| spoke).collect())
    }

    async fn bring_up(
        &self,
        project: projects::Model,
        target: Target,
        stop: &CancellationToken,
    ) -> SpokeStatus {
        let mut spoke = SpokeStatus {
            status: self.look(&project).await,
            project,
            took: None,
        };
        let is_older = matches!(&spoke.status, Ok(status) if !status.pending.is_empty());
        if is_older && !stop.is_cancelled() {
            let start = Instant::now();
            spoke.status = self.migrate(&spoke.project, target).await;
            spoke.took = spoke.status.is_ok().then(|| start.elapsed());
        }
        spoke
    }

    async fn migrate(
        &self,
        project: &projects::Model,
        target: Target,
    ) -> Result<MigrationStatus, StoreError> {
        let layout = self.manager.layout();
        let path = layout.spoke(&project.namespace);
        let _open = self
            .lock(&layout.spoke_lock(&project.namespace), Share::Shared)
            .await?;
        if target == Target::Copies {
            return rehearsal::rehearse(layout, &path).await;
        }
        if !may_be_written(&path) {
            return Err(StoreError::ReadOnly { path: Some(path) });
        }
        // An import that runs would find the schema changed under it.
        let _writer = self
            .lock(&layout.write_lock(&project.namespace), Share::Exclusive)
            .await?;
        migrate::migrate_within::<Project>(&path, Direction::Up, self.patience).await
    }

    async fn look(&self, project: &projects::Model) -> Result<MigrationStatus, StoreError> {
        let layout = self.manager.layout();
        let id: ProjectId = Projects::id(project)?;
        let path = layout.spoke(&project.namespace);
        if !path.exists() {
            return Err(StoreError::Gone { project: id, path });
        }
        let (access, patience) = (self.manager.access(), self.patience);
        let lock = layout.spoke_lock(&project.namespace);
        let _open = FileLock::take_shared(&lock, access, patience).await?;
        blocking(move || look::look::<Project>(&path, Some(&id), access, patience)).await
    }

    async fn lock(&self, path: &std::path::Path, share: Share) -> Result<FileLock, StoreError> {
        FileLock::take(path, share, self.patience, |_| {}).await
    }
}
