//! The published rows of a data source, and what was done to them.

use std::ops::RangeInclusive;

use entity_project::enums::{RowEpochKind, UnknownValue};
use rusqlite::{Connection, OptionalExtension as _};

use super::{Contents, Frozen, Table, TableKind, row_table_number};
use crate::StoreError;

/// The rows of a data source as far as they are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSource {
    /// The source.
    pub source_id: String,
    /// The table of its rows.
    pub table: Table,
    /// The columns that are published: `_rid`, `_pos`, and those that a snapshot lists.
    pub columns: Vec<String>,
    /// The latest snapshot; `None` when nothing is published.
    pub snapshot_id: Option<String>,
    /// The last published rid; 0 when nothing is published.
    pub rid_hi: i64,
    /// The last published seq; 0 when nothing is published.
    pub seq: i64,
    /// Its snapshots, rising.
    pub snapshots: Vec<SnapshotMark>,
    /// What was done to published rows, rising.
    pub epochs: Vec<RowEpoch>,
}

/// Where a snapshot ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotMark {
    /// Its id.
    pub id: String,
    /// The last rid that it may show.
    pub rid_hi: i64,
    /// It shows what was not closed up to here.
    pub seq: i64,
}

/// Something that was done to published rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowEpoch {
    /// Its number; it rises by one.
    pub epoch: i64,
    /// What it was: all of the rows are gone and all of the closes open again, cells of some of the rows are others, or some
    /// of the rows are gone with their closes.
    pub kind: RowEpochKind,
    /// The rows it was done to are among these.
    pub rids: RangeInclusive<i64>,
    /// The closes it was done to are among these; empty when it was done to none.
    pub seqs: RangeInclusive<i64>,
}

impl Frozen {
    /// The rows of each data source that has a table of them, by the number of the table.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn row_sources(&self) -> Result<Vec<RowSource>, StoreError> {
        let mut sources = Vec::new();
        for table in self.tables(Contents::WithData)? {
            if table.kind == TableKind::Rows
                && let Some(source) = read(self.connection(), table)?
            {
                sources.push(source);
            }
        }
        Ok(sources)
    }
}

/// `None` for a table that belongs to no source.
fn read(connection: &Connection, table: Table) -> Result<Option<RowSource>, StoreError> {
    let source_id: Option<String> = connection
        .query_row(
            "SELECT id FROM data_sources WHERE row_table = ?",
            [row_table_number(&table.name)],
            |row| row.get(0),
        )
        .optional()?;
    let Some(source_id) = source_id else {
        return Ok(None);
    };
    let published: Option<(String, i64, i64)> = connection
        .query_row(
            "SELECT snapshot_id, rid_hi, seq FROM published WHERE source_id = ?",
            [&source_id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let (snapshot_id, rid_hi, seq) = match published {
        Some((id, rid_hi, seq)) => (Some(id), rid_hi, seq),
        None => (None, 0, 0),
    };
    Ok(Some(RowSource {
        columns: columns(connection, &source_id, &table)?,
        snapshots: snapshots(connection, &source_id)?,
        epochs: epochs(connection, &source_id)?,
        source_id,
        table,
        snapshot_id,
        rid_hi,
        seq,
    }))
}

fn columns(
    connection: &Connection,
    source_id: &str,
    table: &Table,
) -> Result<Vec<String>, StoreError> {
    let mut select = connection.prepare(
        "SELECT DISTINCT c.phys FROM snapshots s JOIN snapshot_columns c ON c.snapshot_id = s.id \
         WHERE s.source_id = ? ORDER BY c.phys",
    )?;
    let listed: Vec<i64> = select
        .query_map([source_id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let listed = listed.iter().map(|phys| format!("c{phys}"));
    let fixed = ["_rid", "_pos"].map(str::to_owned);
    let both = fixed.into_iter().chain(listed);
    Ok(both.filter(|name| table.columns.contains(name)).collect())
}

fn snapshots(connection: &Connection, source_id: &str) -> Result<Vec<SnapshotMark>, StoreError> {
    let mut select = connection
        .prepare("SELECT id, rid_hi, seq FROM snapshots WHERE source_id = ? ORDER BY seq")?;
    let marks = select.query_map([source_id], |row| {
        Ok(SnapshotMark {
            id: row.get(0)?,
            rid_hi: row.get(1)?,
            seq: row.get(2)?,
        })
    })?;
    Ok(marks.collect::<Result<_, _>>()?)
}

fn epochs(connection: &Connection, source_id: &str) -> Result<Vec<RowEpoch>, StoreError> {
    let mut select = connection.prepare(
        "SELECT epoch, kind, rid_lo, rid_hi, coalesce(seq_lo, 1), coalesce(seq_hi, 0) \
         FROM row_epochs WHERE source_id = ? ORDER BY epoch",
    )?;
    let mut rows = select.query([source_id])?;
    let mut epochs = Vec::new();
    while let Some(row) = rows.next()? {
        let kind: String = row.get(1)?;
        epochs.push(RowEpoch {
            epoch: row.get(0)?,
            kind: kind
                .parse()
                .map_err(|error: UnknownValue| StoreError::Decode(error.to_string()))?,
            rids: row.get(2)?..=row.get(3)?,
            seqs: row.get(4)?..=row.get(5)?,
        });
    }
    Ok(epochs)
}
