//! What has to be written so that the stored rows become the incoming ones.

use super::super::error::{Doing, RowsError};
use super::super::in_order::OrderedScan;
use super::super::row_order::NewOrder;
use super::super::snapshot::{Counts, Snapshot};
use super::super::sorter::{Sorted, Sorter};
use super::super::source::Source;
use super::super::spool::Scratch;
use super::super::words::{WordList, WordReader};
use super::course::{Course, Part, choose};
use super::findings::{Findings, Run, Update};
use super::item::{Item, Place, What};
use super::noted::{Noted, Settling};
use super::pairs::{Pair, Pairing};
use super::places::Gaps;
use super::rids::StoredRids;
use super::stays::Chosen;
use rusqlite::Connection;

/// The rows to write, in the input's order, and the rows to close.
pub(super) struct Plan {
    /// An [`Item`] each.
    pub(super) items: WordList<4>,
    /// The places of the items that stand between others.
    pub(super) gaps: Gaps,
    /// Rids of the row versions that end, rising.
    pub(super) closes: Sorted<1>,
    /// The rids of rows that something else refers to.
    pub(super) noted: Noted,
    pub(super) order: Order,
    tally: Tally,
}

/// What tells the order of the rows.
pub(super) enum Order {
    /// Rids and places, within the order that held before.
    Inherited,
    /// Rids alone.
    Natural,
    /// This one: places are not enough.
    Stored(NewOrder),
}

/// Rows, as in [`Counts`].
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    added: i64,
    removed: i64,
    changed: i64,
    moved: i64,
}

/// What a plan is made from.
pub(super) struct Grounds<'a> {
    /// In a transaction that reads.
    pub(super) conn: &'a Connection,
    pub(super) source: &'a Source,
    pub(super) previous: &'a Snapshot,
    pub(super) findings: &'a Findings,
    pub(super) pairing: &'a Pairing,
    /// The input has columns that no stored row has.
    pub(super) new_columns: bool,
    pub(super) scratch: &'a Scratch,
}

impl Plan {
    /// Plans. Of the rows on both sides, those that keep their order keep their place, and those that moved get a new version at
    /// a new place. When more than `most_moved` percent of the rows have moved, or when between two neighbours no
    /// place is left, all rows stay as they are, and the plan has an order.
    pub(super) fn make(grounds: &Grounds<'_>, most_moved: u32) -> Result<Self, RowsError> {
        let chosen = choose(grounds.findings, grounds.pairing, grounds.scratch)?;
        let moved = count_moved(grounds, &chosen)?;
        let worth_storing =
            i128::from(moved) * 100 <= i128::from(most_moved) * i128::from(grounds.findings.rows);
        if worth_storing && let Some(plan) = Draft::new(grounds, None).complete(&chosen)? {
            return Ok(plan);
        }
        let order = NewOrder::new(grounds.scratch);
        let plan = Draft::new(grounds, Some(order)).complete(&chosen)?;
        plan.ok_or_else(|| {
            grounds
                .source
                .damaged("its rows have an order and no place")
        })
    }

    /// The counts of the plan beside those of the input.
    pub(super) fn counts(&self, input: Counts) -> Counts {
        let Tally {
            added,
            removed,
            changed,
            moved,
        } = self.tally;
        Counts {
            added,
            removed,
            changed,
            moved,
            ..input
        }
    }
}

/// How many rows do not keep their place, and are the same otherwise.
fn count_moved(grounds: &Grounds<'_>, chosen: &Chosen) -> Result<i64, RowsError> {
    let mut course = Course::new(grounds.findings, grounds.pairing, chosen)?;
    let mut updates = Updates::new(grounds.findings);
    let mut moved = 0;
    while let Some(part) = course.next()? {
        match part {
            Part::Run { run, stays } => {
                let end = run.incoming + run.len;
                let mut same = run.len;
                while updates.next_before(end)?.is_some() {
                    same -= 1;
                }
                moved += if stays { 0 } else { same };
            }
            Part::Pair { pair, stays } => moved += i64::from(pair.same && !stays),
            Part::Added(_) => {}
        }
    }
    Ok(moved)
}

/// Whether any row of the snapshot has a stored position.
fn has_places(conn: &Connection, snapshot: &Snapshot) -> Result<bool, RowsError> {
    let table = snapshot.table;
    conn.query_row(
        &format!(
            "SELECT EXISTS(SELECT 1 FROM {table} INDEXED BY {table}_pos \
             WHERE _pos IS NOT NULL AND +_rid <= ?1 AND +_to > ?2)"
        ),
        [snapshot.rid_hi, snapshot.seq],
        |row| row.get(0),
    )
    .doing("looking for positions")
}

/// The updates, in the input's order.
struct Updates<'f>(WordReader<'f, 4>);

impl<'f> Updates<'f> {
    fn new(findings: &'f Findings) -> Self {
        Self(findings.updates.reader())
    }

    /// The next update, if its row stands before `end`.
    fn next_before(&mut self, end: i64) -> std::io::Result<Option<Update>> {
        match self.0.peek()?.map(Update::unpack) {
            Some(update) if update.incoming < end => {
                self.0.next()?;
                Ok(Some(update))
            }
            _ => Ok(None),
        }
    }
}

/// A plan that is being made.
struct Draft<'a> {
    grounds: &'a Grounds<'a>,
    updates: Updates<'a>,
    items: WordList<4>,
    gaps: Gaps,
    closes: Sorter<1>,
    noted: Settling<'a>,
    order: Option<NewOrder>,
    tally: Tally,
    next_rid: i64,
}

