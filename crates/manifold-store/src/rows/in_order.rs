//! The rows of a snapshot in their original order.

use super::cell::Cell;
use super::listed::Listed;
use super::log_tail;
use super::position::Position;
use super::snapshot::Snapshot;
use super::tail_walk::{CLOSED_AND_PLACE, Shown, TailWalk};
use crate::sqlite::{Bound, Scan, ScanRow, ScanRows};
use crate::table_walk::TableWalk;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// The scans whose merge is a snapshot in its original order: rows in natural order, whose place is
/// their rid, and rows with a stored position, through its index. If an order is stored, they are the
/// rows that are younger than it, and those that it lists are the third.
pub(super) struct OrderedScan<'c> {
    natural: Scan<'c>,
    /// The rows of `natural`, if they can be read from the file.
    walk: Option<TableWalk<'c>>,
    /// From which rid on those of `positioned` are read in one go.
    tail: Option<i64>,
    positioned: Scan<'c>,
    conn: &'c Connection,
    snapshot: &'c Snapshot,
    columns: String,
}

impl<'c> OrderedScan<'c> {
    /// Prepares reading `columns` (SQL, each with a comma before it) of `snapshot`'s rows.
    pub(super) fn prepare(
        conn: &'c Connection,
        snapshot: &'c Snapshot,
        columns: &str,
    ) -> rusqlite::Result<Self> {
        let table = snapshot.table;
        // The unary plus keeps the planner from any other index than the one that gives the order.
        let natural = format!(
            "SELECT NULL, _rid{columns} FROM {table} \
             WHERE _pos IS NULL AND _rid > ?3 AND _rid <= ?1 AND +_to > ?2 ORDER BY _rid"
        );
        let positioned = format!(
            "SELECT _pos, _rid{columns} FROM {table} INDEXED BY {table}_pos \
             WHERE _pos IS NOT NULL AND _pos >= ?3 AND (_pos > ?3 OR _rid > ?4) \
             AND +_rid > ?5 AND +_rid <= ?1 AND +_to > ?2 ORDER BY _pos, _rid"
        );
        Ok(Self {
            natural: Scan::prepare(conn, &natural)?,
            walk: None,
            tail: None,
            positioned: Scan::prepare(conn, &positioned)?,
            conn,
            snapshot,
            columns: columns.to_owned(),
        })
    }

    /// All rows, which it is worth to prepare for.
    pub(super) fn all_rows(&mut self) -> rusqlite::Result<InOrder<'_>> {
        self.tail = log_tail::begin(self.conn, self.snapshot)?;
        if let Some(first) = self.tail {
            let sql = log_tail::query(self.snapshot, &self.columns, first);
            self.positioned = Scan::prepare(self.conn, &sql)?;
        }
        let table = self.snapshot.table.to_string();
        self.walk = TableWalk::open(self.conn, &table, &self.walked_columns())?;
        self.rows(None)
    }

    fn walked_columns(&self) -> Vec<&str> {
        let columns = self.columns.split(", ").skip(1);
        CLOSED_AND_PLACE.into_iter().chain(columns).collect()
    }

    /// Starts with the row behind `after`, or with the first.
    pub(super) fn rows(&mut self, after: Option<Position>) -> rusqlite::Result<InOrder<'_>> {
        let (rid_hi, seq) = (self.snapshot.rid_hi, self.snapshot.seq);
        let after = after.unwrap_or(Position {
            place: f64::MIN,
            rid: i64::MIN,
        });
        // Rounded down and saturated: an integer is above the place iff it is above this.
        // Saturates, which is what is meant.
        let after_rid = after.place.floor() as i64;
        let listed = match self.snapshot.order_id {
            None => None,
            Some(order) => Some(Listed::open(
                self.conn,
                self.snapshot,
                order,
                &self.columns,
                after.place,
            )?),
        };
        let oldest = listed.as_ref().map_or(i64::MIN, Listed::highest);
        let shown = Shown {
            rids: (oldest, rid_hi),
            seq,
        };
        let tail = match self.tail.take() {
            Some(first) => {
                let columns = self.walked_columns();
                TailWalk::open(self.conn, self.snapshot, &columns, first, shown)?
            }
            None => None,
        };
        let after_rid = after_rid.max(oldest);
        let natural = match self.walk.take() {
            Some(walk) => NaturalRows::Walk(Box::new(NaturalWalk {
                walk,
                rids: (after_rid, rid_hi),
                seq,
            })),
            None => {
                let bounds = [rid_hi, seq, after_rid].map(Bound::Int);
                NaturalRows::Scan(self.natural.rows(&bounds)?)
            }
        };
        let positioned = match tail {
            Some(tail) => PositionedRows::Walk(tail),
            None => {
                let [rid_hi, seq, oldest] = [rid_hi, seq, oldest].map(Bound::Int);
                let (place, rid) = (Bound::Real(after.place), Bound::Int(after.rid));
                PositionedRows::Scan(self.positioned.rows(&[rid_hi, seq, place, rid, oldest])?)
            }
        };
        Ok(InOrder {
            natural,
            positioned,
            listed,
            natural_head: None,
            positioned_head: None,
            listed_head: None,
            on: On::Start,
        })
    }
}

