//! What a whole input amounts to.

use crate::dialect::Dialect;
use crate::verdict::Verdict;

/// What a whole input amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// One verdict for each column, in order.
    pub columns: Vec<Verdict>,
    /// How the input is written.
    pub dialect: Dialect,
    /// Rows, with the padded ones.
    pub rows: u64,
    /// Records that are not rows.
    pub rejected: u64,
    /// Rows with fewer fields than the header.
    pub padded: u64,
    /// Rows that were read in another way than the dialect says, because only so they split into
    /// the columns.
    pub mended: u64,
    /// Cells that do not print back as the type of their column.
    pub odd_cells: u64,
    /// Rows with a [`crate::Quirk`].
    pub quirks: u64,
    /// Bytes of the input, after decompression.
    pub bytes: u64,
    /// Hash of these bytes.
    pub hash: blake3::Hash,
}
