//! Rows with a position, read from the pages at the end of the log.

use super::position::Position;
use super::snapshot::Snapshot;
use crate::table_walk::TableWalk;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::cmp::Ordering;

/// Each import appends the rows that it changes in the order of their positions, so that the rows of some imports are as many
/// rises. So many are merged at most; each holds 64 KiB.
const MOST_RISES: usize = 64;

/// The columns that are read before the cells.
pub(super) const CLOSED_AND_PLACE: [&str; 2] = ["_to", "_pos"];

/// Which rows of a table are walked: those with a position that a snapshot shows, and that no stored order lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    /// Above the first, up to the last.
    pub(super) rids: (i64, i64),
    /// Closed later than this.
    pub(super) seq: i64,
}

impl Shown {
    /// Where the row stands at which `walk` is; `None` if it is not one of these.
    #[inline]
    fn place(&self, walk: &TableWalk<'_>, rid: i64) -> Option<f64> {
        let is_shown = matches!(walk.value(0), ValueRef::Integer(closed) if closed > self.seq);
        if !is_shown || rid <= self.rids.0 {
            return None;
        }
        match walk.value(1) {
            ValueRef::Real(place) => Some(place),
            // So SQLite stores a number without a fraction.
            ValueRef::Integer(place) => Some(place as f64),
            _ => None,
        }
    }
}

/// A part of the log in which the positions rise.
#[derive(Debug)]
struct Rise<'c> {
    walk: TableWalk<'c>,
    /// Its last row.
    last: i64,
    head: Option<Position>,
}

/// The rows with a position, in order: all rises, merged.
#[derive(Debug)]
pub(super) struct TailWalk<'c> {
    rises: Vec<Rise<'c>>,
    shown: Shown,
    /// The rise whose head is the row at hand.
    on: Option<usize>,
}

impl<'c> TailWalk<'c> {
    /// Before the first row of `snapshot` with a position; none stands before `first` in the log. `None` where it has to be read
    /// otherwise.
    pub(super) fn open(
        connection: &'c Connection,
        snapshot: &Snapshot,
        columns: &[&str],
        first: i64,
        shown: Shown,
    ) -> rusqlite::Result<Option<Self>> {
        let table = snapshot.table.to_string();
        let open = |columns: &[&str], from: i64| {
            let walk = TableWalk::open(connection, &table, columns);
            walk.map(|walk| walk.map(|walk| walk.beginning_at(from)))
        };
        let Some(walk) = open(&CLOSED_AND_PLACE, first)? else {
            return Ok(None);
        };
        let Some(found) = rises(walk, shown)? else {
            return Ok(None);
        };
        let mut rises = Vec::new();
        for (from, last) in found {
            let Some(walk) = open(columns, from)? else {
                return Ok(None);
            };
            rises.push(Rise {
                walk,
                last,
                head: None,
            });
        }
        for rise in &mut rises {
            rise.advance(shown)?;
        }
        Ok(Some(Self {
            rises,
            shown,
            on: None,
        }))
    }

    /// Goes on to the next row; where it stands.
    #[inline]
    pub(super) fn advance(&mut self) -> rusqlite::Result<Option<Position>> {
        if let Some(on) = self.on {
            self.rises[on].advance(self.shown)?;
        }
        let heads = self.rises.iter().enumerate();
        let heads = heads.filter_map(|(at, rise)| Some((at, rise.head?)));
        let lowest = heads.min_by(|(_, a), (_, b)| {
            let by_place = a.place.partial_cmp(&b.place).unwrap_or(Ordering::Equal); // none is NaN
            by_place.then(a.rid.cmp(&b.rid))
        });
        self.on = lowest.map(|(at, _)| at);
        Ok(lowest.map(|(_, position)| position))
    }

    /// The row at hand.
    #[inline]
    pub(super) fn row(&self) -> Option<&TableWalk<'c>> {
        Some(&self.rises[self.on?].walk)
    }
}

impl Rise<'_> {
    #[inline]
    fn advance(&mut self, shown: Shown) -> rusqlite::Result<()> {
        self.head = None;
        while let Some(rid) = self.walk.advance()? {
            if rid > self.last {
                break;
            }
            if let Some(place) = shown.place(&self.walk, rid) {
                self.head = Some(Position { place, rid });
                break;
            }
        }
        Ok(())
    }
}

/// The first and the last rid of each rise; `None` when there are too many.
fn rises(mut walk: TableWalk<'_>, shown: Shown) -> rusqlite::Result<Option<Vec<(i64, i64)>>> {
    let mut found: Vec<(i64, i64)> = Vec::new();
    let mut before = f64::INFINITY;
    while let Some(rid) = walk.advance()? {
        if rid > shown.rids.1 {
            break;
        }
        let Some(place) = shown.place(&walk, rid) else {
            continue;
        };
        let goes_on = before <= place;
        if !goes_on && found.len() == MOST_RISES {
            return Ok(None);
        }
        match found.last_mut() {
            Some((_, last)) if goes_on => *last = rid,
            _ => found.push((rid, rid)),
        }
        before = place;
    }
    Ok(Some(found))
}
