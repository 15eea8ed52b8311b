//! What cells of a column look like.

use std::collections::HashSet;

/// Fewer cells than this show nothing.
const FEWEST: usize = 8;

/// Cells of more bytes have no shape.
const LONGEST: usize = 64;

/// What the cells of each column look like, from those of the first rows.
pub(crate) struct Profile {
    columns: Vec<Look>,
}

/// What the cells of one column look like.
enum Look {
    /// There are too few to tell.
    Unknown,
    /// They have one of these shapes; the empty one is that of an empty cell. Where there are
    /// several, a number counts as one digit, with its fraction.
    Shapes {
        shapes: HashSet<Vec<u8>>,
        collapsed: bool,
    },
    /// They are texts that begin with one of these kinds of characters.
    Text { first: u16, may_be_empty: bool },
}

impl Profile {
    /// The profile of columns whose first cells are these.
    pub(crate) fn new<'a>(columns: impl Iterator<Item = &'a [Vec<u8>]>) -> Self {
        Self {
            columns: columns.map(Look::of).collect(),
        }
    }

    /// Whether the columns say enough to tell cells that belong from cells that do not: at least
    /// two of them have shapes, or all but one.
    pub(crate) fn is_telling(&self) -> bool {
        let shaped = self
            .columns
            .iter()
            .filter(|look| matches!(look, Look::Shapes { shapes, .. } if shapes.iter().any(|s| !s.is_empty())))
            .count();
        shaped >= 2.min(self.columns.len().saturating_sub(1)).max(1)
    }

    /// Whether the cells look like those of their columns.
    pub(crate) fn fits<'a>(&self, cells: impl Iterator<Item = &'a [u8]>) -> bool {
        self.columns
            .iter()
            .zip(cells)
            .all(|(look, cell)| look.fits(cell))
    }

    /// Whether a cell looks like those of column `index`.
    pub(crate) fn fits_column(&self, index: usize, cell: &[u8]) -> bool {
        self.columns.get(index).is_some_and(|look| look.fits(cell))
    }
}

impl Look {
    fn of(cells: &[Vec<u8>]) -> Self {
        if cells.len() < FEWEST {
            return Self::Unknown;
        }
        let most = 4.max(cells.len() / 8);
        if cells.iter().all(|cell| cell.len() <= LONGEST) {
            for collapsed in [false, true] {
                let shapes: HashSet<Vec<u8>> =
                    cells.iter().map(|cell| shape(cell, collapsed)).collect();
                let filled = shapes.iter().filter(|shape| !shape.is_empty()).count();
                if filled <= 1 || collapsed && filled <= most {
                    return Self::Shapes { shapes, collapsed };
                }
            }
        }
        let first = cells.iter().filter_map(|cell| cell.first());
        Self::Text {
            first: first.fold(0, |kinds, byte| kinds | kind(*byte)),
            may_be_empty: cells.iter().any(Vec::is_empty),
        }
    }

    fn fits(&self, cell: &[u8]) -> bool {
        match self {
            Self::Unknown => true,
            Self::Shapes { shapes, collapsed } => {
                cell.len() <= LONGEST && shapes.contains(&shape(cell, *collapsed))
            }
            Self::Text {
                first,
                may_be_empty,
            } => cell
                .first()
                .map_or(*may_be_empty, |byte| first & kind(*byte) != 0),
        }
    }
}

/// The cell with every digit, or if `collapsed` every number, as 9, and every letter as a or A.
fn shape(cell: &[u8], collapsed: bool) -> Vec<u8> {
    let class = |byte: &u8| match byte {
        b'0'..=b'9' => b'9',
        b'a'..=b'z' => b'a',
        b'A'..=b'Z' => b'A',
        0x80.. => b'x',
        other => *other,
    };
    let mut shape: Vec<u8> = cell.iter().map(class).collect();
    if collapsed {
        shape.dedup_by(|next, before| *next == b'9' && *before == b'9');
        let mut points = (1..shape.len().saturating_sub(1))
            .filter(|at| matches!(shape[at - 1..at + 2], [b'9', b'.' | b',', b'9']));
        if let (Some(point), None) = (points.next(), points.next()) {
            shape.drain(point..point + 2);
        }
    }
    shape
}

/// The kind of a character, as a bit.
fn kind(byte: u8) -> u16 {
    match byte {
        b'0'..=b'9' => 1,
        b'a'..=b'z' => 2,
        b'A'..=b'Z' => 4,
        0x80.. => 8,
        b'.' | b'!' | b'?' => 16,
        b'"' | b'\'' => 32,
        b')' | b']' | b'}' => 64,
        b'(' | b'[' | b'{' => 128,
        b'$' | b'#' | b'@' | b'%' => 256,
        b',' | b';' | b':' => 512,
        b' ' | b'\t' => 1024,
        _ => 2048,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(cells: &[&str]) -> Vec<Vec<u8>> {
        let cells = cells.iter().map(|cell| cell.as_bytes().to_vec());
        cells.cycle().take(20).collect()
    }

    #[test]
    fn shapes_and_texts_are_told_apart() {
        let columns = [
            column(&["2", "12"]),
            column(&["Ann Lee", "Bo", "Christine", "D. Abraham", "Mc Coy"]),
            column(&[""]),
        ];
        let profile = Profile::new(columns.iter().map(Vec::as_slice));
        let fits = |cells: [&str; 3]| profile.fits(cells.iter().map(|cell| cell.as_bytes()));
        assert!(fits(["7", "Eve", ""]));
        for odd in [
            ["x", "Eve", ""],
            ["7", "", ""],
            ["7", "9 Eve", ""],
            ["7", "Eve", "x"],
        ] {
            assert!(!fits(odd), "{odd:?}");
        }
    }
}
