//! What a reader has read.

/// What reading the next record has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A row.
    Row,
    /// A record that is not a row: see [`Record::reason`](crate::Record::reason) and
    /// [`Record::raw`](crate::Record::raw).
    Rejected,
    /// Nothing: the input has ended.
    End,
}
