//! Looks into a spoke's file without changing it.

use std::path::Path;

use rusqlite::Connection;

use super::FindingClass;
use super::database_file::{DatabaseFile, Problem};
use crate::{Access, Kind as _, Project};

/// Files above this size are not read through, in bytes.
const LARGEST_CHECKED: u64 = 256 << 20;

/// A spoke's file that is sound, as far as it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpokeFile {
    /// The project inside.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// How often it was replaced.
    pub(super) epoch: i64,
    /// When it was made, as it is stored.
    pub(super) created_at: String,
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

/// Looks into the file at `path`.
pub(crate) fn read(path: &Path, access: Access) -> Result<SpokeFile, Problem> {
    let DatabaseFile {
        connection,
        version,
        unchecked,
    } = DatabaseFile::read::<Project>(path, access, Some(LARGEST_CHECKED))?;
    let (id, name, epoch, created_at) = project_inside(&connection)?;
    let shown = (version == i64::from(Project::VERSION))
        .then(|| shown(&connection))
        .transpose()?;
    Ok(SpokeFile {
        id,
        name,
        epoch,
        created_at,
        version,
        unchecked,
        shown,
    })
}

fn project_inside(connection: &Connection) -> Result<(String, String, i64, String), Problem> {
    let mut statement = connection.prepare("SELECT id, name, epoch, created_at FROM project")?;
    let mut inside = statement
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    match (inside.pop(), inside.len()) {
        (Some(project), 0) => Ok(project),
        (None, _) => Err(Problem::new(FindingClass::Corrupt, "it names no project")),
        (Some(_), others) => Err(Problem::new(
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
