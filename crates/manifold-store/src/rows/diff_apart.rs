//! What differs between snapshots that have no rows in common, as of two projects.

use super::cell::Cell;
use super::diff::{Change, Diff, DiffColumn, key_indexes};
use super::diff_rows::fetch;
use super::error::{Doing, RowsError};
use super::read::read;
use super::row::Row;
use super::snapshot::{Column, Snapshot};
use super::sorter::{Sorted, Sorter};
use super::spool::Scratch;
use rusqlite::Connection;
use std::cmp::Ordering;
use std::io;
use std::ops::ControlFlow;
use xxhash_rust::xxh3::xxh3_128;

/// A snapshot, and the project that has it.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// A connection on the project.
    pub conn: &'a Connection,
    /// The snapshot.
    pub snapshot: &'a Snapshot,
}

/// The key of a row, its content, its place, its rid.
type Hashed = [u64; 6];

/// The key of a row that the other side does not have like this, its place, its rid.
type Left = [u64; 4];

/// Compares two snapshots of whatever sources; where one is missing it counts as empty. Columns are the same that have the same
/// name, and rows are compared in these. They are paired by `key` (shown names) where both snapshots have all of its columns,
/// otherwise by their content, each as often as it is there. That a row stands elsewhere is no difference.
///
/// Reads all rows and sorts in temporary files; the memory it takes does not grow with them. `look` is called now and then
/// and ends it by `Break`: then nothing is returned.
///
/// # Errors
/// [`RowsError::Sqlite`], [`RowsError::Spool`].
pub fn diff_apart(
    from: Option<Side<'_>>,
    to: Option<Side<'_>>,
    key: &[String],
    limit: u64,
    look: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Option<Diff>, RowsError> {
    let columns = columns(from, to);
    let key = key_indexes(&columns, key);
    let mut hasher = Hasher {
        columns: &columns,
        key: &key,
        packed: Vec::new(),
        look,
    };
    let (Some(before), Some(after)) = (hasher.rows(from, true)?, hasher.rows(to, false)?) else {
        return Ok(None);
    };
    let (before, after) = unlike(before, after, scratch(from, to))?;
    let mut diff = Diff {
        added: 0,
        removed: 0,
        changed: 0,
        moved: 0,
        columns,
        key,
        changes: Vec::new(),
    };
    let mut changes = pair(before, after, &mut diff, scratch(from, to))?;
    while (diff.changes.len() as u64) < limit {
        let Some([_, _, before, after]) = changes.next()? else {
            break;
        };
        let before = row(from, &diff.columns, before, |column| column.from.as_ref())?;
        let after = row(to, &diff.columns, after, |column| column.to.as_ref())?;
        diff.changes.extend(match (before, after) {
            (Some(before), Some(after)) => Some(Change::Changed { before, after }),
            (Some(before), None) => Some(Change::Removed { before }),
            (None, Some(after)) => Some(Change::Added { after }),
            (None, None) => None,
        });
    }
    Ok(Some(diff))
}

/// Temporary files go where the second project is, which may be a temporary one itself.
fn scratch(from: Option<Side<'_>>, to: Option<Side<'_>>) -> Option<Scratch> {
    to.or(from).map(|side| Scratch::beside(side.conn))
}

fn columns(from: Option<Side<'_>>, to: Option<Side<'_>>) -> Vec<DiffColumn> {
    let of =
        |side: Option<Side<'_>>| side.map_or_else(Vec::new, |side| side.snapshot.columns.clone());
    let mut left = of(from);
    let mut columns = Vec::new();
    for column in of(to) {
        let same = left.iter().position(|other| other.name == column.name);
        columns.push(DiffColumn {
            from: same.map(|at| left.remove(at)),
            to: Some(column),
        });
    }
    columns.extend(left.into_iter().map(|column| DiffColumn {
        from: Some(column),
        to: None,
    }));
    columns
}

struct Hasher<'a> {
    columns: &'a [DiffColumn],
    key: &'a [usize],
    packed: Vec<u8>,
    look: &'a mut dyn FnMut() -> ControlFlow<()>,
}

