//! The bytes of an input that are kept beside its rows, where most rows are written otherwise than the dialect says.

use super::error::{Doing, ImportError, RowsError};
use super::input::Input;
use rusqlite::{Connection, params};
use std::ops::ControlFlow;

/// So many rows must have a quirk before the share of them is taken for that of the whole input.
const SURE: i64 = 100_000;

/// The parts of an input's bytes, in order, as they are to be stored.
pub type OriginalParts = Box<dyn Iterator<Item = std::io::Result<Vec<u8>>> + Send>;

/// Counts rows with a quirk, and decides whether their bytes are kept one by one or the input is kept instead.
#[derive(Debug, Clone, Copy)]
pub(super) struct QuirkShare {
    /// The input can be had again.
    available: bool,
    /// Beyond so many of a hundred rows the input is kept.
    percent: i64,
    pub(super) quirks: i64,
    /// It is decided that the input is kept.
    is_over: bool,
}

impl QuirkShare {
    pub(super) fn new(input: &Input<'_>, percent: u8) -> Self {
        Self {
            available: input.records.keeps_original(),
            percent: percent.into(),
            quirks: 0,
            is_over: false,
        }
    }

    /// Whether a quirk of a row is still to be kept.
    pub(super) fn keeps_quirks(&self) -> bool {
        !self.is_over
    }

    /// Takes note that quirks are missing.
    pub(super) fn miss(&mut self) {
        self.is_over = true;
    }

    /// Takes note of a row with a quirk, the last of `rows`.
    pub(super) fn count(&mut self, rows: i64) {
        self.quirks += 1;
        if self.quirks >= SURE && self.exceeds(rows) {
            self.is_over = true;
        }
    }

    /// Whether the input, which has so many rows, is kept.
    pub(super) fn keeps_original(&self, rows: i64) -> bool {
        self.is_over || self.exceeds(rows)
    }

    fn exceeds(&self, rows: i64) -> bool {
        self.available && self.quirks > rows / 100 * self.percent + rows % 100 * self.percent / 100
    }
}

/// The parts of the input, if it is kept.
pub(super) fn parts_of(
    input: &mut Input<'_>,
    is_kept: bool,
) -> Result<Option<OriginalParts>, ImportError> {
    if !is_kept {
        return Ok(None);
    }
    let parts = input.records.original().map_err(ImportError::Records)?;
    Ok(Some(parts))
}

/// Stores the parts of the input of a snapshot, in the transaction that publishes it.
pub(super) fn write_parts(
    conn: &Connection,
    snapshot_id: &str,
    parts: Option<OriginalParts>,
) -> Result<(), RowsError> {
    let doing = "keeping the bytes of the input";
    let Some(parts) = parts else { return Ok(()) };
    let mut insert = conn
        .prepare("INSERT INTO original_parts(snapshot_id, part, data) VALUES (?, ?, ?)")
        .doing(doing)?;
    for (number, part) in (0_i64..).zip(parts) {
        insert
            .execute(params![snapshot_id, number, part?])
            .doing(doing)?;
    }
    Ok(())
}

/// Shows `each` the parts of the bytes that a snapshot was imported from, in order, until it breaks off; says how many there
/// are. None are kept where the rows and their quirks say all.
///
/// # Errors
/// [`RowsError::Sqlite`].
pub fn original_parts(
    conn: &Connection,
    snapshot_id: &str,
    mut each: impl FnMut(&[u8]) -> ControlFlow<()>,
) -> Result<u64, RowsError> {
    let mut read = || {
        let mut select =
            conn.prepare("SELECT data FROM original_parts WHERE snapshot_id = ? ORDER BY part")?;
        let mut rows = select.query([snapshot_id])?;
        let mut parts = 0;
        while let Some(row) = rows.next()? {
            parts += 1;
            if each(row.get_ref(0)?.as_blob()?).is_break() {
                break;
            }
        }
        Ok(parts)
    };
    read().doing("reading the bytes of an input")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_exact_and_final_once_it_is_sure() {
        let share = QuirkShare {
            available: true,
            percent: 10,
            quirks: 0,
            is_over: false,
        };
        for (quirks, rows, kept) in [
            (0, 0, false),
            (1, 10, false),
            (2, 10, true),
            (2, 19, true),
            (2, 20, false),
            (11, 109, true),
        ] {
            let share = QuirkShare { quirks, ..share };
            assert_eq!(share.keeps_original(rows), kept, "{quirks} of {rows}");
            let unavailable = QuirkShare {
                available: false,
                ..share
            };
            assert!(!unavailable.keeps_original(rows));
        }
        let mut over = share;
        (1..SURE).for_each(|row| over.count(row));
        assert!(over.keeps_quirks());
        over.count(SURE);
        assert!(!over.keeps_quirks() && over.keeps_original(100 * SURE));
    }
}
