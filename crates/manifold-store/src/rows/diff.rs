//! What differs between two snapshots of a source.

use super::diff_moved::{Moved, moved};
use super::diff_rows::{Version, Versions, fetch};
use super::error::{Doing, RowsError};
use super::row::Row;
use super::snapshot::{Column, Snapshot};
use super::source::Source;
use rusqlite::Connection;
use std::ops::ControlFlow;

/// What differs between two snapshots.
#[derive(Debug, Clone)]
pub struct Diff {
    /// Rows that only the second snapshot has.
    pub added: u64,
    /// Rows that only the first snapshot has.
    pub removed: u64,
    /// Rows with the same key and other values; 0 without a key.
    pub changed: u64,
    /// Rows with the same values that are stored at another place; see [`super::Counts::moved`].
    pub moved: u64,
    /// All columns of both snapshots: those of the second in its order, then those that only the
    /// first has.
    pub columns: Vec<DiffColumn>,
    /// The columns that rows were paired by, as indexes in `columns`; empty when they were paired
    /// by their content.
    pub key: Vec<usize>,
    /// The first changes in the order of the rows, as many as were asked for.
    pub changes: Vec<Change>,
}

/// A column in two snapshots. Values of a column that only one of them has are not compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffColumn {
    /// The column in the first snapshot.
    pub from: Option<Column>,
    /// The column in the second snapshot.
    pub to: Option<Column>,
}

/// Which of the changes between two snapshots are returned; all are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// The most changes.
    pub limit: u64,
    /// Whether rows that only moved are among them.
    pub moved: bool,
}

impl Listing {
    /// Every change.
    pub const ALL: Self = Self {
        limit: u64::MAX,
        moved: true,
    };

    /// At most this many changes of any kind.
    #[must_use]
    pub const fn first(limit: u64) -> Self {
        Self { limit, moved: true }
    }

    fn most_moved(self) -> u64 {
        if self.moved { self.limit } else { 0 }
    }
}

/// One row that differs. Rows have one cell per [`Diff::columns`], NULL where their snapshot does
/// not have the column.
#[derive(Debug, Clone)]
pub enum Change {
    /// Only the second snapshot has the row.
    Added {
        /// The row.
        after: Row,
    },
    /// Only the first snapshot has the row.
    Removed {
        /// The row.
        before: Row,
    },
    /// The row has other values.
    Changed {
        /// The row in the first snapshot.
        before: Row,
        /// The row in the second snapshot.
        after: Row,
    },
    /// The row stands elsewhere.
    Moved {
        /// The row in the second snapshot.
        after: Row,
    },
}

/// Takes the changes between two snapshots one by one; `Break` ends it.
pub trait Changes {
    /// The counts and columns, first; no changes yet. So many changes follow at most.
    fn begin(&mut self, diff: &Diff, listed: u64) -> ControlFlow<()>;

    /// The next change, in the order of the rows.
    fn change(&mut self, change: Change) -> ControlFlow<()>;
}

/// Compares two snapshots of one source; either may be the older. Rows are paired by `key` (shown names; the source's key if
/// `None`) where both snapshots have all of its columns, otherwise by their content.
///
/// Reads only the row versions that differ, and keeps about 100 bytes for each. If not the same stored order holds for both
/// snapshots, it reads all rows to see which of them moved.
///
/// # Errors
/// [`RowsError::DifferentSources`], [`RowsError::NoSource`] and [`RowsError::Sqlite`].
pub fn diff(
    conn: &Connection,
    from: &Snapshot,
    to: &Snapshot,
    listing: Listing,
    key: Option<&[String]>,
) -> Result<Diff, RowsError> {
    let mut kept = Kept::default();
    let diff = each_change(conn, from, to, listing, key, &mut kept)?;
    let changes = kept.0;
    Ok(Diff { changes, ..diff })
}

/// As [`diff`], for changes that nobody wants to keep: `changes` takes them, and those of the result are none.
///
/// # Errors
/// As [`diff`].
pub fn each_change(
    conn: &Connection,
    from: &Snapshot,
    to: &Snapshot,
    listing: Listing,
    key: Option<&[String]>,
    changes: &mut impl Changes,
) -> Result<Diff, RowsError> {
    if from.source_id != to.source_id {
        return Err(RowsError::DifferentSources {
            from: from.id.clone(),
            to: to.id.clone(),
        });
    }
    let source = Source::load(conn, &from.source_id)?;
    let columns = columns(from, to);
    let key = key_indexes(&columns, key.unwrap_or(&source.key_columns));
    let versions = Versions::read(conn, from, to, &columns, &key).doing("comparing snapshots")?;
    let mut pairs = versions.pair();
    let mut elsewhere = 0;
    if from.order_id == to.order_id {
        pairs.retain(|pair| !pair.is_same_place());
    } else {
        let Moved {
            new_versions,
            same_version,
            first,
        } = moved(conn, from, to, &pairs, listing.most_moved())?;
        let stands_elsewhere = |version: Version| new_versions.contains(&version.rid);
        pairs.retain(|pair| !pair.same || pair.after.is_some_and(stands_elsewhere));
        elsewhere = same_version - first.len() as u64;
        pairs.extend(first);
    }
    pairs.sort_by(|a, b| a.order().total_cmp(&b.order()));
    let mut diff = Diff {
        added: 0,
        removed: 0,
        changed: 0,
        moved: elsewhere,
        columns,
        key,
        changes: Vec::new(),
    };
    for pair in &pairs {
        *match pair {
            moved if moved.is_moved() => &mut diff.moved,
            Pair { before: None, .. } => &mut diff.added,
            Pair { after: None, .. } => &mut diff.removed,
            _ => &mut diff.changed,
        } += 1;
    }
    if !listing.moved {
        pairs.retain(|pair| !pair.is_moved());
    }
    pairs.truncate(usize::try_from(listing.limit).unwrap_or(usize::MAX));
    if changes.begin(&diff, pairs.len() as u64).is_break() {
        return Ok(diff);
    }
    for pair in &pairs {
        let change = pair
            .change(conn, from, to, &diff.columns)
            .doing("reading changed rows")?;
        if let Some(change) = change
            && changes.change(change).is_break()
        {
            break;
        }
    }
    Ok(diff)
}

