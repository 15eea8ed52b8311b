//! A row to write.

/// A row to write.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Item {
    pub(super) what: What,
    pub(super) place: Place,
}

/// Where a row's cells come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A new version with the content at this index of the spool.
    Insert { content: u64 },
    /// A new version with the cells of this stored row.
    Copy { rid: i64 },
    /// No new version: this stored row gets the new columns of the content at this index.
    Fill { content: u64, rid: i64 },
}

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// Where its rid says, behind all others, or where the stored order says.
    Natural,
    /// Here.
    At(f64),
    /// Between its neighbours, in the next gap.
    Between,
}

impl Item {
    pub(super) fn pack(self) -> [u64; 4] {
        let (what, content, rid) = match self.what {
            What::Insert { content } => (0, content, 0),
            What::Copy { rid } => (1, 0, rid.cast_unsigned()),
            What::Fill { content, rid } => (2, content, rid.cast_unsigned()),
        };
        let (place, at) = match self.place {
            Place::Natural => (0, 0),
            Place::At(at) => (1, at.to_bits()),
            Place::Between => (2, 0),
        };
        [what << 2 | place, content, rid, at]
    }

    pub(super) fn unpack([kind, content, rid, at]: [u64; 4]) -> Self {
        let rid = rid.cast_signed();
        let what = match kind >> 2 {
            0 => What::Insert { content },
            1 => What::Copy { rid },
            _ => What::Fill { content, rid },
        };
        let place = match kind & 3 {
            0 => Place::Natural,
            1 => Place::At(f64::from_bits(at)),
            _ => Place::Between,
        };
        Self { what, place }
    }
}
