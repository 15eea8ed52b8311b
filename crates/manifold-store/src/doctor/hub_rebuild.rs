//! Makes a new hub where it is missing or damaged.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::database_file::DatabaseFile;
use super::files;
use crate::file_lock::{FileLock, Share};
use crate::saga::spoke_files;
use crate::{
    Access, AtomicFile, Cause, Core, Layout, Quarantine, StoreError, hub_copies, migrate, provision,
};

/// How long to wait for a process that makes or migrates the hub.
const LOCK_DEADLINE: Duration = Duration::from_secs(60);

/// What SQLite may have left beside a hub. It would be replayed into the new one.
const SIDECARS: [&str; 2] = ["-wal", "-journal"];

/// Sets a damaged hub aside and puts the newest sound copy in its place, or an empty hub where there is none.
pub(super) async fn rebuild(layout: &Layout) -> Result<(), StoreError> {
    layout.create()?;
    let _alone =
        FileLock::take(&layout.core_lock(), Share::Exclusive, LOCK_DEADLINE, |_| {}).await?;
    let clear = layout.clone();
    let copy = provision::blocking(move || {
        if files::others_work(&clear) {
            return Err(StoreError::Busy {
                what: clear.core().display().to_string(),
                holder: None,
            });
        }
        Ok(make_room(&clear)?.then(|| newest_copy(&clear)))
    })
    .await?;
    let path = layout.core();
    let Some(copy) = copy else {
        return Ok(()); // another process was faster
    };
    let Some(copy) = copy? else {
        let file = AtomicFile::create(&path)?;
        migrate::create::<Core>(file.temporary_path()).await?;
        return file.commit();
    };
    provision::blocking(move || {
        let mut file = AtomicFile::create(&path)?;
        let mut source = std::fs::File::open(&copy).map_err(StoreError::io("read", &copy))?;
        std::io::copy(&mut source, &mut file).map_err(StoreError::io("copy", &copy))?;
        file.commit()?;
        tracing::info!(copy = %copy.display(), "put a copy of the hub in its place");
        Ok(())
    })
    .await
}

/// Moves a damaged hub, and logs without their hub, into the quarantine. False when the hub is sound.
fn make_room(layout: &Layout) -> Result<bool, StoreError> {
    let path = layout.core();
    let quarantine = Quarantine::new(layout);
    if spoke_files::exists(&path)? {
        let Err(problem) = DatabaseFile::read::<Core>(&path, Access::ReadWrite, None) else {
            return Ok(false);
        };
        quarantine.set_aside(&path, Cause::DamagedHub, None, &problem.reason)?;
        return Ok(true);
    }
    for suffix in SIDECARS {
        let log = beside(&path, suffix);
        if spoke_files::exists(&log)? {
            let reason = "it is the log of a hub that is missing";
            quarantine.set_aside(&log, Cause::DamagedHub, None, reason)?;
        }
    }
    match std::fs::remove_file(beside(&path, "-shm")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", beside(&path, "-shm"))(error))
        }
        _ => Ok(true), // an index into the log, which SQLite makes anew
    }
}

/// The newest copy that is sound.
fn newest_copy(layout: &Layout) -> Result<Option<PathBuf>, StoreError> {
    let mut copies = hub_copies::list(layout)?.into_iter();
    Ok(copies.find(|copy| DatabaseFile::read::<Core>(copy, Access::ReadWrite, None).is_ok()))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
