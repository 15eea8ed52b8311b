//! Opens the hub, making or migrating it when needed.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::connection::{Connection, OpenFile};
use crate::file_lock::{FileLock, Share};
use crate::metrics::{FileMeter, StoreMeter};
use crate::migrate::{self, Direction};
use crate::sqlite::APPLICATION_ID;
use crate::{
    Access, AtomicFile, Core, CoreDatabase, DatabaseId, Durability, Kind as _, Layout, StoreError,
    fail_point,
};

const LOCK_DEADLINE: Duration = Duration::from_secs(60);

/// Prepared statements of each connection: those of every operation, for there is one hub.
const STATEMENTS: usize = 100;

/// Opens `core.db`, which must exist and be up to date where nothing may be written. One process at a time makes or
/// migrates it; the others wait. Where there are projects a missing hub is not made: an empty one would hide them.
pub(crate) async fn open(
    layout: &Layout,
    access: Access,
    meter: &Arc<StoreMeter>,
) -> Result<CoreDatabase, StoreError> {
    let path = layout.core();
    if access == Access::ReadWrite && !path.exists() {
        let _alone =
            FileLock::take(&layout.core_lock(), Share::Exclusive, LOCK_DEADLINE, |_| {}).await?;
        if !path.exists() {
            if spokes(layout) > 0 {
                return Err(StoreError::HubMissing { path });
            }
            make(&path).await?;
        }
    }
    if !path.exists() {
        return Err(StoreError::io("open", path)(ErrorKind::NotFound.into()));
    }
    let file = Arc::new(OpenFile::new(
        path.clone(),
        access,
        Core::VERSION,
        Durability::Full,
        STATEMENTS,
        FileMeter::new(DatabaseId::Core, meter),
    ));
    let connection = Connection::new(file.clone(), None);
    let opened = check(layout, &connection).await;
    if let Err(error) = opened {
        drop(file.close().await); // the error that matters is the check's
        return Err(error.at(&path));
    }
    Ok(CoreDatabase::over(connection))
}

/// Makes an empty hub if there is none, whatever else is in the folder.
pub(crate) async fn create(layout: &Layout) -> Result<(), StoreError> {
    let path = layout.core();
    let _alone =
        FileLock::take(&layout.core_lock(), Share::Exclusive, LOCK_DEADLINE, |_| {}).await?;
    if path.exists() {
        return Ok(());
    }
    make(&path).await
}

async fn make(path: &Path) -> Result<(), StoreError> {
    AtomicFile::clear(path)?;
    let file = AtomicFile::create(path)?;
    migrate::create::<Core>(file.temporary_path()).await?;
    fail_point!("hub-written");
    file.commit()
}

/// How many projects there seem to be, in use or in the trash.
pub(crate) fn spokes(layout: &Layout) -> usize {
    let folders = [layout.projects(), layout.trash()];
    let entries = folders
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten());
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .filter(|name| name.to_string_lossy().ends_with(".db"))
        .count()
}

async fn check(layout: &Layout, connection: &Connection) -> Result<(), StoreError> {
    let path = connection.file().path().to_owned();
    let application = connection.number("PRAGMA application_id").await?;
    if application != APPLICATION_ID {
        let reason = format!("its application id is {application:#x}, not {APPLICATION_ID:#x}");
        return Err(StoreError::NotOurs { path, reason });
    }
    let version = connection.number("PRAGMA user_version").await?;
    if version > i64::from(Core::VERSION) {
        return Err(StoreError::NewerSchema {
            path,
            found: version,
            known: Core::VERSION,
        });
    }
    if version < i64::from(Core::VERSION) && !connection.file().access().writes() {
        return Err(StoreError::MigrationPending {
            path,
            found: version,
            known: Core::VERSION,
        });
    }
    if version < i64::from(Core::VERSION) {
        connection
            .file()
            .close()
            .await
            .map_err(crate::connection::query_error)?;
        let _alone =
            FileLock::take(&layout.core_lock(), Share::Exclusive, LOCK_DEADLINE, |_| {}).await?;
        migrate::migrate::<Core>(&path, Direction::Up).await?;
    }
    Ok(())
}