impl<'a> Draft<'a> {
    /// With an `order` every row stays.
    fn new(grounds: &'a Grounds<'a>, order: Option<NewOrder>) -> Self {
        let scratch = grounds.scratch;
        Self {
            grounds,
            updates: Updates::new(grounds.findings),
            items: WordList::new(scratch),
            gaps: Gaps::new(scratch),
            closes: Sorter::new(scratch),
            noted: Settling::new(&grounds.findings.noted, scratch),
            order,
            tally: Tally::default(),
            next_rid: grounds.source.next_rid,
        }
    }

    /// The plan; `None` when a row has no place.
    fn complete(mut self, chosen: &Chosen) -> Result<Option<Plan>, RowsError> {
        let Grounds {
            conn,
            previous,
            findings,
            pairing,
            ..
        } = *self.grounds;
        let mut removed = pairing.removed.reader();
        while let Some(rid) = removed.next()? {
            self.closes.push(rid)?;
            self.tally.removed += 1;
        }
        let doing = "reading the stored rows again";
        let mut scan = OrderedScan::prepare(conn, previous, "").doing(doing)?;
        let mut rids = StoredRids::new(&mut scan);
        let mut course = Course::new(findings, pairing, chosen)?;
        while let Some(part) = course.next()? {
            let fits = match part {
                Part::Added(row) => {
                    self.tally.added += 1;
                    let content = row.content;
                    self.write(row.incoming, What::Insert { content }, Place::Between)?;
                    true
                }
                Part::Pair { pair, stays } => self.pair(pair, stays)?,
                Part::Run { run, stays } => self.run(run, stays, &mut rids)?,
            };
            if !fits {
                return Ok(None);
            }
        }
        if !self.gaps.end(None, None)? {
            return Ok(None);
        }
        Ok(Some(Plan {
            items: self.items,
            gaps: self.gaps,
            closes: self.closes.sort()?,
            noted: self.noted.finish()?,
            order: match self.order {
                None => Order::Inherited,
                Some(order) if order.rises() && !has_places(conn, previous)? => Order::Natural,
                Some(order) => Order::Stored(order),
            },
            tally: self.tally,
        }))
    }

    fn pair(&mut self, pair: Pair, stays: bool) -> Result<bool, RowsError> {
        let position = pair.stored.position;
        let fits = self.end_gap(stays, position.place, position.place)?;
        let (content, rid) = (pair.content, position.rid);
        self.tally.changed += i64::from(!pair.same);
        self.tally.moved += i64::from(pair.same && !stays);
        if !pair.same || !stays && self.order.is_none() {
            self.closes.push([rid.cast_unsigned()])?;
            let place = if stays {
                Place::At(position.place)
            } else {
                Place::Between
            };
            self.write(pair.incoming, What::Insert { content }, place)?;
        } else if self.grounds.new_columns {
            self.write(pair.incoming, What::Fill { content, rid }, Place::Natural)?;
        } else {
            self.settle(pair.incoming, rid)?;
        }
        Ok(fits)
    }

    fn run(
        &mut self,
        run: Run,
        stays: bool,
        rids: &mut StoredRids<'_, '_>,
    ) -> Result<bool, RowsError> {
        let fits = self.end_gap(stays, run.first, run.last)?;
        let end = run.incoming + run.len;
        let mut next = run.incoming;
        while next < end {
            let update = self.updates.next_before(end)?;
            let same = next..update.map_or(end, |update| update.incoming);
            next = same.end + 1;
            self.tally.moved += if stays { 0 } else { same.end - same.start };
            if self.order.is_some() || !stays {
                for incoming in same {
                    let ordinal = run.stored + incoming - run.incoming;
                    let rid = rids.of(ordinal).doing("reading the stored rows again")?;
                    let rid = rid.ok_or_else(|| {
                        self.grounds
                            .source
                            .damaged("it has fewer rows than were read before")
                    })?;
                    self.same_row(incoming, rid)?;
                }
            }
            if let Some(update) = update {
                self.tally.changed += 1;
                self.closes.push([update.rid.cast_unsigned()])?;
                let what = What::Insert {
                    content: update.content,
                };
                let place = if stays {
                    Place::At(update.place)
                } else {
                    Place::Between
                };
                self.write(update.incoming, what, place)?;
            }
        }
        Ok(fits)
    }

    /// A row that did not change and whose part does not stay, or that an order lists.
    fn same_row(&mut self, incoming: i64, rid: i64) -> Result<(), RowsError> {
        if self.order.is_some() {
            return self.settle(incoming, rid);
        }
        self.closes.push([rid.cast_unsigned()])?;
        self.write(incoming, What::Copy { rid }, Place::Between)
    }

    /// A part that keeps its place ends the gap before it. Answers whether the gap has a place for each of its rows.
    fn end_gap(&mut self, stays: bool, first: f64, last: f64) -> Result<bool, RowsError> {
        let fits = !stays || self.gaps.end(Some(first), Some(last))?;
        Ok(fits)
    }

    fn write(&mut self, incoming: i64, what: What, place: Place) -> Result<(), RowsError> {
        let place = if self.order.is_some() {
            Place::Natural
        } else {
            place
        };
        if place == Place::Between {
            self.gaps.add_row();
        }
        self.items.push(Item { what, place }.pack())?;
        let rid = match what {
            What::Fill { rid, .. } => rid,
            What::Insert { .. } | What::Copy { .. } => {
                self.next_rid += 1;
                self.next_rid - 1
            }
        };
        self.settle(incoming, rid)
    }

    fn settle(&mut self, incoming: i64, rid: i64) -> Result<(), RowsError> {
        self.noted.settle(incoming, rid)?;
        if let Some(order) = &mut self.order {
            order.push(rid)?;
        }
        Ok(())
    }
}
