//! Is it the project that was saved, whole?

use std::io::Read as _;
use std::path::Path;

use entity_core::TableCount;
use rusqlite::ffi::{SQLITE_IOERR, SQLITE_IOERR_DATA};
use rusqlite::{Connection, OpenFlags};

use super::expected_part::count_parted;
use super::{Comparison, Expected, ExpectedRows, StagedError};
use crate::freeze::{
    Contents, FrozenProject, Table, TableDigest, TableKind, read_rows, row_table_number, tables,
};
use crate::sqlite::{self, APPLICATION_ID};
use crate::{Kind as _, Project, StoreError};

/// What every SQLite database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// What was found in a file that passed.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) project: FrozenProject,
    pub(super) compared: Vec<Comparison>,
}

pub(super) fn check(path: &Path, expected: &Expected) -> Result<Checked, StagedError> {
    let connection = open(path)?;
    check_versions(&connection, path, expected)?;
    check_whole(&connection, path)?;
    check_objects(&connection, path)?;
    let project = only_project(&connection, path)?;
    if project.id != expected.project_id {
        return Err(StagedError::OtherProject {
            expected: expected.project_id.clone(),
            found: project.id,
        });
    }
    let compared = compare(&connection, expected)?;
    Ok(Checked { project, compared })
}

/// Is it one project, whole? For a copy of which nothing else is known.
pub(super) fn check_alone(path: &Path) -> Result<Checked, StagedError> {
    let connection = open(path)?;
    check_whole(&connection, path)?;
    check_objects(&connection, path)?;
    Ok(Checked {
        project: only_project(&connection, path)?,
        compared: Vec::new(),
    })
}

/// As [`check`], of a spoke that this program has just made and that has nothing to be compared with.
pub(super) fn check_mended(path: &Path) -> Result<Checked, StagedError> {
    let connection = open(path)?;
    check_whole(&connection, path)?;
    Ok(Checked {
        project: only_project(&connection, path)?,
        compared: Vec::new(),
    })
}

fn open(path: &Path) -> Result<Connection, StagedError> {
    check_header(path)?;
    let named = |error: rusqlite::Error| StoreError::from(error).at(path);
    let connection = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(named)?;
    connection
        .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA locking_mode = EXCLUSIVE")
        .map_err(named)?;
    Ok(connection)
}

pub(super) fn check_header(path: &Path) -> Result<(), StagedError> {
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(16).read_to_end(&mut head));
    read.map_err(StoreError::io("read", path))?;
    if head == MAGIC {
        return Ok(());
    }
    let reason = if head.is_empty() {
        "it is empty"
    } else {
        "it does not begin as a SQLite database does"
    };
    Err(StagedError::Foreign {
        path: path.to_owned(),
        reason: reason.to_owned(),
    })
}

fn check_versions(
    connection: &Connection,
    path: &Path,
    expected: &Expected,
) -> Result<(), StagedError> {
    let number = |pragma: &str| -> Result<i64, StoreError> {
        connection
            .query_row(pragma, [], |row| row.get(0))
            .map_err(|error| StoreError::from(error).at(path))
    };
    let application = number("PRAGMA application_id")?;
    if application != APPLICATION_ID {
        let reason = format!("its application id is {application:#x}, not {APPLICATION_ID:#x}");
        return Err(StagedError::Foreign {
            path: path.to_owned(),
            reason,
        });
    }
    let version = number("PRAGMA user_version")?;
    if version > i64::from(Project::VERSION) {
        let known = Project::VERSION;
        return Err(StoreError::NewerSchema {
            path: path.to_owned(),
            found: version,
            known,
        }
        .into());
    }
    if version != expected.schema_version {
        let reason = format!(
            "its schema version is {version}, and {} was saved",
            expected.schema_version
        );
        return Err(StagedError::Foreign {
            path: path.to_owned(),
            reason,
        });
    }
    Ok(())
}

pub(super) fn check_whole(connection: &Connection, path: &Path) -> Result<(), StagedError> {
    let named = |error: rusqlite::Error| StoreError::from(error).at(path);
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(named)?;
    if found != "ok" {
        return Err(wrong_page(path, found).into());
    }
    let mut orphans = connection
        .prepare("PRAGMA foreign_key_check")
        .map_err(named)?;
    let mut orphans = orphans.query([]).map_err(named)?;
    if let Some(orphan) = orphans.next().map_err(named)? {
        let table: String = orphan.get(0).map_err(named)?;
        let reason = format!("rows of `{table}` refer to rows that are not there");
        return Err(StoreError::Corrupt {
            path: path.to_owned(),
            reason,
        }
        .into());
    }
    Ok(())
}

/// What the check of pages found. A page that could not be read tells of the disk, and nothing of what is on it.
fn wrong_page(path: &Path, found: String) -> StoreError {
    let code = found.split("error code=").nth(1);
    let code: Option<i32> = code.and_then(|code| code.trim().parse().ok());
    match code {
        Some(code) if code != SQLITE_IOERR_DATA && code & 0xff == SQLITE_IOERR => {
            StoreError::Disk {
                path: Some(path.to_owned()),
                reason: found,
            }
        }
        _ => StoreError::Corrupt {
            path: path.to_owned(),
            reason: found,
        },
    }
}

