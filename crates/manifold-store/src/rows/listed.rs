//! The rows that a stored order lists, in that order.

use super::position::Position;
use super::row_order::{RowOrder, Stretch};
use super::snapshot::Snapshot;
use crate::sqlite::{Bound, Scan, ScanRow, ScanRows};
use rusqlite::Connection;
use self_cell::{MutBorrow, self_cell};

self_cell!(
    /// A query that is being run. It can be had back and run again for other rows.
    struct Running<'c> {
        owner: MutBorrow<Scan<'c>>,
        #[covariant]
        dependent: ScanRows,
    }
);

/// The rows of a snapshot that its order lists: one range of rids for each of its stretches. Listed rows that the snapshot does
/// not show any more are left out, and the places of the others stay.
pub(super) struct Listed<'c> {
    order: RowOrder<'c>,
    rising: Option<Scan<'c>>,
    falling: Option<Scan<'c>>,
    running: Option<Running<'c>>,
    stretch: Stretch,
    /// The place of the stretch's first rid.
    place: i64,
    after: f64,
    seq: i64,
}

impl<'c> Listed<'c> {
    /// Prepares reading `columns` of the listed rows that stand behind the place `after`.
    pub(super) fn open(
        conn: &'c Connection,
        snapshot: &Snapshot,
        order_id: i64,
        columns: &str,
        after: f64,
    ) -> rusqlite::Result<Self> {
        let prepare = |direction: &str| {
            let sql = format!(
                "SELECT _rid, _rid{columns} FROM {} WHERE _rid BETWEEN ?1 AND ?2 AND +_to > ?3 \
                 ORDER BY _rid{direction}",
                snapshot.table
            );
            Scan::prepare(conn, &sql)
        };
        Ok(Self {
            order: RowOrder::open(conn, &snapshot.source_id, order_id)?,
            rising: Some(prepare("")?),
            falling: Some(prepare(" DESC")?),
            running: None,
            stretch: Stretch { first: 0, len: 0 },
            place: 1,
            after,
            seq: snapshot.seq,
        })
    }

    /// The highest rid that is listed.
    pub(super) fn highest(&self) -> i64 {
        self.order.highest()
    }

    /// Goes on to the next row.
    pub(super) fn advance(&mut self) -> rusqlite::Result<Option<Position>> {
        loop {
            if let Some(running) = &mut self.running {
                let rid = running.with_dependent_mut(|_, rows| {
                    let row = rows.advance()?;
                    Ok::<_, rusqlite::Error>(row.map(|row| row.value(1).as_i64()).transpose()?)
                })?;
                if let Some(rid) = rid {
                    let place = self.place + (rid - self.stretch.first).abs();
                    return Ok(Some(Position {
                        // Places stay far below 2^53.
                        place: place as f64,
                        rid,
                    }));
                }
            }
            if !self.begin_stretch()? {
                return Ok(None);
            }
        }
    }

    /// The row that was gone on to.
    pub(super) fn row(&self) -> Option<ScanRow<'_>> {
        self.running.as_ref()?.borrow_dependent().row()
    }

    fn begin_stretch(&mut self) -> rusqlite::Result<bool> {
        if let Some(running) = self.running.take() {
            let statement = Some(running.into_owner().into_inner());
            *(if self.stretch.len > 0 {
                &mut self.rising
            } else {
                &mut self.falling
            }) = statement;
        }
        loop {
            self.place += self.stretch.count();
            let Some(stretch) = self.order.next()? else {
                self.stretch.len = 0;
                return Ok(false);
            };
            self.stretch = stretch;
            // Saturates, which is what is meant.
            let behind = (self.after.floor() as i64).saturating_add(1);
            let skipped = behind.saturating_sub(self.place).max(0);
            if skipped >= stretch.count() {
                continue;
            }
            self.stretch = stretch.skip(skipped);
            self.place += skipped;
            break;
        }
        let statement = if self.stretch.len > 0 {
            self.rising.take()
        } else {
            self.falling.take()
        };
        let (a, b, seq) = (self.stretch.first, self.stretch.last(), self.seq);
        // Every statement that was taken was given back above.
        let Some(statement) = statement else {
            return Ok(false);
        };
        self.running = Some(Running::try_new(MutBorrow::new(statement), |statement| {
            let bounds = [a.min(b), a.max(b), seq].map(Bound::Int);
            statement.borrow_mut().rows(&bounds)
        })?);
        Ok(true)
    }
}
