//! Rows that two snapshots have in another order, where the order of one of them is stored.

use super::cell::Cell;
use super::diff::Pair;
use super::diff_rows::Version;
use super::error::{Doing, RowsError};
use super::in_order::OrderedScan;
use super::later_import::Stays;
use super::snapshot::Snapshot;
use super::sorter::Sorter;
use super::spool::Scratch;
use super::words::WordList;
use rusqlite::Connection;
use std::collections::{HashMap, HashSet};

/// What stands elsewhere.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// The rids of the second versions of rows with two.
    pub(super) new_versions: HashSet<i64>,
    /// Rows of which both snapshots show the same version.
    pub(super) same_version: u64,
    /// The first of these, in the order of the second snapshot.
    pub(super) first: Vec<Pair>,
}

/// Which rows do not keep their order from one snapshot to the other, so that most rows do. `pairs` are the rows with two
/// versions; at most `limit` of those with one are returned.
///
/// Reads all rows of both snapshots in their order, and sorts in temporary files.
pub(super) fn moved(
    conn: &Connection,
    from: &Snapshot,
    to: &Snapshot,
    pairs: &[Pair],
    limit: u64,
) -> Result<Moved, RowsError> {
    let scratch = Scratch::beside(conn);
    let both = pairs.iter().filter_map(|pair| pair.before.zip(pair.after));
    let versions: HashMap<i64, i64> = both
        .map(|(before, after)| (before.rid, after.rid))
        .collect();
    let (seconds, firsts) = (
        rows(conn, to, from, &scratch)?,
        rows(conn, from, to, &scratch)?,
    );
    let mut in_first = Sorter::new(&scratch);
    firsts.each(
        |[rid, ordinal, _, shared]| match versions.get(&rid.cast_signed()) {
            Some(second) => in_first.push([second.cast_unsigned(), ordinal]),
            None if shared == 1 => in_first.push([rid, ordinal]),
            None => Ok(()),
        },
    )?;
    let mut in_second = Sorter::new(&scratch);
    seconds.each(|[rid, ordinal, place, shared]| in_second.push([rid, ordinal, place, shared]))?;
    let mut joined = Sorter::new(&scratch);
    let (mut in_first, mut in_second) = (in_first.sort()?, in_second.sort()?);
    let mut first = in_first.next()?;
    while let Some([rid, ordinal, place, shared]) = in_second.next()? {
        while first.is_some_and(|[other, _]| other < rid) {
            first = in_first.next()?;
        }
        if let Some([_, before]) = first.filter(|[other, _]| *other == rid) {
            joined.push([ordinal, before, rid, place, shared])?;
        }
    }
    choose(joined, limit, &scratch)
}

/// All rows of a snapshot in their order: rid, ordinal, place, and 1 if the other snapshot shows the same version.
fn rows(
    conn: &Connection,
    snapshot: &Snapshot,
    other: &Snapshot,
    scratch: &Scratch,
) -> Result<WordList<4>, RowsError> {
    const DOING: &str = "comparing the order of the rows";
    let mut list = WordList::new(scratch);
    let mut scan = OrderedScan::prepare(conn, snapshot, ", _to").doing(DOING)?;
    let mut rows = scan.all_rows().doing(DOING)?;
    while let Some(placed) = rows.next().doing(DOING)? {
        let (rid, place) = (placed.position.rid, placed.position.place);
        let closed_later = matches!(placed.cell(0), Cell::Int(to) if to > other.seq);
        let shared = rid <= other.rid_hi && closed_later;
        let ordinal = list.len();
        list.push([
            rid.cast_unsigned(),
            ordinal,
            place.to_bits(),
            u64::from(shared),
        ])?;
    }
    Ok(list)
}

/// `joined` has, for each row on both sides, its two ordinals, the second one's rid and place, and whether both are one version.
fn choose(joined: Sorter<5>, limit: u64, scratch: &Scratch) -> Result<Moved, RowsError> {
    let mut sorted = joined.sort()?;
    let mut rows = WordList::new(scratch);
    let mut stays = Stays::new(scratch);
    let mut stretch: Option<(u64, u64, u64)> = None;
    while let Some([second, first, rid, place, shared]) = sorted.next()? {
        stretch = match stretch {
            Some((a, b, len)) if (a + len, b + len) == (second, first) => Some((a, b, len + 1)),
            ended => {
                if let Some((_, first, len)) = ended {
                    stays.push(first.cast_signed(), len.cast_signed())?;
                }
                Some((second, first, 1))
            }
        };
        let begins = u64::from(matches!(stretch, Some((_, _, 1))));
        rows.push([rid, place, shared, begins])?;
    }
    if let Some((_, first, len)) = stretch {
        stays.push(first.cast_signed(), len.cast_signed())?;
    }
    let chosen = stays.finish()?;
    let mut moved = Moved::default();
    let mut stretches = 0;
    rows.each(|[rid, place, shared, begins]| {
        stretches += begins;
        let (rid, place) = (rid.cast_signed(), f64::from_bits(place));
        if chosen.has(stretches - 1) {
            return Ok(());
        }
        if shared == 0 {
            moved.new_versions.insert(rid);
            return Ok(());
        }
        moved.same_version += 1;
        if (moved.first.len() as u64) < limit {
            moved.first.push(Pair::moved(Version::at(rid, place)));
        }
        Ok(())
    })?;
    Ok(moved)
}
