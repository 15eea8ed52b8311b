//! The manager of a data folder: `core.db` and a file per project.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use entity_core::enums::ProjectState;
use entity_core::projects;
use futures_util::FutureExt as _;
use sea_orm::EntityTrait as _;
use tokio::sync::{Notify, OnceCell};

use crate::connection::{DESCRIPTORS, query_error};
use crate::let_go::{LetGo, Requested};
use crate::metrics::StoreMeter;
use crate::spoke::{Opening, Spoke};
use crate::spoke_map::SpokeMap;
use crate::stencil::Stencils;
use crate::worker::Worker;
use crate::{
    Access, CoreDatabase, DatabaseId, DatabaseManager, Durability, Frozen, Layout, Metrics,
    ProjectDatabase, ProjectId, Settings, Staged, StagedBuilder, StoreError, file_lock, freeze,
    hub, projection, provision, quarantine, replace, saga, sqlite, worker,
};

/// At most so many descriptors go into open spokes, however many the system allows.
const MOST_DESCRIPTORS: u64 = 8_192;

/// A larger file is not migrated while somebody waits for it to open.
const LAZY_MIGRATION: u64 = 256 << 20;

/// Descriptors of a spoke's lock file.
const LOCK_DESCRIPTORS: u64 = 1;

/// How a data folder is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct StoreOptions {
    /// The durability of what is acknowledged; by default what the setting `store.durability` says.
    pub durability: Option<Durability>,
    /// How many descriptors may go into open spokes; by default half of what the system allows this
    /// process, at most 8,192.
    pub descriptors: Option<u64>,
    /// Up to how many bytes a project's file with an older schema is migrated when it is opened; by default
    /// 256 MiB. A larger one is refused: [`Migrations::up`](crate::Migrations::up) migrates it.
    pub lazy_migration: Option<u64>,
    /// Whether anything may be written.
    pub access: Access,
}

/// Routes to the databases of one data folder. Several processes, each with its own manager, may use one
/// folder at the same time.
pub struct SqliteManager {
    layout: Layout,
    access: Access,
    core: CoreDatabase,
    spokes: SpokeMap,
    requested: Requested,
    let_go: Option<LetGo>,
    durability: Durability,
    lazy_migration: u64,
    worker: OnceCell<Worker>,
    meter: Arc<StoreMeter>,
    stencils: Arc<Stencils>,
    jobs_changed: Notify,
}

impl SqliteManager {
    /// Opens the data folder, making it and the hub when they do not exist, and finishes or undoes what
    /// dead processes left half-done.
    ///
    /// The soft limit of open files is raised to the hard one.
    ///
    /// With [`Access::ReadOnly`] nothing is made, migrated, finished or undone, and a write fails with
    /// [`StoreError::ReadOnly`]. What another process writes meanwhile is seen, or is told by
    /// [`Self::shut_down`].
    ///
    /// # Errors
    /// [`StoreError::Io`] when the folder cannot be made or written; [`StoreError::NoLocks`];
    /// [`StoreError::OldSqlite`]; [`StoreError::NotOurs`], [`StoreError::Corrupt`], [`StoreError::NewerSchema`]
    /// for the hub.
    pub async fn open(layout: Layout, options: StoreOptions) -> Result<Arc<Self>, StoreError> {
        let found = sqlite::library_version();
        if found < sqlite::OLDEST_SQLITE {
            return Err(StoreError::OldSqlite { found });
        }
        let access = options.access;
        if access == Access::ReadWrite {
            layout.create()?;
            file_lock::check_locks(&layout.lock_check())?;
        }
        let meter = StoreMeter::new(&layout, access);
        let core = hub::open(&layout, access, &meter).await?;
        meter.call_slow(Settings::new(&core).slow_query().await?);
        let durability = match options.durability {
            Some(durability) => durability,
            None => Settings::new(&core).durability().await?,
        };
        if durability == Durability::Relaxed {
            core.connection().file().relax();
        }
        let descriptors = options.descriptors.unwrap_or_else(descriptor_budget);
        let capacity = descriptors / (DESCRIPTORS + LOCK_DESCRIPTORS);
        let manager = Arc::new_cyclic(|manager| Self {
            layout,
            access,
            core,
            spokes: SpokeMap::new(
                usize::try_from(capacity).unwrap_or(usize::MAX),
                meter.clone(),
            ),
            requested: Requested::default(),
            let_go: (access == Access::ReadWrite).then(|| LetGo::begin(manager.clone())),
            durability,
            lazy_migration: options.lazy_migration.unwrap_or(LAZY_MIGRATION),
            worker: OnceCell::new(),
            meter,
            stencils: Arc::default(),
            jobs_changed: Notify::new(),
        });
        if access == Access::ReadWrite {
            saga::reconcile(&manager).await?;
        }
        Ok(manager)
    }

