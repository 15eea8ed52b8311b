//! Files that nothing in the hub accounts for.

use std::ffi::OsString;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use entity_core::projects;

use super::cure::Cure;
use super::{Finding, FindingClass, orphan};
use crate::{Cause, FileLock, Layout, SqliteManager, StoreError, WorkerId, process_name, worker};

/// A temporary file that is older was left by a process that died.
const LEFTOVER_AGE: Duration = Duration::from_secs(60 * 60);

/// What SQLite keeps beside a database.
const SIDECARS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What is in the folders of a store.
pub(super) struct Folders {
    projects: Vec<PathBuf>,
    trash: Vec<PathBuf>,
    temporary: Vec<PathBuf>,
    root: Vec<PathBuf>,
}

impl Folders {
    pub(super) fn list(layout: &Layout) -> Result<Self, StoreError> {
        Ok(Self {
            projects: list(&layout.projects())?,
            trash: list(&layout.trash())?,
            temporary: list(&layout.temporary())?,
            root: list(layout.root())?,
        })
    }

    pub(super) async fn examine(
        &self,
        manager: &SqliteManager,
        rows: &[projects::Model],
    ) -> Result<Vec<Finding>, StoreError> {
        let (layout, access) = (manager.layout(), manager.access());
        let mut found = Vec::new();
        for path in self.projects.iter().chain(&self.trash) {
            found.extend(stale_sidecar(path));
            if path.extension().is_some_and(|extension| extension == "db")
                && !is_known(layout, rows, path)
            {
                found.extend(orphan::examine(layout, access, rows, path).await?);
            }
        }
        let in_place = self.root.iter().chain(&self.projects).chain(&self.trash);
        found.extend(
            in_place
                .filter(|path| starts_with(path, ".tmp-"))
                .filter_map(|path| leftover(layout, path)),
        );
        // A template is copied to make new projects.
        let kept = |path: &&PathBuf| {
            path.extension()
                .is_none_or(|extension| extension != "template")
        };
        found.extend(
            self.temporary
                .iter()
                .filter(kept)
                .filter_map(|path| leftover(layout, path)),
        );
        Ok(found)
    }
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(StoreError::io("list", folder))?,
    };
    entries
        .map(|entry| Ok(entry.map_err(StoreError::io("list", folder))?.path()))
        .collect()
}

fn is_known(layout: &Layout, rows: &[projects::Model], path: &Path) -> bool {
    rows.iter()
        .any(|row| path == layout.spoke(&row.namespace) || path == layout.trashed(&row.namespace))
}

fn stale_sidecar(path: &Path) -> Option<Finding> {
    let name = path.file_name()?.to_str()?;
    let database = SIDECARS
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))?;
    let database = path.with_file_name(database);
    if database.exists() || !path.exists() {
        return None;
    }
    let explanation = format!(
        "this file belongs to {}, which is not there",
        database.display()
    );
    let repair = "it is moved into the quarantine, before another file takes that name; put the database back beside \
                  it if you have it";
    let cure = Cure::SetAside {
        file: path.to_owned(),
        cause: Cause::Stray,
        project: None,
        reason: explanation.clone(),
    };
    Some(
        Finding::new(FindingClass::StaleSidecar, explanation, repair)
            .at(path)
            .cured_by(cure),
    )
}

fn leftover(layout: &Layout, path: &Path) -> Option<Finding> {
    let age = std::fs::symlink_metadata(path)
        .ok()
        .and_then(|metadata| age(&metadata))?;
    if age < LEFTOVER_AGE {
        return None;
    }
    let explanation = format!(
        "this temporary file is {} hours old and was left by a process that died",
        age.as_secs() / 3_600
    );
    let finding = |repair| Finding::new(FindingClass::Leftover, explanation, repair).at(path);
    Some(if others_work(layout) {
        finding("it is removed by a repair while no other process uses the data folder")
    } else {
        finding("it is removed").cured_by(Cure::Remove {
            path: path.to_owned(),
        })
    })
}

/// Whether another process works in the folder, which may be slow and not dead.
pub(super) fn others_work(layout: &Layout) -> bool {
    let entries = std::fs::read_dir(layout.workers()).into_iter().flatten();
    entries.flatten().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let worker = name.strip_suffix(".lock").map(str::parse::<WorkerId>);
        matches!(worker, Some(Ok(worker)) if !is_this_process(layout, &worker)
            && worker::is_alive(layout, &worker).unwrap_or(true))
    })
}

fn is_this_process(layout: &Layout, worker: &WorkerId) -> bool {
    FileLock::holder(&layout.worker_lock(worker))
        .is_some_and(|holder| process_name().starts_with(&holder))
}

/// `None` when the clock stands before the file's time.
fn age(metadata: &Metadata) -> Option<Duration> {
    SystemTime::now()
        .duration_since(metadata.modified().ok()?)
        .ok()
}

fn starts_with(path: &Path, prefix: &str) -> bool {
    path.file_name()
        .map(OsString::from)
        .is_some_and(|name| name.to_string_lossy().starts_with(prefix))
}