#[derive(Clone, Copy)]
enum On {
    Start,
    Natural,
    Positioned,
    Listed,
}

/// A cursor over the rows of a snapshot, in order and in constant memory.
pub(super) struct InOrder<'s> {
    natural: NaturalRows<'s>,
    positioned: PositionedRows<'s>,
    listed: Option<Listed<'s>>,
    natural_head: Option<Position>,
    positioned_head: Option<Position>,
    listed_head: Option<Position>,
    on: On,
}

impl InOrder<'_> {
    /// The next row.
    #[inline]
    pub(super) fn next(&mut self) -> rusqlite::Result<Option<Placed<'_>>> {
        match self.on {
            On::Start => {
                self.natural_head = self.natural.advance()?;
                self.positioned_head = self.positioned.advance()?;
                self.advance_listed()?;
            }
            On::Natural => self.natural_head = self.natural.advance()?,
            On::Positioned => self.positioned_head = self.positioned.advance()?,
            On::Listed => self.advance_listed()?,
        }
        self.on = match (self.natural_head, self.positioned_head) {
            (Some(a), Some(b)) if (b.place, b.rid) < (a.place, a.rid) => On::Positioned,
            (None, Some(_)) => On::Positioned,
            _ => On::Natural,
        };
        if let Some(listed) = self.listed_head {
            let other = match self.on {
                On::Positioned => self.positioned_head,
                _ => self.natural_head,
            };
            if other.is_none_or(|other| (listed.place, listed.rid) < (other.place, other.rid)) {
                self.on = On::Listed;
            }
        }
        let (head, row, natural) = match self.on {
            On::Positioned => (self.positioned_head, self.positioned.row(), false),
            On::Listed => {
                let row = self.listed.as_ref().and_then(Listed::row);
                (self.listed_head, row.map(RowAt::Scan), false)
            }
            On::Start | On::Natural => (self.natural_head, self.natural.row(), true),
        };
        Ok(head.zip(row).map(|(position, row)| Placed {
            position,
            natural,
            row,
        }))
    }

    fn advance_listed(&mut self) -> rusqlite::Result<()> {
        if let Some(listed) = &mut self.listed {
            self.listed_head = listed.advance()?;
        }
        Ok(())
    }
}

/// A row and where it stands.
#[derive(Debug)]
pub(super) struct Placed<'r> {
    pub(super) position: Position,
    /// The row stands where its rid says.
    pub(super) natural: bool,
    row: RowAt<'r>,
}

impl<'r> Placed<'r> {
    /// The cell at `index` of those that are read, from 0.
    #[inline]
    pub(super) fn cell(&self, index: usize) -> Cell<'r> {
        Cell::from(match self.row {
            RowAt::Scan(row) => row.value(index + BEFORE_CELLS),
            RowAt::Walk(walk) => walk.value(index + BEFORE_CELLS),
        })
    }
}

/// What is read before the cells.
const BEFORE_CELLS: usize = CLOSED_AND_PLACE.len();

#[derive(Debug)]
enum RowAt<'r> {
    Scan(ScanRow<'r>),
    Walk(&'r TableWalk<'r>),
}

/// The rows whose place is their rid.
enum NaturalRows<'s> {
    Scan(ScanRows<'s>),
    Walk(Box<NaturalWalk<'s>>),
}

impl NaturalRows<'_> {
    #[inline]
    fn advance(&mut self) -> rusqlite::Result<Option<Position>> {
        match self {
            Self::Scan(rows) => advance(rows),
            Self::Walk(walk) => walk.advance(),
        }
    }

    #[inline]
    fn row(&self) -> Option<RowAt<'_>> {
        match self {
            Self::Scan(rows) => rows.row().map(RowAt::Scan),
            Self::Walk(walk) => Some(RowAt::Walk(&walk.walk)),
        }
    }
}

