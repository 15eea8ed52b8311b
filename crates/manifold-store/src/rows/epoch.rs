//! Notes of what was done to rows that were published already, apart from closing them: for whoever keeps copies of
//! rows by their numbers, as backups do.

use super::error::{Doing, RowsError};
use rusqlite::{Connection, params};
use std::ops::RangeInclusive;

/// What was done to published rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Epoch {
    /// Rows with these rids are gone, and rows that were closed with these seqs are open again.
    Undone {
        rids: RangeInclusive<i64>,
        seqs: RangeInclusive<i64>,
    },
    /// Cells of some rows with these rids are others.
    Changed { rids: RangeInclusive<i64> },
    /// Some rows with these rids are gone; each was closed with one of these seqs.
    Pruned {
        rids: RangeInclusive<i64>,
        seqs: RangeInclusive<i64>,
    },
}

impl Epoch {
    /// Notes it, in the transaction that does it. A range without a number in it is not noted.
    pub(super) fn note(&self, conn: &Connection, source_id: &str) -> Result<(), RowsError> {
        let (kind, rids, seqs) = match self {
            Self::Undone { rids, seqs } => ("undone", rids, Some(seqs)),
            Self::Changed { rids } => ("changed", rids, None),
            Self::Pruned { rids, seqs } => ("pruned", rids, Some(seqs)),
        };
        if rids.is_empty() && seqs.is_none_or(RangeInclusive::is_empty) {
            return Ok(());
        }
        conn.execute(
            "INSERT INTO row_epochs(source_id, epoch, kind, rid_lo, rid_hi, seq_lo, seq_hi) \
             SELECT ?1, coalesce(max(epoch), 0) + 1, ?2, ?3, ?4, ?5, ?6 FROM row_epochs WHERE source_id = ?1",
            params![
                source_id,
                kind,
                rids.start(),
                rids.end(),
                seqs.map(RangeInclusive::start),
                seqs.map(RangeInclusive::end),
            ],
        )
        .doing("noting what was done to rows")?;
        Ok(())
    }
}
