//! Is a backup still what was saved? It is read back to find out.

use std::sync::Arc;

use manifold_store::{SqliteManager, Staged, StagedError, StoreError};
use serde::{Deserialize, Serialize};

use super::restore::{open, read_back};
use super::{BackupError, BackupSource, FORMAT_VERSION, Location, Manifest, Part, Places, Watch};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// Whether it is right.
    pub ok: bool,
    /// What was found.
    pub detail: String,
}

/// What was found out about a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Whether everything is right.
    pub ok: bool,
    /// What was looked at, in order. A check whose ground is missing is not made.
    pub checks: Vec<Check>,
}

/// Checks the manifest, every file, and then what the files hold: all of it is read back among the
/// temporary files and compared, table by table. Nothing is changed.
///
/// # Errors
/// [`BackupError::Cancelled`], and when the reading back itself cannot be done; damage is no error here.
pub async fn verify(
    manager: &Arc<SqliteManager>,
    places: &Places,
    folder: &Location,
    expected: Option<&str>,
    watch: Watch,
) -> Result<Verification, BackupError> {
    let mut found = Findings::default();
    stage(manager, places, folder, expected, watch, &mut found).await?;
    Ok(found.done())
}

/// Checks the manifest, that every file is there with its size, and the content of the files of one part. What the files
/// hold is not read back. Nothing is changed.
///
/// # Errors
/// As [`verify`].
pub async fn verify_part(
    places: &Places,
    folder: &Location,
    expected: Option<&str>,
    part: Part,
    watch: Watch,
) -> Result<Verification, BackupError> {
    let mut found = Findings::default();
    let Some(source) = read_manifest(places, folder, expected, &mut found).await? else {
        return Ok(found.done());
    };
    let found = super::blocking(move || {
        check_files(&source, Some(part), &watch, &mut found)?;
        Ok(found)
    })
    .await?;
    Ok(found.done())
}

/// As [`verify`], and keeps what was read back, if all of it is right.
pub(super) async fn stage(
    manager: &Arc<SqliteManager>,
    places: &Places,
    folder: &Location,
    expected: Option<&str>,
    watch: Watch,
    found: &mut Findings,
) -> Result<Option<(Staged, Manifest, Watch)>, BackupError> {
    let Some(source) = read_manifest(places, folder, expected, found).await? else {
        return Ok(None);
    };
    let manifest = source.manifest().clone();
    let mut files = Findings::default();
    let (files, source, watch) = super::blocking(move || {
        check_files(&source, None, &watch, &mut files)?;
        Ok((files, source, watch))
    })
    .await?;
    found.checks.extend(files.checks);
    if !found.is_ok() {
        return Ok(None);
    }
    let (read, kept) = match read_back(manager, source, watch).await {
        Ok((staged, watch)) => {
            let compared = staged.compared();
            let rows: i64 = compared.iter().map(|table| table.rows_restored).sum();
            let detail = format!(
                "{} tables with {rows} rows came back as they were saved",
                compared.len()
            );
            (Ok(detail), Some((staged, manifest, watch)))
        }
        Err(error) => (Err(error), None),
    };
    found.add("contents", read)?;
    Ok(kept)
}

async fn read_manifest(
    places: &Places,
    folder: &Location,
    expected: Option<&str>,
    found: &mut Findings,
) -> Result<Option<BackupSource>, BackupError> {
    let source = match open(places, folder, expected).await {
        Ok(source) => source,
        Err(error) => {
            found.add("manifest", Err(error))?;
            return Ok(None);
        }
    };
    found.add(
        "manifest",
        Ok(match source.manifest().files.len() {
            1 => format!("format version {FORMAT_VERSION}, 1 file"),
            files => format!("format version {FORMAT_VERSION}, {files} files"),
        }),
    )?;
    Ok(Some(source))
}

/// Checks every file, or only the presence of those that are not in `part`.
fn check_files(
    source: &BackupSource,
    part: Option<Part>,
    watch: &Watch,
    found: &mut Findings,
) -> Result<(), BackupError> {
    let nothing_else = source
        .check_nothing_else()
        .map(|()| "nothing else is there".to_owned());
    found.add("folder", nothing_else)?;
    let manifest = source.manifest();
    let files = manifest.files.iter().chain(manifest.segments());
    for (place, file) in files.enumerate() {
        watch.look()?;
        let checked = if part.is_none_or(|part| part.has(place)) {
            source
                .check_file(file)
                .map(|()| format!("{} bytes, as they were written", file.size))
        } else {
            source
                .check_size(file)
                .map(|()| format!("{} bytes, not read", file.size))
        };
        found.add(&file.name, checked)?;
    }
    Ok(())
}

/// Whether the error says nothing of the backup: it kept the backup from being looked at.
pub(super) fn says_nothing(error: &BackupError) -> bool {
    let store = match error {
        BackupError::Store(store) | BackupError::Staged(StagedError::Store(store)) => store,
        BackupError::Unreachable { .. }
        | BackupError::Address { .. }
        | BackupError::Credentials { .. }
        | BackupError::NoKey { .. } => return true,
        other => return matches!(other.code(), "cancelled" | "disk_full"),
    };
    !matches!(
        store,
        StoreError::Corrupt { .. } | StoreError::NotOurs { .. } | StoreError::NewerSchema { .. }
    )
}

/// Whether the system refused to read or write a file. What is wrong with the content of one is not told by the system.
pub(crate) fn is_of_system(error: &BackupError) -> bool {
    matches!(error, BackupError::Io { source, .. } if source.raw_os_error().is_some())
}

/// What was looked at so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    checks: Vec<Check>,
}

impl Findings {
    /// What is wrong with the backup is a finding; what keeps it from being looked at is an error.
    pub(super) fn add(
        &mut self,
        name: &str,
        result: Result<String, BackupError>,
    ) -> Result<(), BackupError> {
        let (ok, detail) = match result {
            Ok(detail) => (true, detail),
            Err(error) if says_nothing(&error) || is_of_system(&error) => return Err(error),
            Err(error) => (false, error.to_string()),
        };
        self.checks.push(Check {
            name: name.to_owned(),
            ok,
            detail,
        });
        Ok(())
    }

    /// Takes over what was found of a part.
    pub(super) fn take_in(&mut self, part: &str, found: Verification) {
        self.checks
            .extend(found.checks.into_iter().map(|check| Check {
                name: format!("{part}: {}", check.name),
                ..check
            }));
    }

    fn is_ok(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }

    pub(super) fn done(self) -> Verification {
        Verification {
            ok: self.is_ok(),
            checks: self.checks,
        }
    }
}
