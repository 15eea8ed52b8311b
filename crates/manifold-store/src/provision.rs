//! Makes spoke files: a copy of a migrated template, complete before it has its final name.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::file_lock::{FileLock, Share};
use crate::stencil::Stencils;
use crate::{
    AtomicFile, Layout, Project, ProjectId, StoreError, WorkerId, fail_point, migrate, sqlite,
};

/// How long to wait for another process that makes the template.
const LOCK_DEADLINE: Duration = Duration::from_secs(60);

/// What a new spoke knows of itself.
#[derive(Debug, Clone)]
pub(crate) struct NewSpoke {
    pub(crate) id: ProjectId,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) epoch: i64,
    pub(crate) created_at: DateTime<Utc>,
}

/// Makes the file of a new spoke at its place in the layout. A crash leaves no file or a complete one;
/// an existing one is replaced, so that the step can be repeated.
pub(crate) async fn create(
    layout: &Layout,
    stencils: &Arc<Stencils>,
    worker: &WorkerId,
    spoke: NewSpoke,
) -> Result<(), StoreError> {
    let template = template(layout).await?;
    let target = layout.spoke(&spoke.id.namespace());
    let (layout, stencils, worker) = (layout.clone(), stencils.clone(), worker.clone());
    blocking(move || {
        let mut file = AtomicFile::create(target)?;
        let mut write = |bytes: &[u8]| {
            let written = file.write_all(bytes);
            written.map_err(StoreError::io("write", file.temporary_path().to_owned()))
        };
        match stencils.press(&layout, &worker, &template, &spoke) {
            Some(bytes) => write(&bytes)?,
            None => {
                write(&std::fs::read(&template).map_err(StoreError::io("read", &template))?)?;
                let connection = open(file.temporary_path())?;
                describe(&connection, &spoke)?;
                // Writes the log back into the file and removes it.
                connection.close().map_err(|(_, error)| error)?;
            }
        }
        fail_point!("create-file-written");
        file.commit()
    })
    .await
}

/// Opens a file that nobody else has; what makes it durable is that its copy is pressed onto the disk.
pub(crate) fn open(path: &Path) -> Result<rusqlite::Connection, StoreError> {
    let connection = sqlite::connect(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF")?;
    Ok(connection)
}

/// Writes the spoke's one `project` row.
pub(crate) fn describe(
    connection: &rusqlite::Connection,
    spoke: &NewSpoke,
) -> Result<(), StoreError> {
    let at = spoke
        .created_at
        .to_rfc3339_opts(chrono::SecondsFormat::AutoSi, false);
    let mut insert = connection.prepare_cached(
        "INSERT INTO project (id, name, description, settings, epoch, revision, next_row_table, created_at, updated_at) \
         VALUES (?1, ?2, ?3, '{}', ?4, 1, 1, ?5, ?5)",
    )?;
    insert.execute(rusqlite::params![
        spoke.id.as_str(),
        spoke.name,
        spoke.description,
        spoke.epoch,
        at
    ])?;
    Ok(())
}

/// The template of the present schema version, made once per data folder by one process at a time.
async fn template(layout: &Layout) -> Result<PathBuf, StoreError> {
    let path = layout.template(<Project as crate::Kind>::VERSION);
    if path.exists() {
        return Ok(path);
    }
    let _alone = FileLock::take(
        &layout.template_lock(),
        Share::Exclusive,
        LOCK_DEADLINE,
        |_| {},
    )
    .await?;
    if path.exists() {
        return Ok(path);
    }
    AtomicFile::clear(&path)?;
    let file = AtomicFile::create(&path)?;
    migrate::create::<Project>(file.temporary_path()).await?;
    fail_point!("template-written");
    file.commit()?;
    Ok(path)
}

/// Runs file work on a blocking thread.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    crate::blocking(work).await
}
