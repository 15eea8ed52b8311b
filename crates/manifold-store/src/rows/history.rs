//! Every version of one row of a keyed source.

use super::cell::Cell;
use super::diff_rows::fetch;
use super::error::{Doing, RowsError};
use super::row::Row;
use super::snapshot::{Column, Snapshot, latest, snapshot};
use super::source::Source;
use super::view_cell::shown;
use rusqlite::{Connection, params_from_iter};
use std::collections::{BTreeSet, HashMap};

/// What became of a row in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionOp {
    /// The snapshot before does not have the row.
    Added,
    /// The row has other values than in the snapshot before.
    Changed,
    /// The snapshot before has the row, this one has not.
    Removed,
}

/// A row as it was in one or more snapshots in a row, or its absence.
#[derive(Debug, Clone)]
pub struct RowVersion {
    /// What became of it in [`Self::from`].
    pub op: VersionOp,
    /// The first snapshot of this version.
    pub from: Snapshot,
    /// The last one; `None` while the latest snapshot shows this version.
    pub to: Option<Snapshot>,
    /// Which of several rows with the same key, from 1, in the order in which they are stored.
    pub occurrence: usize,
    /// One cell per column of [`Self::from`]; `None` when it was removed.
    pub row: Option<Row>,
}

/// The versions of one row, oldest first; of several rows with the same key one after the other.
#[derive(Debug, Clone)]
pub struct History {
    /// The columns of the key as the latest snapshot has them.
    pub key: Vec<Column>,
    /// The versions.
    pub versions: Vec<RowVersion>,
}

/// A stored version and where it is visible.
struct Stored {
    rid: i64,
    to: i64,
}

impl Stored {
    fn is_in(&self, mark: &Mark) -> bool {
        self.rid <= mark.rid_hi && self.to > mark.seq
    }
}

/// A snapshot's bounds.
struct Mark {
    id: String,
    rid_hi: i64,
    seq: i64,
}

/// The versions of the rows whose key columns show one of the values that `wanted` gives for each column (by its
/// index in the key). Empty when no snapshot has such a row. Rows are told by the stored columns that are
/// the key in the latest snapshot.
///
/// Reads the source's row table once, or only the rows in question where an index serves the key.
///
/// # Errors
/// [`RowsError::NoKey`], [`RowsError::NothingPublished`], [`RowsError::NoSource`], [`RowsError::Sqlite`].
pub fn history(
    conn: &Connection,
    source_id: &str,
    wanted: impl Fn(usize, &Column) -> Row,
) -> Result<History, RowsError> {
    let source = Source::load(conn, source_id)?;
    let latest = latest(conn, source_id)?.ok_or_else(|| RowsError::NothingPublished {
        source_id: source_id.to_owned(),
    })?;
    let key = key_columns(&source, &latest)?;
    let stored = matching(conn, &latest, &key, wanted).doing("looking for the row")?;
    let marks = marks(conn, source_id, latest.seq).doing("reading the snapshots")?;
    let present: Vec<Vec<&Stored>> = marks
        .iter()
        .map(|mark| stored.iter().filter(|row| row.is_in(mark)).collect())
        .collect();
    let most = present.iter().map(Vec::len).max().unwrap_or_default();
    let mut teller = Teller {
        conn,
        marks: &marks,
        snapshots: HashMap::new(),
        versions: Vec::new(),
    };
    for occurrence in 0..most {
        let rids: Vec<Option<i64>> = present
            .iter()
            .map(|rows| rows.get(occurrence).map(|row| row.rid))
            .collect();
        teller.tell(occurrence + 1, &rids)?;
    }
    Ok(History {
        key,
        versions: teller.versions,
    })
}

fn key_columns(source: &Source, latest: &Snapshot) -> Result<Vec<Column>, RowsError> {
    let no_key = |reason: String| RowsError::NoKey {
        source_name: source.view_name.clone(),
        reason,
    };
    if source.key_columns.is_empty() {
        return Err(no_key("it has no key columns".to_owned()));
    }
    let named = |name: &String| {
        let exact = latest.columns.iter().find(|column| column.name == *name);
        let folded = name.to_lowercase();
        let alike = || {
            let mut columns = latest.columns.iter();
            columns.find(|column| column.name.to_lowercase() == folded)
        };
        exact
            .or_else(alike)
            .cloned()
            .ok_or_else(|| no_key(format!("its latest snapshot has no key column `{name}`")))
    };
    source.key_columns.iter().map(named).collect()
}

