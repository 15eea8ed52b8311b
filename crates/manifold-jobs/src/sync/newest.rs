//! Which of two versions of a row is the later one.

use manifold_format::TypedCell;

use super::SyncError;
use super::columns::{Columns, column_place};
use super::conflicts::{Winner, shown};
use super::overlay::cell;
use crate::origin::Position;

/// The column that tells which of two versions of a row is the later one.
pub(super) struct Newest {
    name: String,
    /// Where it is among the cells that came.
    incoming: usize,
    /// Where it is among the cells of the latest snapshot.
    stored: Option<usize>,
}

impl Newest {
    /// The column of this name. `came`: the columns that came.
    pub(super) fn new(name: &str, came: &[String], columns: &Columns) -> Result<Self, SyncError> {
        let incoming = column_place(came, name).ok_or_else(|| SyncError::MissingNewestColumn {
            column: name.to_owned(),
            columns: came.to_vec(),
        })?;
        Ok(Self {
            name: came[incoming].clone(),
            incoming,
            stored: columns.of_incoming[incoming],
        })
    }

    /// Which side holds of a row with these cells of its key; `None`: it is gone on that side.
    pub(super) fn winner(
        &self,
        here: Option<&[TypedCell<'_>]>,
        there: Option<&[TypedCell<'_>]>,
        key: &[TypedCell<'_>],
    ) -> Result<Winner, SyncError> {
        // Nobody knows when a row was deleted: one that is there is not lost.
        let (here, there) = match (here, there) {
            (Some(here), Some(there)) => {
                (cell(here, self.stored), cell(there, Some(self.incoming)))
            }
            (None, _) => return Ok(Winner::Source),
            (_, None) => return Ok(Winner::Target),
        };
        let incomparable = || {
            let key = key.iter().map(|cell| shown(*cell));
            SyncError::Incomparable {
                column: self.name.clone(),
                key: key.collect::<Vec<_>>().join(", "),
                here: shown(here),
                there: shown(there),
            }
        };
        let of = |cell| position(cell).ok_or_else(incomparable);
        let is_later = match (of(here)?, of(there)?) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(here), Some(there)) => there.compare(&here).ok_or_else(incomparable)?.is_gt(),
        };
        Ok(match is_later {
            true => Winner::Source,
            false => Winner::Target,
        })
    }
}

/// Where a cell stands among numbers or times; nowhere if it is empty. `None` for what is neither.
fn position(cell: TypedCell<'_>) -> Option<Option<Position>> {
    let text = std::str::from_utf8(cell.bytes()).ok()?.trim();
    match text.is_empty() {
        true => Some(None),
        false => Position::of(text).map(Some),
    }
}