/// Changes that are kept.
#[derive(Default)]
struct Kept(Vec<Change>);

impl Changes for Kept {
    fn begin(&mut self, _: &Diff, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn change(&mut self, change: Change) -> ControlFlow<()> {
        self.0.push(change);
        ControlFlow::Continue(())
    }
}

fn columns(from: &Snapshot, to: &Snapshot) -> Vec<DiffColumn> {
    let with = |phys: i64, snapshot: &Snapshot| {
        snapshot
            .columns
            .iter()
            .find(|column| column.phys == phys)
            .cloned()
    };
    let of_both = to.columns.iter().map(|column| DiffColumn {
        from: with(column.phys, from),
        to: Some(column.clone()),
    });
    let gone = from
        .columns
        .iter()
        .filter(|column| with(column.phys, to).is_none());
    of_both
        .chain(gone.map(|column| DiffColumn {
            from: Some(column.clone()),
            to: None,
        }))
        .collect()
}

/// The columns of the key; none unless both snapshots have all of them.
pub(super) fn key_indexes(columns: &[DiffColumn], key: &[String]) -> Vec<usize> {
    let at = |name: &String| {
        let folded = name.to_lowercase();
        let named = |same: &dyn Fn(&str) -> bool| {
            columns
                .iter()
                .position(|column| column.to.as_ref().is_some_and(|to| same(&to.name)))
        };
        named(&|shown| shown == name)
            .or_else(|| named(&|shown| shown.to_lowercase() == folded))
            .filter(|&at| columns[at].is_common())
    };
    key.iter()
        .map(at)
        .collect::<Option<_>>()
        .unwrap_or_default()
}

impl DiffColumn {
    /// Whether both snapshots have the column.
    #[must_use]
    pub fn is_common(&self) -> bool {
        self.from.is_some() && self.to.is_some()
    }

    /// The number of the stored column.
    pub(super) fn phys(&self) -> i64 {
        let column = self.to.as_ref().or(self.from.as_ref());
        column.map_or(0, |column| column.phys)
    }
}

/// Two versions of one row, or a row that has only one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) before: Option<Version>,
    pub(super) after: Option<Version>,
    /// The content is the same.
    pub(super) same: bool,
}

impl Pair {
    /// A row with one version, which stands elsewhere.
    pub(super) fn moved(version: Version) -> Self {
        Self {
            before: Some(version),
            after: Some(version),
            same: true,
        }
    }

    /// Both versions have the same content.
    fn is_moved(&self) -> bool {
        self.same && self.before.is_some() && self.after.is_some()
    }

    /// The row was replaced and put back: it is as it was.
    fn is_same_place(&self) -> bool {
        match (self.before, self.after) {
            (Some(before), Some(after)) => self.same && before.place == after.place,
            _ => false,
        }
    }

    /// Where the change stands among others.
    fn order(&self) -> f64 {
        self.after
            .or(self.before)
            .map_or(0.0, |version| version.place)
    }

    fn change(
        &self,
        conn: &Connection,
        from: &Snapshot,
        to: &Snapshot,
        columns: &[DiffColumn],
    ) -> rusqlite::Result<Option<Change>> {
        let before = |version: Version| {
            fetch(
                conn,
                from,
                columns.iter().map(|column| column.from.as_ref()),
                version.rid,
            )
        };
        let after = |version: Version| {
            fetch(
                conn,
                to,
                columns.iter().map(|column| column.to.as_ref()),
                version.rid,
            )
        };
        Ok(Some(match (self.before, self.after) {
            (None, None) => return Ok(None),
            (None, Some(version)) => Change::Added {
                after: after(version)?,
            },
            (Some(version), None) => Change::Removed {
                before: before(version)?,
            },
            (Some(_), Some(version)) if self.same => Change::Moved {
                after: after(version)?,
            },
            (Some(old), Some(new)) => Change::Changed {
                before: before(old)?,
                after: after(new)?,
            },
        }))
    }
}
