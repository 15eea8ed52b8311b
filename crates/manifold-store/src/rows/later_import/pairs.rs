//! Which rows that were not met on either side are versions of one row after all.

use super::super::position::Position;
use super::super::sorter::{Sorted, Sorter};
use super::super::spool::Scratch;
use super::super::words::WordList;
use super::findings::{IncomingOrphan, StoredOrphan};
use super::windows::StoredAt;
use std::cmp::Ordering;
use std::io;

/// Two rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) incoming: i64,
    pub(super) stored: StoredAt,
    /// The index of the incoming row's content in the spool.
    pub(super) content: u64,
    /// The content is the same.
    pub(super) same: bool,
}

/// An incoming row that is no version of a stored one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Added {
    pub(super) incoming: i64,
    /// The index of its content in the spool.
    pub(super) content: u64,
}

/// What became of the rows that were not met.
pub(super) struct Pairing {
    /// A [`Pair`] each, in the input's order.
    pub(super) pairs: WordList<6>,
    /// An [`Added`] each, in the input's order.
    pub(super) added: WordList<2>,
    /// Rids of stored rows without another version.
    pub(super) removed: WordList<1>,
}

/// Pairs rows of equal content, then of equal key; of several, in their order of occurrence. Nothing is paired unless
/// `recognises_rows`.
pub(super) fn pair(
    stored: Sorter<7>,
    incoming: Sorter<6>,
    recognises_rows: bool,
    scratch: &Scratch,
) -> io::Result<Pairing> {
    let mut pairs = Sorter::new(scratch);
    let mut added = Sorter::new(scratch);
    let mut removed = WordList::new(scratch);
    let mut add =
        |orphan: IncomingOrphan| added.push([orphan.incoming.cast_unsigned(), orphan.content]);
    let mut remove = |orphan: StoredOrphan| removed.push([orphan.at.position.rid.cast_unsigned()]);
    let (mut left, mut right) = (Sorter::new(scratch), Sorter::new(scratch));
    let keyed = merge(
        stored.sort()?,
        incoming.sort()?,
        |a, b| match recognises_rows {
            true => (a.identity.key, a.identity.content).cmp(&(b.identity.key, b.identity.content)),
            false => Ordering::Less,
        },
        |a, b| pairs.push(Pair::of(a, b, true).pack()),
        |a| {
            let keyed = recognises_rows && a.identity.key != a.identity.content;
            if keyed {
                left.push(a.without_content().pack())
            } else {
                remove(a)
            }
        },
        |b| {
            let keyed = recognises_rows && b.identity.key != b.identity.content;
            if keyed {
                right.push(b.without_content().pack())
            } else {
                add(b)
            }
        },
    );
    keyed?;
    merge(
        left.sort()?,
        right.sort()?,
        |a, b| a.identity.key.cmp(&b.identity.key),
        |a, b| pairs.push(Pair::of(a, b, false).pack()),
        &mut remove,
        &mut add,
    )?;
    Ok(Pairing {
        pairs: list(pairs.sort()?, scratch)?,
        added: list(added.sort()?, scratch)?,
        removed,
    })
}

/// Walks through both sides in their order: two equal rows are a pair, others are alone.
fn merge(
    mut stored: Sorted<7>,
    mut incoming: Sorted<6>,
    order: impl Fn(&StoredOrphan, &IncomingOrphan) -> Ordering,
    mut both: impl FnMut(StoredOrphan, IncomingOrphan) -> io::Result<()>,
    mut only_stored: impl FnMut(StoredOrphan) -> io::Result<()>,
    mut only_incoming: impl FnMut(IncomingOrphan) -> io::Result<()>,
) -> io::Result<()> {
    let mut next_stored = || Ok::<_, io::Error>(stored.next()?.map(StoredOrphan::unpack));
    let mut next_incoming = || Ok::<_, io::Error>(incoming.next()?.map(IncomingOrphan::unpack));
    let (mut left, mut right) = (next_stored()?, next_incoming()?);
    loop {
        match (left, right) {
            (None, None) => return Ok(()),
            (Some(a), None) => {
                only_stored(a)?;
                left = next_stored()?;
            }
            (None, Some(b)) => {
                only_incoming(b)?;
                right = next_incoming()?;
            }
            (Some(a), Some(b)) => match order(&a, &b) {
                Ordering::Less => {
                    only_stored(a)?;
                    left = next_stored()?;
                }
                Ordering::Greater => {
                    only_incoming(b)?;
                    right = next_incoming()?;
                }
                Ordering::Equal => {
                    both(a, b)?;
                    (left, right) = (next_stored()?, next_incoming()?);
                }
            },
        }
    }
}

fn list<const N: usize>(mut sorted: Sorted<N>, scratch: &Scratch) -> io::Result<WordList<N>> {
    let mut list = WordList::new(scratch);
    while let Some(record) = sorted.next()? {
        list.push(record)?;
    }
    Ok(list)
}

impl StoredOrphan {
    /// For sorting by key and occurrence only.
    fn without_content(mut self) -> Self {
        self.identity.content = 0;
        self
    }
}

impl IncomingOrphan {
    /// For sorting by key and occurrence only.
    fn without_content(mut self) -> Self {
        self.identity.content = 0;
        self
    }
}

impl Pair {
    fn of(stored: StoredOrphan, incoming: IncomingOrphan, same: bool) -> Self {
        Self {
            incoming: incoming.incoming,
            stored: stored.at,
            content: incoming.content,
            same,
        }
    }

    fn pack(self) -> [u64; 6] {
        let Position { place, rid } = self.stored.position;
        let [incoming, ordinal, rid] =
            [self.incoming, self.stored.ordinal, rid].map(i64::cast_unsigned);
        let same = u64::from(self.same);
        [incoming, ordinal, place.to_bits(), rid, self.content, same]
    }

    pub(super) fn unpack([incoming, ordinal, place, rid, content, same]: [u64; 6]) -> Self {
        Self {
            incoming: incoming.cast_signed(),
            stored: StoredAt {
                position: Position {
                    place: f64::from_bits(place),
                    rid: rid.cast_signed(),
                },
                ordinal: ordinal.cast_signed(),
            },
            content,
            same: same == 1,
        }
    }
}

impl Added {
    pub(super) fn unpack([incoming, content]: [u64; 2]) -> Self {
        Self {
            incoming: incoming.cast_signed(),
            content,
        }
    }
}
