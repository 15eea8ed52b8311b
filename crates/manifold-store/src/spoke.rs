//! An open spoke: checked when it is opened, kept open by leases.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use entity_project::project;
use sea_orm::EntityTrait as _;
use tokio::sync::Notify;

use crate::connection::{Connection, OpenFile};
use crate::file_lock::{FileLock, Share};
use crate::lease::Leases;
use crate::migrate::{self, Direction};
use crate::sqlite::APPLICATION_ID;
use crate::{Durability, Kind, Layout, Project, ProjectDatabase, ProjectId, StoreError};

/// How long opening waits for a process that deletes or replaces the spoke.
const LOCK_DEADLINE: Duration = Duration::from_secs(30);

/// Prepared statements of each connection: few, because thousands of spokes may be open.
const STATEMENTS: usize = 24;

/// An open spoke file.
pub(crate) struct Spoke {
    file: Arc<OpenFile>,
    leases: Arc<Leases>,
    last_used: AtomicU64,
    _shared: FileLock,
}

impl Spoke {
    /// Opens and checks the file: it exists, is ours, holds this project, and its schema is ours or older,
    /// in which case it is migrated.
    pub(crate) async fn open(
        layout: &Layout,
        id: &ProjectId,
        namespace: &str,
        durability: Durability,
        released: Arc<Notify>,
    ) -> Result<Self, StoreError> {
        let path = layout.spoke(namespace);
        let shared = FileLock::take(
            &layout.spoke_lock(namespace),
            Share::Shared,
            LOCK_DEADLINE,
            |_| {},
        )
        .await?;
        let inode = inode(&path).ok_or_else(|| StoreError::Gone {
            project: id.clone(),
            path: path.clone(),
        })?;
        let file = Arc::new(OpenFile::new(
            path.clone(),
            Project::VERSION,
            durability,
            STATEMENTS,
        ));
        let checked = check(&file, id).await;
        if checked.is_ok() && inode != self::inode(&path).unwrap_or_default() {
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
        Ok(Self {
            file,
            leases: Arc::new(Leases::new(released)),
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

    pub(crate) fn leases(&self) -> &Leases {
        &self.leases
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
            .map_err(|error| crate::connection::query_error(error).into())
    }
}

async fn check(file: &Arc<OpenFile>, id: &ProjectId) -> Result<(), StoreError> {
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

/// What tells one file from another that took its name.
#[cfg(unix)]
fn inode(path: &Path) -> Option<u64> {
    std::fs::metadata(path)
        .ok()
        .map(|metadata| std::os::unix::fs::MetadataExt::ino(&metadata))
}

#[cfg(not(unix))]
fn inode(path: &Path) -> Option<u64> {
    path.exists().then_some(0)
}
