//! Copies of the hub, taken once an hour when something was written, to rebuild it from.
//!
//! The projects' files hold everything about projects; settings, jobs and the list of backups are in the hub alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::saga::spoke_files;
use crate::{
    Contents, DatabaseId, DatabaseManager as _, Layout, SqliteManager, StoreError, Timestamp,
    provision, rename_durably,
};

/// How old the newest copy is when the next one is due.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// How many copies are kept.
const KEPT: usize = 24;

/// The copies of a store's hub.
#[derive(Debug, Clone)]
pub struct HubCopies {
    manager: Arc<SqliteManager>,
}

impl HubCopies {
    /// The copies of the hub that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }

    /// Copies the hub if the newest copy is an hour old and the hub was written since, and removes the oldest above
    /// 24. A copy under its final name is complete; a crash leaves a part of one, which the next removes.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], [`StoreError::Io`]; others by meaning. The hub is not affected.
    pub async fn take_if_due(&self) -> Result<Option<PathBuf>, StoreError> {
        let layout = self.manager.layout().clone();
        if !provision::blocking(move || is_due(&layout)).await? {
            return Ok(None);
        }
        let frozen = self.manager.freeze(DatabaseId::Core).await?;
        let layout = self.manager.layout().clone();
        provision::blocking(move || {
            let folder = layout.hub_copies();
            spoke_files::make_folder(&folder)?;
            let at = Timestamp::now().format("%Y%m%dT%H%M%S%6fZ");
            let target = folder.join(format!("core-{at}.db"));
            let part = target.with_extension("part");
            let copied = frozen.copy_to(&part, Contents::WithData);
            if let Err(error) = copied.and_then(|()| rename_durably(&part, &target)) {
                drop(std::fs::remove_file(&part)); // the error that matters is the copy's
                return Err(error);
            }
            thin_out(&folder)?;
            Ok(Some(target))
        })
        .await
    }
}

/// The complete copies, newest first.
pub(crate) fn list(layout: &Layout) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = with_extension(&layout.hub_copies(), "db")?;
    found.reverse();
    Ok(found)
}

fn is_due(layout: &Layout) -> Result<bool, StoreError> {
    let Some(newest) = list(layout)?.into_iter().next() else {
        return Ok(true);
    };
    let Some(taken) = modified(&newest) else {
        return Ok(true);
    };
    let core = layout.core();
    let mut log = core.as_os_str().to_owned();
    log.push("-wal");
    let written = modified(&core).max(modified(Path::new(&log)));
    // A clock that was set back makes the newest copy look young for ever: then it counts as old.
    let is_old = SystemTime::now()
        .duration_since(taken)
        .map_or(true, |age| age >= INTERVAL);
    Ok(is_old && written.is_none_or(|written| written > taken))
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

/// Files of the folder with this extension, by name, which is by time.
fn with_extension(folder: &Path, wanted: &str) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(StoreError::io("list", folder))?,
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == wanted)
        })
        .collect();
    found.sort_unstable();
    Ok(found)
}

fn thin_out(folder: &Path) -> Result<(), StoreError> {
    let copies = with_extension(folder, "db")?;
    let surplus = copies.len().saturating_sub(KEPT);
    let old = copies.into_iter().take(surplus);
    let parts = with_extension(folder, "part")?.into_iter().filter(|part| {
        let age = modified(part).and_then(|at| SystemTime::now().duration_since(at).ok());
        age.is_some_and(|age| age >= INTERVAL)
    });
    for path in old.chain(parts) {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}
