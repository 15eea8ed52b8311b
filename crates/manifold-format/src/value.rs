//! An encoded cell.

/// One encoded cell, borrowing the bytes of text and blobs.
///
/// The variants are the storage classes of the row log. Two reals are equal when their bits are,
/// so `-0.0` differs from `0.0` and equality is total.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// An unquoted empty cell, or a cell the record is too short for.
    Null,
    /// A canonical integer, or 0/1 under a boolean encoding.
    Int(i64),
    /// A decimal that prints back under its encoding. Never NaN or infinite.
    Real(f64),
    /// Any other cell. The bytes are valid UTF-8.
    Text(&'a [u8]),
    /// A cell with bytes that are not valid UTF-8.
    Blob(&'a [u8]),
}

impl<'a> Value<'a> {
    /// `cell` as text, or as a blob when it is not valid UTF-8.
    #[must_use]
    pub fn text(cell: &'a [u8]) -> Self {
        if std::str::from_utf8(cell).is_ok() {
            Self::Text(cell)
        } else {
            Self::Blob(cell)
        }
    }

    /// Whether this is [`Value::Null`].
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Real(a), Self::Real(b)) => a.to_bits() == b.to_bits(),
            (Self::Text(a), Self::Text(b)) | (Self::Blob(a), Self::Blob(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value<'_> {}
