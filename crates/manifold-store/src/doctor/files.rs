//! Files that nothing in the hub accounts for.

use std::ffi::OsString;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use entity_core::projects;

use super::database_file::Problem;
use super::spoke_file;
use super::{Finding, FindingClass};
use crate::{Access, Layout, SqliteManager, StoreError, provision};

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
                found.extend(orphan(path, access).await?);
            }
        }
        let in_place = self.root.iter().chain(&self.projects).chain(&self.trash);
        found.extend(
            in_place
                .filter(|path| starts_with(path, ".tmp-"))
                .filter_map(|path| leftover(path)),
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
                .filter_map(|path| leftover(path)),
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

async fn orphan(path: &Path, access: Access) -> Result<Option<Finding>, StoreError> {
    let file = path.to_owned();
    let read = provision::blocking(move || Ok(spoke_file::read(&file, access))).await?;
    let inside = match read {
        Ok(spoke) => format!("it holds project {}", spoke.id),
        Err(Problem {
            class: FindingClass::MissingFile,
            ..
        }) => return Ok(None), // gone since it was listed
        Err(problem) => problem.reason,
    };
    let explanation = format!("the hub knows no project in this file ({inside})");
    let repair = "nothing reads the file: move it somewhere else to keep it";
    Ok(Some(
        Finding::new(FindingClass::OrphanFile, explanation, repair).at(path),
    ))
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
    let repair =
        "put the database back beside it, or move it away before another file takes that name";
    Some(Finding::new(FindingClass::StaleSidecar, explanation, repair).at(path))
}

fn leftover(path: &Path) -> Option<Finding> {
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
    let repair = "remove it if nothing has been running for that long";
    Some(Finding::new(FindingClass::Leftover, explanation, repair).at(path))
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
