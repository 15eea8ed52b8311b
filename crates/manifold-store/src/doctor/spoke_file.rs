//! Looks into a spoke's file without changing it, whoever else has it open.

use std::path::Path;

use rusqlite::Connection;

use super::FindingClass;
use crate::peek::peek;
use crate::sqlite::{APPLICATION_ID, BUSY_TIMEOUT};
use crate::{Access, Kind as _, Project, StoreError};

/// Files above this size are not read through, in bytes.
const LARGEST_CHECKED: u64 = 256 << 20;

/// How many of the things wrong with a damaged file are told.
const MOST_REASONS: u32 = 3;

/// A spoke's file that is sound, as far as it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SpokeFile {
    /// The project inside.
    pub(super) id: String,
    /// The schema version.
    pub(super) version: i64,
    /// The size that was too large to be read through, in bytes.
    pub(super) unchecked: Option<u64>,
    /// What the hub should show of it; `None` in an older schema.
    pub(super) shown: Option<Shown>,
}

/// What the hub shows of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) version: (i64, i64),
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) source_count: i64,
    pub(super) snapshot_count: i64,
    pub(super) row_count: i64,
    /// Id, name, view and latest snapshot of each source, by id.
    pub(super) sources: Vec<(String, String, String, Option<String>)>,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) class: FindingClass,
    pub(super) reason: String,
}

/// Looks into the file at `path`. Only SQLite opens it: closing a file opened in another way would drop the
/// locks that SQLite holds on it in this process.
pub(super) fn read(path: &Path, access: Access) -> Result<SpokeFile, Problem> {
    let size = match std::fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(problem(FindingClass::MissingFile, "it is not there"));
        }
        Err(error) => return Err(problem(FindingClass::Unreadable, error)),
    };
    if size == 0 {
        return Err(problem(FindingClass::NotSqlite, "it is empty"));
    }
    let connection = peek(path, access, BUSY_TIMEOUT)?;
    // One state of the file, whatever others write.
    connection.execute_batch("BEGIN DEFERRED")?;
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if application != APPLICATION_ID {
        let reason = format!("its application id is {application:#x}, not {APPLICATION_ID:#x}");
        return Err(problem(FindingClass::NotManifold, reason));
    }
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > i64::from(Project::VERSION) {
        let reason = format!(
            "it has schema version {version}, this program knows {}",
            Project::VERSION
        );
        return Err(problem(FindingClass::NewerSchema, reason));
    }
    let unchecked = (size > LARGEST_CHECKED).then_some(size);
    if unchecked.is_none() {
        check(&connection)?;
    }
    let id = project_inside(&connection)?;
    let shown = (version == i64::from(Project::VERSION))
        .then(|| shown(&connection))
        .transpose()?;
    Ok(SpokeFile {
        id,
        version,
        unchecked,
        shown,
    })
}

fn check(connection: &Connection) -> Result<(), Problem> {
    let mut statement = connection.prepare(&format!("PRAGMA quick_check({MOST_REASONS})"))?;
    let reasons = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    if reasons == ["ok"] {
        return Ok(());
    }
    Err(problem(
        FindingClass::Corrupt,
        reasons.join(", ").replace('\n', " "),
    ))
}

fn project_inside(connection: &Connection) -> Result<String, Problem> {
    let mut statement = connection.prepare("SELECT id FROM project")?;
    let mut ids = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    match (ids.pop(), ids.len()) {
        (Some(id), 0) => Ok(id),
        (None, _) => Err(problem(FindingClass::Corrupt, "it names no project")),
        (Some(_), others) => Err(problem(
            FindingClass::Corrupt,
            format!("it names {} projects", others + 1),
        )),
    }
}

fn shown(connection: &Connection) -> Result<Shown, Problem> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let mut statement = connection.prepare(
        "SELECT s.id, s.name, s.view_name, p.snapshot_id FROM data_sources s \
         LEFT JOIN published p ON p.source_id = s.id ORDER BY s.id",
    )?;
    let sources = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    let sources = sources.collect::<Result<_, _>>()?;
    let shown = connection.query_row("SELECT epoch, revision, name, description FROM project", [], |row| {
        Ok(Shown {
            version: (row.get(0)?, row.get(1)?),
            name: row.get(2)?,
            description: row.get(3)?,
            source_count: count("SELECT count(*) FROM data_sources")?,
            snapshot_count: count("SELECT count(*) FROM snapshots")?,
            row_count: count(
                "SELECT coalesce(sum(s.row_count), 0) FROM published p JOIN snapshots s ON s.id = p.snapshot_id",
            )?,
            sources,
        })
    })?;
    Ok(shown)
}

fn problem(class: FindingClass, reason: impl std::fmt::Display) -> Problem {
    Problem {
        class,
        reason: reason.to_string(),
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        let refused = matches!(
            error.sqlite_error_code(),
            Some(
                rusqlite::ErrorCode::CannotOpen
                    | rusqlite::ErrorCode::SystemIoFailure
                    | rusqlite::ErrorCode::PermissionDenied
            )
        );
        match StoreError::from(error) {
            StoreError::NotOurs { reason, .. } => problem(FindingClass::NotSqlite, reason),
            error @ StoreError::Busy { .. } => problem(FindingClass::Unchecked, error),
            error if refused => problem(FindingClass::Unreadable, error),
            StoreError::Corrupt { reason, .. } => problem(FindingClass::Corrupt, reason),
            error => problem(FindingClass::Corrupt, error),
        }
    }
}
