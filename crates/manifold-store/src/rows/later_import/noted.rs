//! The rids of incoming rows that something else refers to: a quirk, or a rejected record before the row.

use super::super::spool::Scratch;
use super::super::words::{WordList, WordReader};
use std::io;

/// Ordinals of such rows with their rids, in the input's order.
#[derive(Debug)]
pub(super) struct Noted(WordList<2>);

impl Noted {
    /// The rid of each, for ordinals that do not fall from call to call.
    pub(super) fn rids(&self) -> NotedRids<'_> {
        NotedRids(self.0.reader())
    }
}

/// Tells the rids of [`Noted`] rows.
pub(super) struct NotedRids<'n>(WordReader<'n, 2>);

impl NotedRids<'_> {
    /// The rid of the row with this ordinal; `None` when it was not noted.
    pub(super) fn of(&mut self, incoming: i64) -> io::Result<Option<i64>> {
        while let Some([at, rid]) = self.0.peek()? {
            if at.cast_signed() >= incoming {
                return Ok((at.cast_signed() == incoming).then_some(rid.cast_signed()));
            }
            self.0.next()?;
        }
        Ok(None)
    }
}

/// Gives noted rows the rids that they are to have.
pub(super) struct Settling<'f> {
    found: WordReader<'f, 2>,
    settled: WordList<2>,
}

impl<'f> Settling<'f> {
    /// `found` has the rids that the rows have so far.
    pub(super) fn new(found: &'f WordList<2>, scratch: &Scratch) -> Self {
        Self {
            found: found.reader(),
            settled: WordList::new(scratch),
        }
    }

    /// The row has this rid, if it is noted. Ordinals must rise from call to call.
    pub(super) fn settle(&mut self, incoming: i64, rid: i64) -> io::Result<()> {
        while let Some([at, found]) = self.found.peek()? {
            let order = at.cast_signed().cmp(&incoming);
            if order.is_gt() {
                break;
            }
            let rid = if order.is_eq() {
                rid.cast_unsigned()
            } else {
                found
            };
            self.settled.push([at, rid])?;
            self.found.next()?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<Noted> {
        while let Some(noted) = self.found.next()? {
            self.settled.push(noted)?;
        }
        Ok(Noted(self.settled))
    }
}
