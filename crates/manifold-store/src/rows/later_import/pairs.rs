//! Which rows that were not met on either side are versions of one row after all.

use super::lockstep::{IncomingOrphan, StoredOrphan};

/// Two rows, by their index among the orphans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) stored: usize,
    pub(super) incoming: usize,
    /// The content is the same.
    pub(super) same: bool,
}

/// Pairs, and the indexes of the orphans that are left on either side.
pub(super) struct Pairing {
    pub(super) pairs: Vec<Pair>,
    pub(super) removed: Vec<usize>,
    pub(super) added: Vec<usize>,
}

/// Pairs rows of equal content, then of equal key; of several, in their order of occurrence.
pub(super) fn pair(stored: &[StoredOrphan], incoming: &[IncomingOrphan]) -> Pairing {
    let mut pairing = Pairing::none(stored.len(), incoming.len());
    pairing.pair_by(true, |at| stored[at].identity, |at| incoming[at].identity);
    pairing.pair_by(
        false,
        |at| stored[at].identity.key,
        |at| incoming[at].identity.key,
    );
    pairing
}

impl Pairing {
    /// Nothing is paired.
    pub(super) fn none(stored: usize, incoming: usize) -> Self {
        Self {
            pairs: Vec::new(),
            removed: (0..stored).collect(),
            added: (0..incoming).collect(),
        }
    }

    fn pair_by<K: Ord>(
        &mut self,
        same: bool,
        stored: impl Fn(usize) -> K,
        incoming: impl Fn(usize) -> K,
    ) {
        if self.removed.is_empty() || self.added.is_empty() {
            return;
        }
        self.removed.sort_unstable_by_key(|&at| (stored(at), at));
        self.added.sort_unstable_by_key(|&at| (incoming(at), at));
        let (mut removed, mut added) = (Vec::new(), Vec::new());
        let (mut left, mut right) = (self.removed.iter().peekable(), self.added.iter().peekable());
        while let (Some(&&a), Some(&&b)) = (left.peek(), right.peek()) {
            match stored(a).cmp(&incoming(b)) {
                std::cmp::Ordering::Less => removed.extend(left.next()),
                std::cmp::Ordering::Greater => added.extend(right.next()),
                std::cmp::Ordering::Equal => {
                    self.pairs.push(Pair {
                        stored: a,
                        incoming: b,
                        same,
                    });
                    left.next();
                    right.next();
                }
            }
        }
        removed.extend(left);
        added.extend(right);
        self.removed = removed;
        self.added = added;
    }
}
