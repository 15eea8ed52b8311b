//! An open spoke: checked when it is opened, kept open by leases.

use std::fs::Metadata;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use entity_project::project;
use sea_orm::EntityTrait as _;
use tokio::sync::Notify;

use crate::connection::{Connection, OpenFile};
use crate::file_lock::FileLock;
use crate::lease::Leases;
use crate::metrics::{FileMeter, OpenDatabase, StoreMeter};
use crate::migrate::{self, Direction};
use crate::sqlite::APPLICATION_ID;
use crate::{
    Access, DatabaseId, Durability, Kind, Layout, Project, ProjectDatabase, ProjectId, StoreError,
};

/// How long opening waits for a process that deletes or replaces the spoke.
const LOCK_DEADLINE: Duration = Duration::from_secs(30);

/// Prepared statements of each connection: few, because thousands of spokes may be open.
const STATEMENTS: usize = 24;

/// How a spoke is opened.
pub(crate) struct Opening<'a> {
    pub(crate) access: Access,
    pub(crate) durability: Durability,
    /// Up to how many bytes an older file is migrated.
    pub(crate) lazy_limit: u64,
    /// Notified when its last lease ends.
    pub(crate) released: Arc<Notify>,
    pub(crate) meter: &'a Arc<StoreMeter>,
}

/// An open spoke file.
pub(crate) struct Spoke {
    file: Arc<OpenFile>,
    leases: Arc<Leases>,
    last_used: AtomicU64,
    _shared: Option<FileLock>,
}

impl Spoke {
    /// Opens and checks the file: it exists, is ours, holds this project, and its schema is ours or older,
    /// in which case it is migrated if it is not larger than the limit.
    pub(crate) async fn open(
        layout: &Layout,
        id: &ProjectId,
        namespace: &str,
        how: Opening<'_>,
    ) -> Result<Self, StoreError> {
        let Opening {
            access,
            durability,
            lazy_limit,
            ..
        } = how;
        let path = layout.spoke(namespace);
        let lock = layout.spoke_lock(namespace);
        let shared = FileLock::take_shared(&lock, access, LOCK_DEADLINE).await?;
        let metadata = std::fs::metadata(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => StoreError::Gone {
                project: id.clone(),
                path: path.clone(),
            },
            _ => StoreError::io("look at", &path)(error),
        })?;
        // SQLite would make a database of it.
        if metadata.len() == 0 {
            let reason = "it is empty".to_owned();
            return Err(StoreError::NotOurs { path, reason });
        }
        let inode = inode(&metadata);
        let file = Arc::new(OpenFile::new(
            path.clone(),
            access,
            Project::VERSION,
            durability,
            STATEMENTS,
            FileMeter::new(DatabaseId::Project(id.clone()), how.meter),
        ));
        let checked = check(&file, id, lazy_limit).await;
        let now = std::fs::metadata(&path).ok();
        if checked.is_ok() && now.is_none_or(|now| inode != self::inode(&now)) {
            file.close().await.map_err(crate::connection::query_error)?;
            return Err(StoreError::Busy {
                what: path.display().to_string(),
                holder: None,
            });
        }
        if let Err(error) = checked {
            drop(file.close().await); // the error that matters is the check's
            return Err(error.at(&path));
        }
        how.meter.spoke_opened();
        Ok(Self {
            file,
            leases: Arc::new(Leases::new(how.released)),
            last_used: AtomicU64::new(0),
            _shared: shared,
        })
    }

    /// A handle on the spoke, with its lease.
    pub(crate) fn lease(&self, purpose: &'static str, tick: u64) -> ProjectDatabase {
        self.last_used.store(tick, Ordering::Relaxed);
        ProjectDatabase::over(Connection::new(
            self.file.clone(),
            Some(self.leases.grant(purpose)),
        ))
    }

    /// What was done with it since it was opened.
    pub(crate) fn metrics(&self) -> OpenDatabase {
        self.file.metrics(self.leases.count())
    }

    pub(crate) fn leases(&self) -> &Leases {
        &self.leases
    }

    /// Whether nobody holds it. A connection may outlive its lease: a lease is ended when nobody reads a stream.
    pub(crate) fn is_idle(&self) -> bool {
        self.leases.is_idle() && !self.file.is_in_use()
    }

    pub(crate) fn last_used(&self) -> u64 {
        self.last_used.load(Ordering::Relaxed)
    }

    pub(crate) fn is_outdated(&self) -> bool {
        self.file.is_outdated()
    }

    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        self.file
            .close()
            .await
            .map_err(crate::connection::query_error)?;
        self.file.access().check(self.file.path())
    }
}

/// Opens a spoke file that lies at no project's place, checks it as [`Spoke::open`] does, and closes it again.
pub(crate) async fn try_open(
    layout: &Layout,
    path: &Path,
    id: &ProjectId,
) -> Result<(), StoreError> {
    let access = Access::ReadWrite;
    let meter = FileMeter::new(
        DatabaseId::Project(id.clone()),
        &StoreMeter::new(layout, access),
    );
    let file = Arc::new(OpenFile::new(
        path.to_owned(),
        access,
        Project::VERSION,
        Durability::Full,
        STATEMENTS,
        meter,
    ));
    let checked = check(&file, id, u64::MAX).await;
    let closed = file.close().await;
    checked.map_err(|error| error.at(path))?;
    Ok(closed.map_err(crate::connection::query_error)?)
}

async fn check(file: &Arc<OpenFile>, id: &ProjectId, lazy_limit: u64) -> Result<(), StoreError> {
    let path = file.path();
    let connection = Connection::new(file.clone(), None);
    let application = connection.number("PRAGMA application_id").await?;
    if application != APPLICATION_ID {
        let reason = format!("its application id is {application:#x}, not {APPLICATION_ID:#x}");
        return Err(StoreError::NotOurs {
            path: path.to_owned(),
            reason,
        });
    }
    let version = connection.number("PRAGMA user_version").await?;
    if version > i64::from(Project::VERSION) {
        return Err(StoreError::NewerSchema {
            path: path.to_owned(),
            found: version,
            known: Project::VERSION,
        });
    }
    if version < i64::from(Project::VERSION) {
        if size(path) > lazy_limit || !file.access().writes() {
            return Err(StoreError::MigrationPending {
                path: path.to_owned(),
                found: version,
                known: Project::VERSION,
            });
        }
        file.close().await.map_err(crate::connection::query_error)?;
        migrate::migrate::<Project>(path, Direction::Up).await?;
    }
    let row = ProjectDatabase::over(connection)
        .one(project::Entity::find())
        .await?;
    match row {
        Some(row) if row.id == id.as_str() => Ok(()),
        Some(row) => Err(StoreError::WrongProject {
            path: path.to_owned(),
            expected: id.clone(),
            found: row.id,
        }),
        None => Err(StoreError::NotOurs {
            path: path.to_owned(),
            reason: "it names no project".to_owned(),
        }),
    }
}

/// The bytes of the file, without what is not yet written back into it; 0 when it cannot be told.
fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// What tells one file from another that took its name.
#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}
