//! The rows of a snapshot in their original order.

use super::position::Position;
use super::snapshot::Snapshot;
use crate::sqlite::{Bound, Scan, ScanRow, ScanRows};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// The two scans whose merge is a snapshot in its original order: rows in natural order, whose
/// place is their rid, and rows with a stored position, through its index.
pub(super) struct OrderedScan<'c> {
    natural: Scan<'c>,
    positioned: Scan<'c>,
    bounds: (i64, i64),
}

impl<'c> OrderedScan<'c> {
    /// Prepares reading `columns` (SQL, each with a comma before it) of `snapshot`'s rows.
    pub(super) fn prepare(
        conn: &'c Connection,
        snapshot: &Snapshot,
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
             AND +_rid <= ?1 AND +_to > ?2 ORDER BY _pos, _rid"
        );
        Ok(Self {
            natural: Scan::prepare(conn, &natural)?,
            positioned: Scan::prepare(conn, &positioned)?,
            bounds: (snapshot.rid_hi, snapshot.seq),
        })
    }

    /// Starts with the row behind `after`, or with the first.
    pub(super) fn rows(&mut self, after: Option<Position>) -> rusqlite::Result<InOrder<'_>> {
        let (rid_hi, seq) = self.bounds;
        let after = after.unwrap_or(Position {
            place: f64::MIN,
            rid: i64::MIN,
        });
        // Rounded down and saturated: an integer is above the place iff it is above this.
        // Saturates, which is what is meant.
        let after_rid = after.place.floor() as i64;
        let [rid_hi, seq, after_rid] = [rid_hi, seq, after_rid].map(Bound::Int);
        let (place, rid) = (Bound::Real(after.place), Bound::Int(after.rid));
        Ok(InOrder {
            natural: self.natural.rows(&[rid_hi, seq, after_rid])?,
            positioned: self.positioned.rows(&[rid_hi, seq, place, rid])?,
            natural_head: None,
            positioned_head: None,
            on: On::Start,
        })
    }
}

#[derive(Clone, Copy)]
enum On {
    Start,
    Natural,
    Positioned,
}

/// A cursor over the rows of a snapshot, in order and in constant memory.
pub(super) struct InOrder<'s> {
    natural: ScanRows<'s>,
    positioned: ScanRows<'s>,
    natural_head: Option<Position>,
    positioned_head: Option<Position>,
    on: On,
}

impl InOrder<'_> {
    /// The next row.
    #[inline]
    pub(super) fn next(&mut self) -> rusqlite::Result<Option<Placed<'_>>> {
        match self.on {
            On::Start => {
                self.natural_head = advance(&mut self.natural)?;
                self.positioned_head = advance(&mut self.positioned)?;
            }
            On::Natural => self.natural_head = advance(&mut self.natural)?,
            On::Positioned => self.positioned_head = advance(&mut self.positioned)?,
        }
        self.on = match (self.natural_head, self.positioned_head) {
            (Some(a), Some(b)) if (b.place, b.rid) < (a.place, a.rid) => On::Positioned,
            (None, Some(_)) => On::Positioned,
            _ => On::Natural,
        };
        let (head, rows, natural) = match self.on {
            On::Positioned => (self.positioned_head, &self.positioned, false),
            On::Start | On::Natural => (self.natural_head, &self.natural, true),
        };
        Ok(head.zip(rows.row()).map(|(position, row)| Placed {
            position,
            natural,
            row,
        }))
    }
}

/// A row and where it stands.
pub(super) struct Placed<'r> {
    pub(super) position: Position,
    /// The row stands where its rid says.
    pub(super) natural: bool,
    /// The row; its cells start at index 2.
    pub(super) row: ScanRow<'r>,
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
    use super::OrderedScan;
    use rusqlite::StatementStatus;

    #[test]
    fn neither_scan_sorts_or_reads_rows_it_does_not_need() {
        let project = Project::new();
        let lines: Vec<String> = (0..500).map(|n| n.to_string()).collect();
        let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        project.import(&Csvish::new("a", &lines));
        lines.swap(3, 400);
        project.import(&Csvish::new("a", &lines));
        let mut scan = OrderedScan::prepare(&project.conn, &project.latest(), ", c1").unwrap();
        let mut rows = scan.rows(None).unwrap();
        while rows.next().unwrap().is_some() {}
        drop(rows);
        for statement in [&scan.natural, &scan.positioned] {
            assert_eq!(statement.status(StatementStatus::Sort), 0);
        }
        assert_eq!(scan.positioned.status(StatementStatus::FullscanStep), 0);
    }
}
