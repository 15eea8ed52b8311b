//! The pages of a table's tree.

use std::ops::Range;

use super::varint::varint;

/// What a page of a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It leads to others.
    Inner,
    /// It holds rows.
    Leaf,
}

impl Kind {
    fn of(page: &[u8]) -> Option<Self> {
        match page.first()? {
            5 => Some(Self::Inner),
            13 => Some(Self::Leaf),
            _ => None,
        }
    }

    /// Where the places of the cells begin.
    fn header(self) -> usize {
        match self {
            Self::Inner => 12,
            Self::Leaf => 8,
        }
    }
}

fn number(page: &[u8], at: usize) -> Option<usize> {
    let bytes = page.get(at..)?.first_chunk()?;
    Some(usize::from(u16::from_be_bytes(*bytes)))
}

fn link(page: &[u8], at: usize) -> Option<u32> {
    let bytes = page.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

/// A page of a table.
#[derive(Debug)]
pub(super) struct Page {
    bytes: Vec<u8>,
    kind: Kind,
    cells: usize,
}

impl Page {
    /// `None` for a page of something else.
    pub(super) fn of(bytes: Vec<u8>) -> Option<Self> {
        let kind = Kind::of(&bytes)?;
        let cells = number(&bytes, 3)?;
        Some(Self { bytes, kind, cells })
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// How many pages this inner one leads to.
    pub(super) fn children(&self) -> usize {
        self.cells + 1
    }

    /// Which of them holds the first row from `rowid` on, if any does; `None` when the page is damaged.
    pub(super) fn child_from(&self, rowid: i64) -> Option<usize> {
        let (mut low, mut high) = (0, self.cells);
        while low < high {
            let middle = low.midpoint(high);
            let cell = number(&self.bytes, self.kind.header() + 2 * middle)?;
            // The highest rowid of the child.
            let (key, _) = varint(&self.bytes, cell + 4)?;
            if key.cast_signed() < rowid {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Some(low)
    }

    /// The number of a page that this inner one leads to, from 0 on; `None` when it is damaged.
    pub(super) fn child(&self, at: usize) -> Option<u32> {
        if at == self.cells {
            return link(&self.bytes, 8);
        }
        let cell = number(&self.bytes, self.kind.header() + 2 * at)?;
        link(&self.bytes, cell)
    }
}

/// A leaf of which a part is walked. Its bytes lie in a window that others hold.
#[derive(Debug, Default)]
pub(super) struct Leaf {
    /// Where it begins in the window.
    begin: usize,
    /// Where it ends.
    end: usize,
    cells: usize,
    next: usize,
    payload: Option<Range<usize>>,
}

/// A row of a leaf.
pub(super) struct Cell {
    pub(super) rowid: i64,
    /// Bytes of its record.
    pub(super) length: usize,
    /// Where in the window the record, or its beginning, is.
    pub(super) local: Range<usize>,
    /// The page on which it goes on.
    pub(super) rest: Option<u32>,
}

impl Leaf {
    /// The leaf `page`, which stands at `begin` in the window; `None` for a page that is none.
    pub(super) fn at(page: &[u8], begin: usize) -> Option<Self> {
        if Kind::of(page)? != Kind::Leaf {
            return None;
        }
        Some(Self {
            begin,
            end: begin + page.len(),
            cells: number(page, 3)?,
            next: 0,
            payload: None,
        })
    }

    /// Whether no row is left.
    #[inline]
    pub(super) fn is_walked(&self) -> bool {
        self.next == self.cells
    }

    /// Where in the window the record of the last row is; `None` when it goes on behind its page.
    #[inline]
    pub(super) fn payload(&self) -> Option<Range<usize>> {
        self.payload.clone()
    }

    /// The next row; `None` when the page is damaged. `usable`: bytes of a page without those that are reserved.
    #[inline]
    pub(super) fn next(&mut self, window: &[u8], usable: usize) -> Option<Cell> {
        let page = window.get(self.begin..self.end)?.get(..usable)?;
        let at = number(page, Kind::Leaf.header() + 2 * self.next)?;
        self.next += 1;
        let (length, at) = varint(page, at)?;
        let (rowid, at) = varint(page, at)?;
        let length = usize::try_from(length).ok()?;
        let local = local(length, usable);
        let end = at.checked_add(local).filter(|end| *end <= page.len())?;
        let rest = if local < length {
            Some(link(page, end)?)
        } else {
            None
        };
        let local = self.begin + at..self.begin + end;
        self.payload = rest.is_none().then(|| local.clone());
        Some(Cell {
            rowid: rowid.cast_signed(),
            length,
            local,
            rest,
        })
    }
}

/// How many bytes of a record of `length` bytes stand on the leaf.
#[inline]
fn local(length: usize, usable: usize) -> usize {
    let most = usable - 35;
    if length <= most {
        return length;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let fitting = least + (length - least) % (usable - 4);
    if fitting <= most { fitting } else { least }
}
