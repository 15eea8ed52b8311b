//! What has to be written so that the stored rows become the incoming ones.

use super::super::error::RowsError;
use super::super::snapshot::{Counts, Snapshot};
use super::lockstep::Findings;
use super::pairs::Pairing;
use super::places::{Stretch, assign};
use super::rids::{Span, scan};
use super::subsequence::heaviest_increasing;
use super::windows::StoredAt;
use rusqlite::Connection;

/// The rows to write, in the input's order, and the rows to close.
pub(super) struct Plan {
    pub(super) items: Vec<Item>,
    /// Rids of the row versions that end, rising.
    pub(super) closes: Vec<i64>,
    added: i64,
    removed: i64,
    changed: i64,
    moved: i64,
}

/// A row to write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    /// The ordinal of the incoming row.
    pub(super) incoming: i64,
    pub(super) what: What,
    pub(super) place: Place,
}

/// Where a row's cells come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A new version with the content at this index of the spool.
    Insert { content: u64 },
    /// A new version with the cells of this stored row.
    Copy { rid: i64 },
    /// No new version: this stored row gets the new columns of the content at this index.
    Fill { content: u64, rid: i64 },
}

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// Where its rid says, behind all others.
    Natural,
    /// Here.
    At(f64),
    /// Between its neighbours, to be decided.
    Between,
}

impl Plan {
    /// Plans. Of the rows on both sides, those that keep their order keep their place, and those
    /// that moved get a new version at a new place. When between two neighbours no position is
    /// left, all rows behind that place are stored again behind the end, in natural order.
    pub(super) fn make(
        conn: &Connection,
        previous: &Snapshot,
        findings: &Findings,
        pairing: &Pairing,
        new_columns: bool,
    ) -> Result<Self, RowsError> {
        let mut stretches = stretches(findings, pairing);
        loop {
            let mut plan = Self::with(conn, previous, findings, pairing, &stretches, new_columns)?;
            match assign(&mut plan.items, &stretches) {
                Ok(()) => return Ok(plan),
                Err(full) => {
                    for stretch in &mut stretches {
                        stretch.stays &= stretch.incoming < full.incoming;
                    }
                }
            }
        }
    }

    fn with(
        conn: &Connection,
        previous: &Snapshot,
        findings: &Findings,
        pairing: &Pairing,
        stretches: &[Stretch],
        new_columns: bool,
    ) -> Result<Self, RowsError> {
        let mut plan = Self {
            items: Vec::new(),
            closes: pairing
                .removed
                .iter()
                .map(|&at| findings.stored[at].at.position.rid)
                .collect(),
            added: pairing.added.len() as i64,
            removed: pairing.removed.len() as i64,
            changed: 0,
            moved: 0,
        };
        for &at in &pairing.added {
            let orphan = findings.incoming[at];
            plan.insert(orphan.incoming, orphan.content, Place::Between);
        }
        let (mut updates, mut moved) = (findings.updates.iter().peekable(), Vec::new());
        for stretch in stretches {
            match stretch.pair {
                Some(pair) => {
                    let pair = pairing.pairs[pair];
                    let orphan = findings.incoming[pair.incoming];
                    let stored = findings.stored[pair.stored].at;
                    if pair.same && stretch.stays {
                        if new_columns {
                            let rid = stored.position.rid;
                            let what = What::Fill {
                                content: orphan.content,
                                rid,
                            };
                            let place = Place::Natural;
                            plan.items.push(Item {
                                incoming: orphan.incoming,
                                what,
                                place,
                            });
                        }
                        continue;
                    }
                    *(if pair.same {
                        &mut plan.moved
                    } else {
                        &mut plan.changed
                    }) += 1;
                    plan.closes.push(stored.position.rid);
                    plan.insert(orphan.incoming, orphan.content, stretch.place(stored));
                }
                None => {
                    let end = stretch.incoming + stretch.len;
                    let mut next = stretch.incoming;
                    while let Some(update) = updates.next_if(|update| update.incoming < end) {
                        plan.changed += 1;
                        plan.closes.push(update.stored.position.rid);
                        plan.insert(
                            update.incoming,
                            update.content,
                            stretch.place(update.stored),
                        );
                        moved.extend(stretch.span(next, update.incoming));
                        next = update.incoming + 1;
                    }
                    moved.extend(stretch.span(next, end));
                }
            }
        }
        scan(conn, previous, moved, |incoming, rid| {
            plan.moved += 1;
            plan.closes.push(rid);
            plan.items.push(Item {
                incoming,
                what: What::Copy { rid },
                place: Place::Between,
            });
        })?;
        plan.items.sort_unstable_by_key(|item| item.incoming);
        plan.closes.sort_unstable();
        Ok(plan)
    }

    fn insert(&mut self, incoming: i64, content: u64, place: Place) {
        self.items.push(Item {
            incoming,
            what: What::Insert { content },
            place,
        });
    }

    /// The counts of the plan beside those of the input.
    pub(super) fn counts(&self, input: Counts) -> Counts {
        Counts {
            added: self.added,
            removed: self.removed,
            changed: self.changed,
            moved: self.moved,
            ..input
        }
    }
}

/// All rows that are on both sides, in the input's order, and which of them stay in their place.
fn stretches(findings: &Findings, pairing: &Pairing) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = findings.runs.iter().map(Stretch::of_run).collect();
    if pairing.pairs.is_empty() {
        return stretches;
    }
    for (at, pair) in pairing.pairs.iter().enumerate() {
        let stored = findings.stored[pair.stored].at;
        let incoming = findings.incoming[pair.incoming].incoming;
        stretches.push(Stretch::of_pair(at, incoming, stored));
    }
    stretches.sort_unstable_by_key(|stretch| stretch.incoming);
    let order: Vec<_> = stretches
        .iter()
        .map(|stretch| (stretch.stored, stretch.len))
        .collect();
    for (stretch, stays) in stretches.iter_mut().zip(heaviest_increasing(&order)) {
        stretch.stays = stays;
    }
    stretches
}

impl Stretch {
    /// Where a changed row of the stretch stands.
    fn place(&self, stored: StoredAt) -> Place {
        if self.stays {
            Place::At(stored.position.place)
        } else {
            Place::Between
        }
    }

    /// The part of a stretch that does not stay between two ordinals of the input.
    fn span(&self, from: i64, to: i64) -> Option<Span> {
        (!self.stays && from < to).then(|| Span {
            stored: self.stored + (from - self.incoming),
            incoming: from,
            len: to - from,
        })
    }
}
