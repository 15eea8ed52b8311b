//! A hub that was saved, among the temporary files, to take over from it what the live one does not know.

use std::fs::File;
use std::path::Path;

use entity_core::TableCount;
use rusqlite::{Connection, OpenFlags};

use super::check::{check_header, check_objects, check_whole, count};
use super::workspace::Workspace;
use super::{Comparison, StagedError, spoke};
use crate::freeze::{settle_file, tables};
use crate::migrate::{self, Direction};
use crate::sqlite::{self, APPLICATION_ID};
use crate::{Contents, Core, Kind as _, SqliteManager, StoreError};

/// What a backup says that its hub holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedHub {
    /// The number of migrations that made its schema.
    pub schema_version: i64,
    /// Each table with its rows and their logical hash.
    pub tables: Vec<TableCount>,
}

/// A hub that was saved: checked, and migrated. Dropping it removes it.
#[derive(Debug)]
pub struct StagedHub {
    workspace: Workspace,
    compared: Vec<Comparison>,
}

impl StagedHub {
    /// Stages what `write` writes into an empty file: a hub, with exactly the tables and rows that were `expected`, whole by
    /// SQLite's own checks. Then it is migrated.
    ///
    /// # Errors
    /// What `write` returns; [`StagedError`], naming the first thing that is wrong.
    pub async fn copy<E: From<StagedError> + Send + 'static>(
        manager: &SqliteManager,
        expected: ExpectedHub,
        write: impl FnOnce(&mut File) -> Result<(), E> + Send + 'static,
    ) -> Result<Self, E> {
        let workspace = Workspace::create(manager)
            .await
            .map_err(StagedError::from)?;
        let path = workspace.file();
        let compared = crate::blocking(move || {
            let mut options = File::options();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(&path).map_err(StoreError::io("create", &path));
            write(&mut file.map_err(StagedError::from)?)?;
            Ok::<_, E>(check(&path, &expected)?)
        })
        .await?;
        let migrated = async {
            let path = workspace.file();
            migrate::migrate::<Core>(&path, Direction::Up).await?;
            spoke::blocking(move || Ok(settle_file(&path)?)).await
        };
        migrated.await?;
        Ok(Self {
            workspace,
            compared,
        })
    }

    /// What was compared with what was saved; all of it was equal.
    #[must_use]
    pub fn compared(&self) -> &[Comparison] {
        &self.compared
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.workspace.file()
    }
}

fn check(path: &Path, expected: &ExpectedHub) -> Result<Vec<Comparison>, StagedError> {
    check_header(path)?;
    let named = |error: rusqlite::Error| StoreError::from(error).at(path);
    let connection = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(named)?;
    connection
        .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA locking_mode = EXCLUSIVE")
        .map_err(named)?;
    check_versions(&connection, path, expected)?;
    check_whole(&connection, path)?;
    check_objects(&connection, path)?;
    compare(&connection, expected)
}

fn check_versions(
    connection: &Connection,
    path: &Path,
    expected: &ExpectedHub,
) -> Result<(), StagedError> {
    let number = |pragma: &str| -> Result<i64, StoreError> {
        connection
            .query_row(pragma, [], |row| row.get(0))
            .map_err(|error| StoreError::from(error).at(path))
    };
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    if version > i64::from(Core::VERSION) {
        return Err(StoreError::NewerSchema {
            path: path.to_owned(),
            found: version,
            known: Core::VERSION,
        }
        .into());
    }
    if (application, version) != (APPLICATION_ID, expected.schema_version) {
        let reason = format!(
            "its application id is {application:#x} and its schema version {version}, and a hub with {} was saved",
            expected.schema_version
        );
        return Err(StagedError::Foreign {
            path: path.to_owned(),
            reason,
        });
    }
    Ok(())
}

fn compare(
    connection: &Connection,
    expected: &ExpectedHub,
) -> Result<Vec<Comparison>, StagedError> {
    let found = tables(connection, Contents::WithData)?;
    let saved_of = |name: &str| expected.tables.iter().find(|saved| saved.name == name);
    let mut compared = Vec::with_capacity(found.len());
    for table in &found {
        let Some(saved) = saved_of(&table.name) else {
            return Err(StagedError::Unexpected {
                table: table.name.clone(),
            });
        };
        let back = count(connection, table)?;
        if back != *saved {
            return Err(StagedError::Differs {
                table: back.name,
                expected_rows: saved.rows,
                expected_hash: saved.hash.clone(),
                found_rows: back.rows,
                found_hash: back.hash,
            });
        }
        compared.push(Comparison {
            name: back.name,
            rows_expected: saved.rows,
            rows_restored: back.rows,
        });
    }
    let is_back = |saved: &&TableCount| found.iter().any(|table| table.name == saved.name);
    match expected.tables.iter().find(|saved| !is_back(saved)) {
        Some(missing) => Err(StagedError::Missing {
            table: missing.name.clone(),
        }),
        None => Ok(compared),
    }
}