    /// Whether anything may be written.
    #[must_use]
    pub fn access(&self) -> Access {
        self.access
    }

    /// Where the files are.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How many spokes can be open at once.
    pub(crate) fn most_open(&self) -> usize {
        self.spokes.capacity()
    }

    /// The durability of what is acknowledged.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// What this manager measured since it was opened. Looks at the log of each open database, and blocks for some
    /// microseconds for each; what others do meanwhile is seen in part.
    ///
    /// ```
    /// # async fn example(store: &manifold_store::SqliteManager) {
    /// let metrics = store.metrics();
    /// println!("{} reads of the hub, 99 % within {} ms", metrics.core.metrics.reads.count, metrics.core.metrics.reads.p99_ms);
    /// # }
    /// ```
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let core = self.core.connection().file().metrics(0);
        let spokes = self.spokes.metrics();
        self.meter.metrics(core, spokes, self.spokes.capacity())
    }

    /// Where what this manager does is counted.
    pub(crate) fn meter(&self) -> &StoreMeter {
        &self.meter
    }

    /// This process as others know it, registered in the hub when first asked for. What dead processes left among
    /// the temporary files and locks is removed then.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn worker(&self) -> Result<&Worker, StoreError> {
        self.worker
            .get_or_try_init(async || {
                let worker = Worker::register(&self.layout, &self.core).await?;
                let cleared = async {
                    worker::clear_dead(&self.layout, &self.core).await?;
                    StagedBuilder::clear_abandoned(self).await
                };
                if let Err(error) = cleared.await {
                    tracing::warn!(%error, "what dead processes left stays for now");
                }
                Ok(worker)
            })
            .await
    }

    /// The id of this process, where the caller has registered it before its transaction began: the
    /// registration is a hub write of its own.
    pub(crate) fn worker_if_registered(&self) -> Result<&crate::WorkerId, StoreError> {
        let registered = self.worker.get().map(Worker::id);
        registered.ok_or_else(|| {
            StoreError::Decode("this process is not registered in the hub".to_owned())
        })
    }

    /// What new spokes are copied from.
    pub(crate) fn stencils(&self) -> &Arc<Stencils> {
        &self.stencils
    }

    /// Tells this process's workers that a job may have become ready.
    pub(crate) fn jobs_changed(&self) -> &Notify {
        &self.jobs_changed
    }

    /// Closes the project's spoke in this process, if no handle on it exists; true when it is closed now.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn close(&self, id: &ProjectId) -> Result<bool, StoreError> {
        self.spokes.close(id).await
    }

    /// Closes every spoke that nobody holds, and the hub, so that nothing is left beside their files: the last
    /// process to close a file writes its WAL back into it. The manager must not be used afterwards; what is
    /// still held closes when it is dropped. Not calling this loses nothing.
    ///
    /// # Errors
    /// [`StoreError::ChangedWhileRead`] when only reading was allowed and somebody wrote; others by meaning.
    pub async fn shut_down(&self) -> Result<(), StoreError> {
        if let Some(let_go) = &self.let_go {
            let_go.stop().await;
        }
        self.spokes.close_idle().await?;
        if self.stencils.is_kept() {
            let stencils = self.stencils.clone();
            provision::blocking(move || {
                stencils.clear();
                Ok(())
            })
            .await?;
        }
        let core = self.core.connection().file();
        core.close().await.map_err(query_error)?;
        core.access().check(core.path())
    }

    /// Whether this process has a spoke open.
    pub(crate) fn has_open_spokes(&self) -> bool {
        self.spokes.has_open()
    }

    /// From now on leases on the project are given only once nobody asks for it any more.
    pub(crate) fn request(&self, id: &ProjectId) {
        self.requested.add(id);
    }

    /// Whether somebody here uses a project that is asked for, and has been kept from using it more for long enough.
    pub(crate) fn may_use_on(&self, id: &ProjectId) -> bool {
        let drained = self.requested.drained_at(id);
        self.spokes.is_used(id) && drained.is_some_and(|drained| drained <= Instant::now())
    }

    /// Closes a spoke that somebody asks for, once nobody here uses it.
    pub(crate) async fn let_go(&self, id: &ProjectId) -> Result<(), StoreError> {
        if self.spokes.contains(id) {
            self.request(id);
            if self.close(id).await? {
                tracing::info!(project.id = %id, "closed project {id}, which another process asks for");
            }
        }
        Ok(())
    }

    async fn lease(
        &self,
        id: &ProjectId,
        purpose: &'static str,
    ) -> Result<ProjectDatabase, StoreError> {
        // Before a place among the open ones is taken: one that is being opened is not closed.
        if self.access == Access::ReadWrite
            && (self.requested.contains(id) || !self.spokes.contains(id))
            && saga::wait_while_requested(self, id).await?
        {
            self.requested.remove(id);
        }
        self.lease_at_once(id, purpose).await
    }

    /// A lease for somebody whom those who ask for the project wait for: who keeps other long writers from it.
    pub(crate) async fn project_at_once(
        &self,
        id: &ProjectId,
    ) -> Result<ProjectDatabase, StoreError> {
        self.lease_at_once(id, "replacing").await
    }

    async fn lease_at_once(
        &self,
        id: &ProjectId,
        purpose: &'static str,
    ) -> Result<ProjectDatabase, StoreError> {
        self.spokes
            .lease(id, purpose, || self.open_spoke(id).boxed())
            .await
    }

    async fn open_spoke(&self, id: &ProjectId) -> Result<Spoke, StoreError> {
        if let Some(let_go) = &self.let_go {
            let_go.spoke_opened();
        }
        let row = self
            .core
            .one(projects::Entity::find_by_id(id.as_str()))
            .await?;
        let row = row.filter(|row| row.state == ProjectState::Active);
        let Some(row) = row else {
            return Err(StoreError::NotFound {
                what: "project",
                name: id.to_string(),
            });
        };
        let spoke = Spoke::open(
            &self.layout,
            id,
            &row.namespace,
            Opening {
                access: self.access,
                durability: self.durability,
                lazy_limit: self.lazy_migration,
                released: self.spokes.released(),
                meter: &self.meter,
            },
        )
        .await;
        let spoke = match spoke {
            Ok(spoke) => spoke,
            Err(error) if self.access == Access::ReadWrite => {
                return Err(quarantine::explain(&self.layout, &self.core, &row, id, error).await);
            }
            Err(error) => return Err(error),
        };
        if self.access == Access::ReadWrite {
            projection::reconcile(&self.core, &row, &spoke.lease("projection", 0)).await?;
        }
        Ok(spoke)
    }
}