/// The rows with a stored position.
enum PositionedRows<'s> {
    Scan(ScanRows<'s>),
    Walk(TailWalk<'s>),
}

impl PositionedRows<'_> {
    #[inline]
    fn advance(&mut self) -> rusqlite::Result<Option<Position>> {
        match self {
            Self::Scan(rows) => advance(rows),
            Self::Walk(walk) => walk.advance(),
        }
    }

    #[inline]
    fn row(&self) -> Option<RowAt<'_>> {
        match self {
            Self::Scan(rows) => rows.row().map(RowAt::Scan),
            Self::Walk(walk) => walk.row().map(RowAt::Walk),
        }
    }
}

/// All rows of a table, of which those are passed over that the snapshot does not show here.
struct NaturalWalk<'s> {
    walk: TableWalk<'s>,
    /// Above the first, up to the last.
    rids: (i64, i64),
    seq: i64,
}

impl NaturalWalk<'_> {
    #[inline]
    fn advance(&mut self) -> rusqlite::Result<Option<Position>> {
        let (after, last) = self.rids;
        while let Some(rid) = self.walk.advance()? {
            if rid > last {
                break;
            }
            let is_shown = rid > after && {
                let [closed, place] = [0, 1].map(|column| self.walk.value(column));
                place == ValueRef::Null && closed.as_i64()? > self.seq
            };
            if is_shown {
                let place = rid as f64; // rids stay far below 2^53
                return Ok(Some(Position { place, rid }));
            }
        }
        Ok(None)
    }
}

#[inline]
fn advance(rows: &mut ScanRows<'_>) -> rusqlite::Result<Option<Position>> {
    let Some(row) = rows.advance()? else {
        return Ok(None);
    };
    let rid = row.value(1).as_i64()?;
    let place = match row.value(0) {
        // Rids stay far below 2^53.
        ValueRef::Null => rid as f64,
        place => place.as_f64()?,
    };
    Ok(Some(Position { place, rid }))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Csvish, Project};
    use super::{InOrder, NaturalRows, OrderedScan, PositionedRows};
    use rusqlite::StatementStatus;

    #[test]
    fn neither_scan_sorts_or_reads_rows_it_does_not_need() {
        let project = Project::new();
        let lines: Vec<String> = (0..500).map(|n| n.to_string()).collect();
        let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        project.import(&Csvish::new("a", &lines));
        lines.swap(3, 400);
        project.import(&Csvish::new("a", &lines));
        let latest = project.latest();
        let mut scan = OrderedScan::prepare(&project.conn, &latest, ", c1").unwrap();
        let mut rows = scan.rows(None).unwrap();
        while rows.next().unwrap().is_some() {}
        drop(rows);
        for statement in [&scan.natural, &scan.positioned] {
            assert_eq!(statement.status(StatementStatus::Sort), 0);
        }
        assert_eq!(scan.positioned.status(StatementStatus::FullscanStep), 0);
    }

    /// The rows as they are walked, if they are, and as a query finds them.
    #[test]
    fn rows_that_are_walked_stand_as_those_of_a_query() {
        let project = Project::new();
        let mut lines: Vec<String> = (0..300).map(|n| format!("{n},old")).collect();
        for import in 0..6 {
            let changed = lines.iter_mut().skip(import * 7).step_by(11);
            changed.for_each(|line| line.push_str(&import.to_string()));
            lines.swap(import + 20, 200);
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            project.import(&Csvish::new("a,b", &lines));
        }
        let checkpoint = "PRAGMA wal_checkpoint; BEGIN";
        project.conn.execute_batch(checkpoint).unwrap();
        let latest = project.latest();
        let mut scan = OrderedScan::prepare(&project.conn, &latest, ", c1, c2").unwrap();
        let read = |mut rows: InOrder<'_>| {
            let mut found = Vec::new();
            while let Some(placed) = rows.next().unwrap() {
                let cells = [0, 1].map(|cell| format!("{:?}", placed.cell(cell)));
                found.push((placed.position, placed.natural, cells));
            }
            found
        };
        let walked = scan.all_rows().unwrap();
        assert!(matches!(walked.natural, NaturalRows::Walk(_)));
        assert!(matches!(walked.positioned, PositionedRows::Walk(_)));
        let walked = read(walked);
        assert!(walked.iter().any(|(_, natural, _)| !natural));
        assert_eq!(walked, read(scan.rows(None).unwrap()));
    }
}
