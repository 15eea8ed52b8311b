//! The rids of rows that were met in lock-step, where only their order was kept.

use super::super::error::{Doing, RowsError};
use super::super::in_order::OrderedScan;
use super::super::snapshot::Snapshot;
use rusqlite::Connection;

/// Rows that follow each other on both sides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// The ordinal of the first stored row.
    pub(super) stored: i64,
    /// The ordinal of the first incoming row.
    pub(super) incoming: i64,
    pub(super) len: i64,
}

/// Tells `each` the incoming ordinal and the rid of every row of `spans`, which must not overlap.
/// Reads the rows of `previous` once more, and nothing when there is no span.
pub(super) fn scan(
    conn: &Connection,
    previous: &Snapshot,
    mut spans: Vec<Span>,
    mut each: impl FnMut(i64, i64),
) -> Result<(), RowsError> {
    if spans.is_empty() {
        return Ok(());
    }
    spans.sort_unstable_by_key(|span| span.stored);
    let mut run = || {
        let mut ordered = OrderedScan::prepare(conn, previous, "")?;
        let mut rows = ordered.rows(None)?;
        let mut ordinal = 0;
        for span in &spans {
            while ordinal < span.stored + span.len {
                let Some(placed) = rows.next()? else {
                    return Ok(());
                };
                if ordinal >= span.stored {
                    each(span.incoming + ordinal - span.stored, placed.position.rid);
                }
                ordinal += 1;
            }
        }
        Ok(())
    };
    run().doing("reading the stored rows again")
}