/// The descriptors that open spokes may use, after raising the soft limit of open files to the hard one.
#[cfg(unix)]
fn descriptor_budget() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // Where raising is refused the soft limit is what counts.
    let usable = if setrlimit(Resource::Nofile, raised).is_ok() {
        limit.maximum
    } else {
        limit.current
    };
    usable.map_or(MOST_DESCRIPTORS, |hard| (hard / 2).min(MOST_DESCRIPTORS))
}

#[cfg(not(unix))]
fn descriptor_budget() -> u64 {
    MOST_DESCRIPTORS
}

#[async_trait]
impl DatabaseManager for SqliteManager {
    fn core(&self) -> &CoreDatabase {
        &self.core
    }

    async fn project(&self, id: &ProjectId) -> Result<ProjectDatabase, StoreError> {
        self.lease(id, "query").await
    }

    async fn projects(&self, ids: &[ProjectId]) -> Result<Vec<ProjectDatabase>, StoreError> {
        self.spokes
            .lease_several(ids, |id| {
                async move { self.lease(&id, "several projects").await }.boxed()
            })
            .await
    }

    async fn freeze(&self, which: DatabaseId) -> Result<Frozen, StoreError> {
        freeze::freeze(self, which).await
    }

    async fn replace(&self, id: &ProjectId, staged: Staged) -> Result<(), StoreError> {
        replace::replace(self, id, staged).await
    }
}

impl std::fmt::Debug for SqliteManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteManager")
            .field("root", &self.layout.root())
            .finish_non_exhaustive()
    }
}
