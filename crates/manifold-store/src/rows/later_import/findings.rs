//! What walking through the stored and the incoming rows has found.

use super::super::original::QuirkShare;
use super::super::position::Position;
use super::super::sorter::Sorter;
use super::super::spool::{Scratch, Spool};
use super::super::words::WordList;
use super::comparison::Identity;
use super::windows::StoredAt;

/// What the walk has found. Whole rows are set aside in spools; shared rows cost nothing.
pub(super) struct Findings {
    /// Stretches where both sides have the same rows in the same order: a [`Run`] each.
    pub(super) runs: WordList<5>,
    /// Rows within runs whose content changed, in the input's order: an [`Update`] each.
    pub(super) updates: WordList<4>,
    /// Stored rows that were not met: a [`StoredOrphan`] each.
    pub(super) stored: Sorter<7>,
    /// Incoming rows that were not met: an [`IncomingOrphan`] each.
    pub(super) incoming: Sorter<6>,
    /// Incoming rows that may have to be stored, packed, in the input's order.
    pub(super) contents: Spool,
    /// Rid and cells of the new columns for shared rows, packed.
    pub(super) fills: Spool,
    /// Ordinal and data of each incoming quirk, packed.
    pub(super) quirks: Spool,
    /// How many incoming rows have a quirk.
    pub(super) share: QuirkShare,
    /// Ordinal and rid of each incoming row with a quirk or behind a rejected record; rids of rows that may be stored
    /// anew are not known yet, and 0.
    pub(super) noted: WordList<2>,
    /// The incoming rows.
    pub(super) rows: i64,
}

impl Findings {
    pub(super) fn new(share: QuirkShare, scratch: &Scratch) -> Self {
        Self {
            runs: WordList::new(scratch),
            updates: WordList::new(scratch),
            stored: Sorter::new(scratch),
            incoming: Sorter::new(scratch),
            contents: Spool::new(scratch),
            fills: Spool::new(scratch),
            quirks: Spool::new(scratch),
            share,
            noted: WordList::new(scratch),
            rows: 0,
        }
    }

    /// The stored and the incoming rows that were not met.
    pub(super) fn take_orphans(&mut self, scratch: &Scratch) -> (Sorter<7>, Sorter<6>) {
        (
            std::mem::replace(&mut self.stored, Sorter::new(scratch)),
            std::mem::replace(&mut self.incoming, Sorter::new(scratch)),
        )
    }
}

/// Rows that follow each other on both sides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// The ordinal of the first incoming row.
    pub(super) incoming: i64,
    /// The ordinal of the first stored row.
    pub(super) stored: i64,
    /// How many rows.
    pub(super) len: i64,
    /// The place of the first stored row.
    pub(super) first: f64,
    /// The place of the last stored row.
    pub(super) last: f64,
}

impl Run {
    pub(super) fn pack(self) -> [u64; 5] {
        let [incoming, stored, len] =
            [self.incoming, self.stored, self.len].map(i64::cast_unsigned);
        [
            incoming,
            stored,
            len,
            self.first.to_bits(),
            self.last.to_bits(),
        ]
    }

    pub(super) fn unpack([incoming, stored, len, first, last]: [u64; 5]) -> Self {
        Self {
            incoming: incoming.cast_signed(),
            stored: stored.cast_signed(),
            len: len.cast_signed(),
            first: f64::from_bits(first),
            last: f64::from_bits(last),
        }
    }
}

/// A row whose content changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Update {
    pub(super) incoming: i64,
    /// The place of the stored row.
    pub(super) place: f64,
    /// The rid of the stored row.
    pub(super) rid: i64,
    /// Its index in [`Findings::contents`].
    pub(super) content: u64,
}

impl Update {
    pub(super) fn pack(self) -> [u64; 4] {
        let [incoming, rid] = [self.incoming, self.rid].map(i64::cast_unsigned);
        [incoming, self.place.to_bits(), rid, self.content]
    }

    pub(super) fn unpack([incoming, place, rid, content]: [u64; 4]) -> Self {
        Self {
            incoming: incoming.cast_signed(),
            place: f64::from_bits(place),
            rid: rid.cast_signed(),
            content,
        }
    }
}

/// A stored row that was not met.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredOrphan {
    pub(super) identity: Identity,
    pub(super) at: StoredAt,
}

impl StoredOrphan {
    /// In such an order that they are sorted by identity and then by their occurrence.
    pub(super) fn pack(self) -> [u64; 7] {
        let Position { place, rid } = self.at.position;
        let [key, key_low, content, content_low] = self.identity.pack();
        let [ordinal, rid] = [self.at.ordinal, rid].map(i64::cast_unsigned);
        [
            key,
            key_low,
            content,
            content_low,
            ordinal,
            place.to_bits(),
            rid,
        ]
    }

    pub(super) fn unpack(
        [key, key_low, content, content_low, ordinal, place, rid]: [u64; 7],
    ) -> Self {
        Self {
            identity: Identity::unpack([key, key_low, content, content_low]),
            at: StoredAt {
                position: Position {
                    place: f64::from_bits(place),
                    rid: rid.cast_signed(),
                },
                ordinal: ordinal.cast_signed(),
            },
        }
    }
}

/// An incoming row that was not met.
#[derive(Debug, Clone, Copy)]
pub(super) struct IncomingOrphan {
    pub(super) identity: Identity,
    pub(super) incoming: i64,
    /// Its index in [`Findings::contents`].
    pub(super) content: u64,
}

impl IncomingOrphan {
    /// As [`StoredOrphan::pack`].
    pub(super) fn pack(self) -> [u64; 6] {
        let [key, key_low, content, content_low] = self.identity.pack();
        let incoming = self.incoming.cast_unsigned();
        [key, key_low, content, content_low, incoming, self.content]
    }

    pub(super) fn unpack([key, key_low, content, content_low, incoming, at]: [u64; 6]) -> Self {
        Self {
            identity: Identity::unpack([key, key_low, content, content_low]),
            incoming: incoming.cast_signed(),
            content: at,
        }
    }
}

impl Identity {
    fn pack(self) -> [u64; 4] {
        let high = |hash: u128| (hash >> 64) as u64;
        // Truncated to the lower half, which is what is meant.
        [
            high(self.key),
            self.key as u64,
            high(self.content),
            self.content as u64,
        ]
    }

    fn unpack([key, key_low, content, content_low]: [u64; 4]) -> Self {
        let whole = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
        Self {
            key: whole(key, key_low),
            content: whole(content, content_low),
        }
    }
}
