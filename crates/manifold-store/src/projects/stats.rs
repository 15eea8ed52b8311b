//! What a project holds and what room it takes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity_core::backups;
use entity_core::enums::BackupState;
use rusqlite::{Connection, Row};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use crate::metrics::log_bytes;
use crate::peek::peek;
use crate::sqlite::BUSY_TIMEOUT;
use crate::{
    Access, DatabaseManager as _, ProjectId, SqliteManager, StoreError, provision, replace,
};

/// A larger file is not read through unless that is asked for, in bytes.
const LARGEST_READ: u64 = 256 << 20;

/// What a project holds and what room it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectStats {
    /// Its sources, by name.
    pub sources: Vec<SourceStats>,
    /// Indexes that people made on its sources.
    pub index_count: i64,
    /// The size of its file, in bytes.
    pub file_bytes: u64,
    /// The part of the file that nothing uses, in bytes: later rows go there.
    pub free_bytes: u64,
    /// The size of its write-ahead log, in bytes.
    pub log_bytes: u64,
    /// The size of what restores in place have replaced and kept in the trash, in bytes.
    pub safety_copies_bytes: u64,
    /// Its newest complete backup.
    pub last_backup: Option<backups::Model>,
}

/// What a source holds and what room it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStats {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The name of its view.
    pub view_name: String,
    /// Rows of its latest snapshot; 0 without one.
    pub row_count: i64,
    /// How many snapshots it has.
    pub snapshot_count: i64,
    /// When the oldest one was taken.
    pub oldest_snapshot_at: Option<DateTime<Utc>>,
    /// When the newest one was taken.
    pub newest_snapshot_at: Option<DateTime<Utc>>,
    /// What its stored rows are; `None` when the file is larger than 256 MB and was not to be read through.
    pub stored: Option<StoredRows>,
}

/// The stored rows of a source: each version of a row is stored once, however many snapshots show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoredRows {
    /// How many there are.
    pub rows: i64,
    /// The size of their table, in bytes.
    pub table_bytes: u64,
    /// The size of the indexes on it, in bytes.
    pub index_bytes: u64,
}

/// The stats of one state of a project. Its file is read through to measure each source if it has at most 256 MB, or if
/// `read_through` says so; while it is, its log cannot be written back.
pub(super) async fn stats(
    manager: &Arc<SqliteManager>,
    id: &ProjectId,
    read_through: bool,
) -> Result<ProjectStats, StoreError> {
    let spoke = manager.project(id).await?;
    let last_backup = manager
        .core()
        .all(
            backups::Entity::find()
                .filter(backups::Column::ProjectId.eq(id))
                .filter(backups::Column::State.eq(BackupState::Completed))
                .filter(backups::Column::WithData.eq(true))
                .order_by_desc(backups::Column::CreatedAt)
                .limit(1),
        )
        .await?
        .pop();
    let copies = replace::safety_copies(manager.layout(), &id.namespace())?;
    let path = spoke.connection().file().path().to_owned();
    let hold = spoke.connection().meter().hold("the stats of a project");
    let access = manager.access();
    provision::blocking(move || {
        let (_leased, _held) = (spoke, hold);
        let look = || look(&path, access, read_through);
        let (sources, index_count, free_bytes) =
            look().map_err(|error| StoreError::from(error).at(&path))?;
        Ok(ProjectStats {
            sources,
            index_count,
            free_bytes,
            file_bytes: size(&path),
            log_bytes: log_bytes(&path),
            safety_copies_bytes: copies.iter().map(size).sum(),
            last_backup,
        })
    })
    .await
}

fn size(path: &PathBuf) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The sources, how many indexes there are on them, and the free bytes.
fn look(
    path: &Path,
    access: Access,
    read_through: bool,
) -> rusqlite::Result<(Vec<SourceStats>, i64, u64)> {
    let connection = peek(path, access, BUSY_TIMEOUT)?;
    connection.execute_batch("BEGIN DEFERRED")?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let page = number("PRAGMA page_size")?.unsigned_abs();
    let free = number("PRAGMA freelist_count")?.unsigned_abs() * page;
    let bytes = number("PRAGMA page_count")?.unsigned_abs() * page;
    let indexes =
        number("SELECT count(*) FROM (SELECT DISTINCT source_id, number FROM source_indexes)")?;
    let stored = if read_through || bytes <= LARGEST_READ {
        Some(stored_rows(&connection)?)
    } else {
        None
    };
    let mut statement = connection.prepare(
        "SELECT s.id, s.name, s.view_name, s.row_table, \
         (SELECT n.row_count FROM published p JOIN snapshots n ON n.id = p.snapshot_id WHERE p.source_id = s.id), \
         count(t.id), min(t.taken_at), max(t.taken_at) \
         FROM data_sources s LEFT JOIN snapshots t ON t.source_id = s.id GROUP BY s.id ORDER BY s.name_fold, s.id",
    )?;
    let sources = statement.query_map([], |row| source(row, stored.as_ref()))?;
    Ok((sources.collect::<Result<_, _>>()?, indexes, free))
}

fn source(
    row: &Row<'_>,
    stored: Option<&HashMap<String, StoredRows>>,
) -> rusqlite::Result<SourceStats> {
    let table = format!("d{}", row.get::<_, i64>(3)?);
    Ok(SourceStats {
        id: row.get(0)?,
        name: row.get(1)?,
        view_name: row.get(2)?,
        row_count: row.get::<_, Option<i64>>(4)?.unwrap_or(0),
        snapshot_count: row.get(5)?,
        oldest_snapshot_at: time(row, 6)?,
        newest_snapshot_at: time(row, 7)?,
        stored: stored.map(|stored| stored.get(&table).copied().unwrap_or_default()),
    })
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<DateTime<Utc>>> {
    let Some(text) = row.get::<_, Option<String>>(column)? else {
        return Ok(None);
    };
    match DateTime::parse_from_rfc3339(&text) {
        Ok(time) => Ok(Some(time.to_utc())),
        Err(error) => Err(rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            error.into(),
        )),
    }
}

/// What each table and its indexes hold, by reading every page once.
fn stored_rows(connection: &Connection) -> rusqlite::Result<HashMap<String, StoredRows>> {
    let mut statement = connection.prepare(
        "SELECT s.tbl_name, s.type = 'table', sum(d.pgsize), \
         sum(CASE WHEN d.pagetype = 'leaf' THEN d.ncell ELSE 0 END) \
         FROM dbstat d JOIN sqlite_schema s ON s.name = d.name GROUP BY 1, 2",
    )?;
    let mut found: HashMap<String, StoredRows> = HashMap::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let stored = found.entry(row.get(0)?).or_default();
        let bytes = row.get::<_, i64>(2)?.unsigned_abs();
        if row.get(1)? {
            stored.table_bytes = bytes;
            stored.rows = row.get(3)?;
        } else {
            stored.index_bytes = bytes;
        }
    }
    Ok(found)
}