/// No project has triggers or virtual tables: whoever put them there wants something done.
pub(super) fn check_objects(connection: &Connection, path: &Path) -> Result<(), StagedError> {
    let mut foreign = connection
        .prepare(
            "SELECT type || ' `' || name || '`' FROM sqlite_schema WHERE type = 'trigger' \
             OR (type = 'table' AND rootpage = 0)",
        )
        .map_err(StoreError::from)?;
    let mut foreign = foreign.query([]).map_err(StoreError::from)?;
    match foreign.next().map_err(StoreError::from)? {
        None => Ok(()),
        Some(row) => {
            let object: String = row.get(0).map_err(StoreError::from)?;
            Err(StagedError::Foreign {
                path: path.to_owned(),
                reason: format!("it has the {object}"),
            })
        }
    }
}

fn only_project(connection: &Connection, path: &Path) -> Result<FrozenProject, StagedError> {
    let read = || -> rusqlite::Result<Vec<FrozenProject>> {
        connection
            .prepare("SELECT id, name, epoch, revision FROM project LIMIT 2")?
            .query_map([], |row| {
                Ok(FrozenProject {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    epoch: row.get(2)?,
                    revision: row.get(3)?,
                })
            })?
            .collect()
    };
    let mut found = read().map_err(|error| StagedError::from(StoreError::from(error).at(path)))?;
    match (found.pop(), found.is_empty()) {
        (Some(project), true) => Ok(project),
        (Some(_), false) => Err(StagedError::Foreign {
            path: path.to_owned(),
            reason: "it holds several projects".to_owned(),
        }),
        (None, _) => Err(StagedError::Foreign {
            path: path.to_owned(),
            reason: "it names no project".to_owned(),
        }),
    }
}

fn compare(connection: &Connection, expected: &Expected) -> Result<Vec<Comparison>, StagedError> {
    let found = tables(connection, Contents::WithData)?;
    let mut compared = Vec::with_capacity(expected.tables.len());
    for table in &found {
        let Some(saved) = expected
            .tables
            .iter()
            .find(|saved| saved.name == table.name)
        else {
            refuse_unexpected(connection, table)?;
            continue;
        };
        refuse_without_source(table)?;
        compared.push(compare_table(connection, table, saved, expected)?);
    }
    match expected
        .tables
        .iter()
        .find(|saved| found.iter().all(|table| table.name != saved.name))
    {
        Some(missing) => Err(StagedError::Missing {
            table: missing.name.clone(),
        }),
        None => Ok(compared),
    }
}

/// Compares one table with what was saved of it: whole, by tiles or by parts.
pub(super) fn compare_table(
    connection: &Connection,
    table: &Table,
    saved: &TableCount,
    expected: &Expected,
) -> Result<Comparison, StagedError> {
    if let Some(rows) = expected.rows.iter().find(|rows| rows.table == table.name) {
        return compare_tiles(connection, saved, rows);
    }
    let parts = expected.parts.iter();
    let parts: Vec<_> = parts.filter(|part| part.table == table.name).collect();
    let back = if parts.is_empty() {
        count(connection, table)?
    } else {
        count_parted(connection, table, &parts)?
    };
    if back != *saved {
        return Err(StagedError::Differs {
            table: back.name,
            expected_rows: saved.rows,
            expected_hash: saved.hash.clone(),
            found_rows: back.rows,
            found_hash: back.hash,
        });
    }
    Ok(Comparison {
        name: back.name,
        rows_expected: saved.rows,
        rows_restored: back.rows,
    })
}

pub(super) fn count(connection: &Connection, table: &Table) -> Result<TableCount, StoreError> {
    let mut digest = TableDigest::new(table);
    read_rows(connection, table, |cells| {
        digest.row(cells);
        Ok::<_, StoreError>(())
    })?;
    Ok(digest.finish())
}

fn compare_tiles(
    connection: &Connection,
    saved: &TableCount,
    rows: &ExpectedRows,
) -> Result<Comparison, StagedError> {
    if !rows.agrees(saved) {
        return Err(StagedError::Table {
            table: saved.name.clone(),
            reason: "the number of its rows is not that of its tiles".to_owned(),
        });
    }
    Ok(Comparison {
        name: saved.name.clone(),
        rows_expected: saved.rows,
        rows_restored: rows.check(connection)?,
    })
}

fn refuse_unexpected(connection: &Connection, table: &Table) -> Result<(), StagedError> {
    let sql = format!(
        "SELECT EXISTS(SELECT 1 FROM {})",
        crate::freeze::quoted(&table.name)
    );
    let any: bool = connection
        .query_row(&sql, [], |row| row.get(0))
        .map_err(StoreError::from)?;
    if any || table.kind == TableKind::Rows {
        return Err(StagedError::Unexpected {
            table: table.name.clone(),
        });
    }
    Ok(())
}

fn refuse_without_source(table: &Table) -> Result<(), StagedError> {
    if row_table_number(&table.name).is_some() && table.source.is_none() {
        let reason = "it belongs to no data source".to_owned();
        return Err(StagedError::Table {
            table: table.name.clone(),
            reason,
        });
    }
    Ok(())
}
