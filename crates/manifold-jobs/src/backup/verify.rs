//! Is a backup still what was saved? It is read back to find out.

use std::path::Path;
use std::sync::Arc;

use manifold_store::{SqliteManager, StagedError, StoreError};
use serde::{Deserialize, Serialize};

use super::restore::{open, read_back};
use super::{BackupError, BackupSource, Watch};

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
    folder: &Path,
    expected: Option<&str>,
    watch: Watch,
) -> Result<Verification, BackupError> {
    let mut found = Findings::default();
    let source = match open(folder, expected).await {
        Ok(source) => source,
        Err(error) => {
            found.add("manifest", Err(error))?;
            return Ok(found.done());
        }
    };
    let manifest = source.manifest().clone();
    found.add(
        "manifest",
        Ok(match manifest.files.len() {
            1 => "format version 0, 1 file".to_owned(),
            files => format!("format version 0, {files} files"),
        }),
    )?;
    let (mut found, source, watch) = super::blocking(move || {
        check_files(&source, &watch, &mut found)?;
        Ok((found, source, watch))
    })
    .await?;
    if found.is_ok() {
        let read = read_back(manager, source, watch).await;
        found.add(
            "contents",
            read.map(|(staged, _)| {
                let rows: i64 = staged
                    .compared()
                    .iter()
                    .map(|table| table.rows_restored)
                    .sum();
                format!(
                    "{} tables with {rows} rows came back as they were saved",
                    staged.compared().len()
                )
            }),
        )?;
    }
    Ok(found.done())
}

fn check_files(
    source: &BackupSource,
    watch: &Watch,
    found: &mut Findings,
) -> Result<(), BackupError> {
    let nothing_else = source
        .check_nothing_else()
        .map(|()| "nothing else is there".to_owned());
    found.add("folder", nothing_else)?;
    for file in &source.manifest().files {
        watch.look()?;
        let checked = source
            .check_file(file)
            .map(|()| format!("{} bytes, as they were written", file.size));
        found.add(&file.name, checked)?;
    }
    Ok(())
}

/// Whether the error says nothing of the backup: it kept the backup from being looked at.
fn says_nothing(error: &BackupError) -> bool {
    let store = match error {
        BackupError::Store(store) | BackupError::Staged(StagedError::Store(store)) => store,
        other => return matches!(other.code(), "cancelled" | "disk_full"),
    };
    !matches!(
        store,
        StoreError::Corrupt { .. } | StoreError::NotOurs { .. } | StoreError::NewerSchema { .. }
    )
}

#[derive(Debug, Default)]
struct Findings {
    checks: Vec<Check>,
}

impl Findings {
    /// What is wrong with the backup is a finding; what keeps it from being looked at is an error.
    fn add(&mut self, name: &str, result: Result<String, BackupError>) -> Result<(), BackupError> {
        let (ok, detail) = match result {
            Ok(detail) => (true, detail),
            Err(error) if says_nothing(&error) => return Err(error),
            Err(error) => (false, error.to_string()),
        };
        self.checks.push(Check {
            name: name.to_owned(),
            ok,
            detail,
        });
        Ok(())
    }

    fn is_ok(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }

    fn done(self) -> Verification {
        Verification {
            ok: self.is_ok(),
            checks: self.checks,
        }
    }
}
