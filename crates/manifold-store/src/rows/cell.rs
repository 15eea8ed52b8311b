//! One value of a row, as it is stored.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// One stored value of a row. What the value means is said by its column's encoding and type.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// The value is absent.
    Null,
    /// A 64-bit integer.
    Int(i64),
    /// A double. NaN has no stored form: SQLite keeps it as NULL, so [`super::Row`] does too.
    Real(f64),
    /// The bytes of valid UTF-8; NUL is allowed.
    Text(&'a [u8]),
    /// Any bytes.
    Blob(&'a [u8]),
}

impl Cell<'_> {
    /// Whether both are the same stored value: the same class and the same bits, so `1` is not
    /// `1.0` and `0.0` is not `-0.0`.
    #[must_use]
    #[inline]
    pub fn same(&self, other: &Cell<'_>) -> bool {
        match (self, other) {
            (Cell::Null, Cell::Null) => true,
            (Cell::Int(a), Cell::Int(b)) => a == b,
            (Cell::Real(a), Cell::Real(b)) => a.to_bits() == b.to_bits(),
            (Cell::Text(a), Cell::Text(b)) | (Cell::Blob(a), Cell::Blob(b)) => a == b,
            _ => false,
        }
    }

    /// Whether the value is absent.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Cell::Null)
    }

    /// Appends a form of the value that differs from that of every value that is not
    /// [the same](Self::same); values written one behind the other stay distinguishable.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        match self {
            Cell::Null => out.push(0),
            Cell::Int(value) => {
                out.push(1);
                out.extend_from_slice(&value.to_le_bytes());
            }
            Cell::Real(value) => {
                out.push(2);
                out.extend_from_slice(&value.to_bits().to_le_bytes());
            }
            Cell::Text(bytes) => pack_bytes(3, bytes, out),
            Cell::Blob(bytes) => pack_bytes(4, bytes, out),
        }
    }
}

impl<'a> Cell<'a> {
    /// Takes the first packed value off `packed`; `None` when it is empty or damaged.
    pub(super) fn unpack(packed: &mut &'a [u8]) -> Option<Cell<'a>> {
        let (&tag, rest) = packed.split_first()?;
        let (cell, rest) = match tag {
            0 => (Cell::Null, rest),
            1 | 2 => {
                let (number, rest) = rest.split_first_chunk::<8>()?;
                let cell = match tag {
                    1 => Cell::Int(i64::from_le_bytes(*number)),
                    _ => Cell::Real(f64::from_bits(u64::from_le_bytes(*number))),
                };
                (cell, rest)
            }
            3 | 4 => {
                let (length, rest) = rest.split_first_chunk::<8>()?;
                let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
                let (bytes, rest) = rest.split_at_checked(length)?;
                (
                    if tag == 3 {
                        Cell::Text(bytes)
                    } else {
                        Cell::Blob(bytes)
                    },
                    rest,
                )
            }
            _ => return None,
        };
        *packed = rest;
        Some(cell)
    }
}

fn pack_bytes(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

impl<'a> From<ValueRef<'a>> for Cell<'a> {
    #[inline]
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(value) => Cell::Int(value),
            ValueRef::Real(value) => Cell::Real(value),
            ValueRef::Text(bytes) => Cell::Text(bytes),
            ValueRef::Blob(bytes) => Cell::Blob(bytes),
        }
    }
}

impl<'a> From<Cell<'a>> for ValueRef<'a> {
    #[inline]
    fn from(cell: Cell<'a>) -> Self {
        match cell {
            Cell::Null => ValueRef::Null,
            Cell::Int(value) => ValueRef::Integer(value),
            Cell::Real(value) => ValueRef::Real(value),
            Cell::Text(bytes) => ValueRef::Text(bytes),
            Cell::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }
}

impl ToSql for Cell<'_> {
    #[inline]
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed((*self).into()))
    }
}
