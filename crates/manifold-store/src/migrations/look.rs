//! The schema version of one file, told without opening the hub or the project.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::migrate::{MigrationStatus, status_of};
use crate::peek::peek;
use crate::sqlite::APPLICATION_ID;
use crate::{Access, Kind, ProjectId, StoreError};

/// What is applied and pending in the file at `path`, which must hold `project`, if it is a spoke. An up-to-date file costs one
/// short-lived connection and three small reads.
///
/// # Errors
/// [`StoreError::NotOurs`], [`StoreError::NewerSchema`], [`StoreError::WrongProject`], [`StoreError::Corrupt`],
/// [`StoreError::Busy`] when somebody keeps even readers out for longer than `patience`.
pub(super) fn look<K: Kind>(
    path: &Path,
    project: Option<&ProjectId>,
    access: Access,
    patience: Duration,
) -> Result<MigrationStatus, StoreError> {
    let looked = peek(path, access, patience)
        .map_err(StoreError::from)
        .and_then(|connection| read::<K>(&connection, path, project));
    looked.map_err(|error| error.at(path))
}

fn read<K: Kind>(
    connection: &Connection,
    path: &Path,
    project: Option<&ProjectId>,
) -> Result<MigrationStatus, StoreError> {
    let not_ours = |reason: String| StoreError::NotOurs {
        path: path.to_owned(),
        reason,
    };
    // One state of the file: a migration commits its tables and its version together.
    connection.execute_batch("BEGIN DEFERRED")?;
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if application != APPLICATION_ID {
        let reason = format!("its application id is {application:#x}, not {APPLICATION_ID:#x}");
        return Err(not_ours(reason));
    }
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > i64::from(K::VERSION) {
        return Err(StoreError::NewerSchema {
            path: path.to_owned(),
            found: version,
            known: K::VERSION,
        });
    }
    if let Some(project) = project {
        let ids = texts(connection, "SELECT id FROM project LIMIT 1")?;
        match ids.first() {
            Some(id) if id == project.as_str() => {}
            Some(id) => {
                return Err(StoreError::WrongProject {
                    path: path.to_owned(),
                    expected: project.clone(),
                    found: id.clone(),
                });
            }
            None => return Err(not_ours("it names no project".to_owned())),
        }
    }
    let applied = "SELECT version FROM seaql_migrations ORDER BY version";
    status_of::<K>(path, version, texts(connection, applied)?)
}

fn texts(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let texts = statement.query_map([], |row| row.get(0))?;
    texts.collect()
}
