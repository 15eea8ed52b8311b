//! When two rows are the same row, and when it has changed.

use super::super::cell::Cell;
use super::super::row::Row;
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// How an incoming row is to a stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// Nothing that is stored differs.
    Same,
    /// The key is the same, something else differs.
    Changed,
    /// Another row.
    Different,
}

/// What a row is recognised by: two rows with equal keys are versions of one row, with equal
/// content they are the same. Without key columns both are the same hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    pub(super) key: u128,
    pub(super) content: u128,
}

/// Compares incoming rows with stored ones, column by column. Cells of a stored row are numbered
/// by the columns that both sides have.
pub(super) struct Comparison {
    /// The index in the incoming row of each cell of a stored row.
    columns: Vec<usize>,
    /// The cells of a stored row that are its key.
    key: Vec<usize>,
    /// The others.
    rest: Vec<usize>,
    seed: u64,
    packed: Vec<u8>,
}

impl Comparison {
    /// Rows are recognised by `key` if both sides have all of its columns, otherwise by their
    /// content. `columns` and `key` are indexes in the incoming row.
    pub(super) fn new(columns: Vec<usize>, key: &[usize], seed: u64) -> Self {
        let key: Option<Vec<usize>> = key
            .iter()
            .map(|at| columns.iter().position(|column| column == at))
            .collect();
        let key = key.unwrap_or_default();
        Self {
            rest: (0..columns.len()).filter(|at| !key.contains(at)).collect(),
            columns,
            key,
            seed,
            packed: Vec::new(),
        }
    }

    /// Whether rows have anything to be recognised by.
    pub(super) fn recognises_rows(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Compares cell by cell; nothing is hashed.
    #[inline]
    pub(super) fn of<'a>(&self, incoming: &Row, stored: impl Fn(usize) -> Cell<'a>) -> Likeness {
        let same = |at: usize| incoming.cell(self.columns[at]).same(&stored(at));
        if self.key.is_empty() {
            // Rows without a column in common have nothing to be recognised by.
            let all = !self.columns.is_empty() && (0..self.columns.len()).all(same);
            return if all {
                Likeness::Same
            } else {
                Likeness::Different
            };
        }
        if !self.key.iter().all(|&at| same(at)) {
            Likeness::Different
        } else if self.rest.iter().all(|&at| same(at)) {
            Likeness::Same
        } else {
            Likeness::Changed
        }
    }

    pub(super) fn of_incoming(&mut self, row: &Row) -> Identity {
        let columns = std::mem::take(&mut self.columns);
        let identity = self.identity(columns.len(), |at| row.cell(columns[at]));
        self.columns = columns;
        identity
    }

    pub(super) fn of_stored(&mut self, row: &Row) -> Identity {
        self.identity(row.len(), |at| row.cell(at))
    }

    fn identity<'a>(&mut self, width: usize, cell: impl Fn(usize) -> Cell<'a>) -> Identity {
        let mut hash = |cells: &mut dyn Iterator<Item = usize>| {
            self.packed.clear();
            for at in cells {
                cell(at).pack(&mut self.packed);
            }
            xxh3_128_with_seed(&self.packed, self.seed)
        };
        let content = hash(&mut (0..width));
        let key = if self.key.is_empty() {
            content
        } else {
            hash(&mut self.key.iter().copied())
        };
        Identity { key, content }
    }
}
