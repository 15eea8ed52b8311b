//! The cells of a row as bytes.

use manifold_format::TypedCell;

/// Appends a cell to a row of bytes.
pub(crate) fn pack(cell: TypedCell<'_>, out: &mut Vec<u8>) {
    let tag = match cell {
        TypedCell::Null => return out.push(0),
        TypedCell::Text(_) => 1,
        TypedCell::Number(_) => 2,
        TypedCell::Bool(_) => 3,
        TypedCell::Blob(_) => 4,
    };
    let bytes = cell.bytes();
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// The cells of a row, from left to right. It ends early where the bytes are damaged.
pub(crate) struct PackedCells<'a>(pub(crate) &'a [u8]);

impl PackedCells<'_> {
    /// Whether none is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Iterator for PackedCells<'a> {
    type Item = TypedCell<'a>;

    fn next(&mut self) -> Option<TypedCell<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        if tag == 0 {
            self.0 = rest;
            return Some(TypedCell::Null);
        }
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (bytes, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(match tag {
            1 => TypedCell::Text(bytes),
            2 => TypedCell::Number(bytes),
            3 => TypedCell::Bool(bytes == b"true"),
            _ => TypedCell::Blob(bytes),
        })
    }
}

/// What identifies a row by some of its cells: the bytes they stand for, whatever their type, and which of them are NULL.
pub(crate) fn identity<'a>(cells: impl Iterator<Item = TypedCell<'a>>, out: &mut Vec<u8>) {
    out.clear();
    for cell in cells {
        if matches!(cell, TypedCell::Null) {
            out.push(0);
            continue;
        }
        let bytes = cell.bytes();
        out.push(1);
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let cells = [
            TypedCell::Null,
            TypedCell::Text(b""),
            TypedCell::Text(b"5"),
            TypedCell::Number(b"5"),
            TypedCell::Bool(true),
            TypedCell::Bool(false),
            TypedCell::Blob(b"\xff\0"),
        ];
        let mut bytes = Vec::new();
        for cell in cells {
            pack(cell, &mut bytes);
        }
        assert_eq!(PackedCells(&bytes).collect::<Vec<_>>(), cells);
        bytes.pop();
        assert_eq!(PackedCells(&bytes).count(), cells.len() - 1);
    }

    #[test]
    fn rows_are_told_apart_by_what_their_cells_stand_for() {
        let identity_of = |cells: &[TypedCell<'_>]| {
            let mut out = Vec::new();
            identity(cells.iter().copied(), &mut out);
            out
        };
        let number = identity_of(&[TypedCell::Number(b"1"), TypedCell::Null]);
        assert_eq!(
            number,
            identity_of(&[TypedCell::Text(b"1"), TypedCell::Null])
        );
        assert_ne!(
            number,
            identity_of(&[TypedCell::Number(b"1"), TypedCell::Text(b"")])
        );
        assert_ne!(
            identity_of(&[TypedCell::Text(b"ab"), TypedCell::Text(b"c")]),
            identity_of(&[TypedCell::Text(b"a"), TypedCell::Text(b"bc")])
        );
    }
}