impl Hasher<'_> {
    /// The rows of one side in the order of their keys and contents; `None` when it was ended.
    fn rows(
        &mut self,
        side: Option<Side<'_>>,
        is_from: bool,
    ) -> Result<Option<Sorted<6>>, RowsError> {
        let Some(Side { conn, snapshot }) = side else {
            return Ok(Some(Sorted::Memory(Vec::new().into_iter())));
        };
        let place = |column: &DiffColumn| {
            let column = if is_from { &column.from } else { &column.to };
            let phys = column.as_ref().map(|column| column.phys);
            snapshot
                .columns
                .iter()
                .position(|own| Some(own.phys) == phys)
        };
        let common = self.columns.iter().filter(|column| column.is_common());
        let content: Vec<usize> = common.filter_map(place).collect();
        let key: Vec<usize> = self
            .key
            .iter()
            .filter_map(|&at| place(&self.columns[at]))
            .collect();
        let mut sorter: Sorter<6> = Sorter::new(&Scratch::beside(conn));
        let (mut ordinal, mut failed, mut ended) = (0_u64, Ok(()), false);
        read(conn, snapshot, None, None, |position, row, _| {
            if ordinal.is_multiple_of(1_024) && (self.look)().is_break() {
                ended = true;
                return ControlFlow::Break(());
            }
            let content = if content.is_empty() {
                // Without a column in common nothing is the same row.
                (u128::from(is_from) << 64) | u128::from(ordinal)
            } else {
                self.hash(content.iter().map(|&at| row.cell(at)))
            };
            let key = if key.is_empty() {
                content
            } else {
                self.hash(key.iter().map(|&at| row.cell(at)))
            };
            let ([key, more_key], [content, more_content]) = (halves(key), halves(content));
            let rid = position.rid.cast_unsigned();
            failed = sorter.push([key, more_key, content, more_content, ordinal, rid]);
            ordinal += 1;
            match failed {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        })?;
        failed?;
        Ok(if ended { None } else { Some(sorter.sort()?) })
    }

    fn hash<'c>(&mut self, cells: impl Iterator<Item = Cell<'c>>) -> u128 {
        self.packed.clear();
        for cell in cells {
            cell.pack(&mut self.packed);
        }
        xxh3_128(&self.packed)
    }
}

fn halves(hash: u128) -> [u64; 2] {
    // The two halves of it, whole.
    [(hash >> 64) as u64, hash as u64]
}

/// The rows of each side that the other has not, or not as often, in the order of their keys and places.
fn unlike(
    mut before: Sorted<6>,
    mut after: Sorted<6>,
    scratch: Option<Scratch>,
) -> io::Result<(Sorted<4>, Sorted<4>)> {
    let Some(scratch) = scratch else {
        return Ok((nothing(), nothing()));
    };
    let (mut left, mut right) = (Sorter::new(&scratch), Sorter::new(&scratch));
    let of =
        |[key, more_key, _, _, ordinal, rid]: Hashed| -> Left { [key, more_key, ordinal, rid] };
    let (mut a, mut b) = (before.next()?, after.next()?);
    loop {
        match (a, b) {
            (None, None) => break,
            (Some(row), None) => {
                left.push(of(row))?;
                a = before.next()?;
            }
            (None, Some(row)) => {
                right.push(of(row))?;
                b = after.next()?;
            }
            (Some(one), Some(other)) => match one[..4].cmp(&other[..4]) {
                Ordering::Less => {
                    left.push(of(one))?;
                    a = before.next()?;
                }
                Ordering::Greater => {
                    right.push(of(other))?;
                    b = after.next()?;
                }
                Ordering::Equal => (a, b) = (before.next()?, after.next()?),
            },
        }
    }
    Ok((left.sort()?, right.sort()?))
}

/// Pairs rows of equal key, counts what differs, and returns each change in the order of the rows: place, whether only the first
/// side has it, and the rid on each side, one more, or 0.
fn pair(
    mut before: Sorted<4>,
    mut after: Sorted<4>,
    diff: &mut Diff,
    scratch: Option<Scratch>,
) -> io::Result<Sorted<4>> {
    let Some(scratch) = scratch else {
        return Ok(nothing());
    };
    let is_keyed = !diff.key.is_empty();
    let mut changes = Sorter::new(&scratch);
    let (mut a, mut b) = (before.next()?, after.next()?);
    loop {
        let order = match (a, b) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => match one[..2].cmp(&other[..2]) {
                // By content, equal rows were paired before.
                Ordering::Equal if !is_keyed => Ordering::Less,
                order => order,
            },
        };
        match (order, a, b) {
            (Ordering::Less, Some([_, _, ordinal, rid]), _) => {
                diff.removed += 1;
                changes.push([ordinal, 1, rid + 1, 0])?;
                a = before.next()?;
            }
            (Ordering::Greater, _, Some([_, _, ordinal, rid])) => {
                diff.added += 1;
                changes.push([ordinal, 0, 0, rid + 1])?;
                b = after.next()?;
            }
            (_, Some([_, _, _, old]), Some([_, _, ordinal, new])) => {
                diff.changed += 1;
                changes.push([ordinal, 0, old + 1, new + 1])?;
                (a, b) = (before.next()?, after.next()?);
            }
            _ => break,
        }
    }
    changes.sort()
}

fn nothing() -> Sorted<4> {
    Sorted::Memory(Vec::new().into_iter())
}

/// The row with a rid, one more; none for 0.
fn row<'d>(
    side: Option<Side<'_>>,
    columns: &'d [DiffColumn],
    rid: u64,
    of_side: impl Fn(&'d DiffColumn) -> Option<&'d Column>,
) -> Result<Option<Row>, RowsError> {
    let (Some(Side { conn, snapshot }), Some(rid)) = (side, rid.checked_sub(1)) else {
        return Ok(None);
    };
    let found = fetch(
        conn,
        snapshot,
        columns.iter().map(of_side),
        rid.cast_signed(),
    );
    found.map(Some).doing("reading changed rows")
}
