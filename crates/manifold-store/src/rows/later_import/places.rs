//! Places for rows that stand between others.

use super::lockstep::Run;
use super::plan::{Item, Place, What};
use super::windows::StoredAt;

/// Rows that follow each other on both sides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    /// The ordinal of the first incoming row.
    pub(super) incoming: i64,
    /// The ordinal of the first stored row.
    pub(super) stored: i64,
    pub(super) len: i64,
    /// The place of the first stored row.
    first: f64,
    /// The place of the last stored row.
    last: f64,
    /// The index of the pair that the stretch is, unless the rows were met in lock-step.
    pub(super) pair: Option<usize>,
    /// The rows keep their place.
    pub(super) stays: bool,
}

impl Stretch {
    pub(super) fn of_run(run: &Run) -> Self {
        let Run {
            incoming,
            stored,
            len,
            first,
            last,
        } = *run;
        Self {
            incoming,
            stored,
            len,
            first,
            last,
            pair: None,
            stays: true,
        }
    }

    pub(super) fn of_pair(pair: usize, incoming: i64, stored: StoredAt) -> Self {
        let place = stored.position.place;
        Self {
            incoming,
            stored: stored.ordinal,
            len: 1,
            first: place,
            last: place,
            pair: Some(pair),
            stays: true,
        }
    }
}

/// Between two rows there are not as many positions as rows to stand there.
pub(super) struct Full {
    /// The ordinal of the first of these rows.
    pub(super) incoming: i64,
}

/// Gives every item that stands between its neighbours a place: evenly between the two stretches
/// that stay before and behind it, in steps of one before the first, natural behind the last.
/// `items` and `stretches` are in the input's order.
pub(super) fn assign(items: &mut [Item], stretches: &[Stretch]) -> Result<(), Full> {
    let mut behind = stretches.iter().filter(|stretch| stretch.stays).peekable();
    let mut before: Option<f64> = None;
    let mut rest = items;
    while let Some(first) = rest.first() {
        while let Some(stretch) = behind.next_if(|stretch| stretch.incoming <= first.incoming) {
            before = Some(stretch.last);
        }
        let end = behind.peek().map_or(i64::MAX, |stretch| stretch.incoming);
        let len = rest.iter().take_while(|item| item.incoming < end).count();
        let (gap, others) = rest.split_at_mut(len);
        rest = others;
        place(gap, before, behind.peek().map(|stretch| stretch.first))?;
    }
    Ok(())
}

/// Places the rows of one gap; rows of the stretch before it that are written anew in their place
/// are among them and are left alone.
fn place(gap: &mut [Item], before: Option<f64>, behind: Option<f64>) -> Result<(), Full> {
    let open =
        |item: &&mut Item| item.place == Place::Between && !matches!(item.what, What::Fill { .. });
    // Rows stay far below 2^53.
    let count = gap.iter_mut().filter(open).count() as f64;
    let mut last = before;
    let mut nth = 0.0;
    for item in gap.iter_mut().filter(open) {
        let place = match (before, behind) {
            (_, None) => {
                item.place = Place::Natural;
                continue;
            }
            (None, Some(behind)) => behind - count + nth,
            (Some(before), Some(behind)) => {
                before + (behind - before) * ((nth + 1.0) / (count + 1.0))
            }
        };
        nth += 1.0;
        let between =
            last.is_none_or(|last| place > last) && behind.is_none_or(|behind| place < behind);
        if !between {
            return Err(Full {
                incoming: item.incoming,
            });
        }
        last = Some(place);
        item.place = Place::At(place);
    }
    Ok(())
}
