//! The rids of rows that were met in lock-step, where only their order was kept.

use super::super::in_order::{InOrder, OrderedScan};

/// Reads the stored rows once more, as soon as one is asked for.
pub(super) struct StoredRids<'s, 'c> {
    scan: Option<&'s mut OrderedScan<'c>>,
    rows: Option<InOrder<'s>>,
    /// The ordinal of the row that is read next.
    next: i64,
}

impl<'s, 'c> StoredRids<'s, 'c> {
    pub(super) fn new(scan: &'s mut OrderedScan<'c>) -> Self {
        Self {
            scan: Some(scan),
            rows: None,
            next: 0,
        }
    }

    /// The rid of the row with this ordinal, which must rise from call to call; `None` when there are not as many rows.
    pub(super) fn of(&mut self, ordinal: i64) -> rusqlite::Result<Option<i64>> {
        if let Some(scan) = self.scan.take() {
            self.rows = Some(scan.all_rows()?);
        }
        let Some(rows) = &mut self.rows else {
            return Ok(None);
        };
        while let Some(placed) = rows.next()? {
            self.next += 1;
            if self.next > ordinal {
                return Ok(Some(placed.position.rid));
            }
        }
        Ok(None)
    }
}