/// Every stored version with this key, published or not, in the order of rids.
fn matching(
    conn: &Connection,
    latest: &Snapshot,
    key: &[Column],
    wanted: impl Fn(usize, &Column) -> Row,
) -> rusqlite::Result<Vec<Stored>> {
    let mut conditions = Vec::new();
    let candidates: Vec<Row> = (key.iter().enumerate())
        .map(|(index, column)| wanted(index, column))
        .collect();
    for (column, candidates) in key.iter().zip(&candidates) {
        let marks = vec!["?"; candidates.len()].join(", ");
        conditions.push(format!("{} IN ({marks})", shown(column)));
    }
    // The expressions are those of the view, so that an index on them serves here too.
    let mut statement = conn.prepare(&format!(
        "SELECT d._rid, d._to FROM {} d WHERE {} ORDER BY d._rid",
        latest.table,
        conditions.join(" AND ")
    ))?;
    let values = candidates.iter().flat_map(Row::cells);
    let rows = statement.query_map(params_from_iter(values), |row| {
        Ok(Stored {
            rid: row.get(0)?,
            to: row.get(1)?,
        })
    })?;
    rows.collect()
}

/// The published snapshots, oldest first.
fn marks(conn: &Connection, source_id: &str, latest_seq: i64) -> rusqlite::Result<Vec<Mark>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, rid_hi, seq FROM snapshots WHERE source_id = ? AND seq <= ? ORDER BY seq",
    )?;
    let marks = statement.query_map((source_id, latest_seq), |row| {
        Ok(Mark {
            id: row.get(0)?,
            rid_hi: row.get(1)?,
            seq: row.get(2)?,
        })
    })?;
    marks.collect()
}

/// Turns the stored row of each snapshot into versions.
struct Teller<'a> {
    conn: &'a Connection,
    marks: &'a [Mark],
    snapshots: HashMap<usize, Snapshot>,
    versions: Vec<RowVersion>,
}

impl Teller<'_> {
    /// Adds the versions of one row, given its rid in each snapshot.
    fn tell(&mut self, occurrence: usize, rids: &[Option<i64>]) -> Result<(), RowsError> {
        let first_new = self.versions.len();
        let mut before = None;
        for (at, &rid) in rids.iter().enumerate() {
            let op = match (before, rid) {
                (None, None) => continue,
                (None, Some(_)) => VersionOp::Added,
                (Some(_), None) => VersionOp::Removed,
                (Some(old), Some(new)) if old == new => continue,
                (Some(old), Some(new)) if self.is_same(at, old, new)? => {
                    before = rid; // it only stands elsewhere
                    continue;
                }
                (Some(_), Some(_)) => VersionOp::Changed,
            };
            before = rid;
            if self.versions.len() > first_new {
                let until = self.snapshot(at - 1)?;
                if let Some(last) = self.versions.last_mut() {
                    last.to = Some(until);
                }
            }
            let from = self.snapshot(at)?;
            let row = rid.map(|rid| self.row(&from, rid)).transpose()?;
            self.versions.push(RowVersion {
                op,
                from,
                to: None,
                occurrence,
                row,
            });
        }
        Ok(())
    }

    /// Whether two stored versions hold the same cells, in a snapshot and the one before, which have the same
    /// columns in any order.
    fn is_same(&mut self, at: usize, old: i64, new: i64) -> Result<bool, RowsError> {
        let (before, after) = (self.snapshot(at - 1)?, self.snapshot(at)?);
        let phys = |snapshot: &Snapshot| -> BTreeSet<i64> {
            snapshot.columns.iter().map(|column| column.phys).collect()
        };
        if phys(&before) != phys(&after) {
            return Ok(false);
        }
        let packed = |rid: i64| {
            let mut bytes = Vec::new();
            let row = self.row(&after, rid)?;
            row.cells().for_each(|cell: Cell<'_>| cell.pack(&mut bytes));
            Ok::<_, RowsError>(bytes)
        };
        Ok(packed(old)? == packed(new)?)
    }

    fn row(&self, of: &Snapshot, rid: i64) -> Result<Row, RowsError> {
        fetch(self.conn, of, of.columns.iter().map(Some), rid).doing("reading a version of the row")
    }

    fn snapshot(&mut self, at: usize) -> Result<Snapshot, RowsError> {
        if let Some(known) = self.snapshots.get(&at) {
            return Ok(known.clone());
        }
        let read = snapshot(self.conn, &self.marks[at].id)?;
        self.snapshots.insert(at, read.clone());
        Ok(read)
    }
}
