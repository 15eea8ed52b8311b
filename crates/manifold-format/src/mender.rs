//! Reads a record that does not split into the columns in the one other way that does.

use crate::lenient::{Cell, Mended, Variant, split};
use crate::profile::Profile;
use crate::splitter::{Field, Fields, Split};
use crate::syntax::Syntax;

/// Longer records, in bytes, are not mended.
const LONGEST: usize = 64 * 1024;

/// Records with more quotes or fields are not mended.
const MOST: usize = 64;

/// Instead of the delimiter of the file, in a single record.
const OTHER_DELIMITERS: [u8; 5] = [b',', b';', b'\t', b'|', b' '];

/// Reads a record that does not split into the columns in another way, if exactly one gives as
/// many cells and cells that look like those of their columns.
pub(crate) struct Mender {
    syntax: Syntax,
    columns: usize,
    profile: Profile,
    telling: bool,
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has another number of fields.
    Width,
    /// It has the right number of fields, but a quoted one goes on behind its closing quote.
    Quote,
    /// It has the right number of fields, but there is a quote in one that is not quoted.
    StrayQuote,
}

impl Mender {
    pub(crate) fn new(syntax: Syntax, columns: usize, profile: Profile) -> Self {
        Self {
            syntax,
            columns,
            telling: columns > 1 && profile.is_telling(),
            profile,
        }
    }

    /// Mends a header of as many names as there are columns, of which nothing else is known.
    pub(crate) fn header(syntax: Syntax, columns: usize) -> Self {
        Self {
            syntax,
            columns,
            profile: Profile::new(std::iter::repeat_n(&[][..], columns)),
            telling: false,
        }
    }

    /// Reads the header at the start of `input` anew.
    pub(crate) fn mend_header(&self, input: &[u8], at_end: bool) -> Option<Mended> {
        let input = head(input);
        self.by_quotes(input, at_end)
            .or_else(|| self.at_boundaries(input, at_end))
            .or_else(|| self.by_other_delimiters(input, at_end))
            .or_else(|| self.without_empty(input, at_end))
    }

    /// Reads the record at the start of `input`, which was split into `fields`, anew. `record` is
    /// its length as it was split.
    pub(crate) fn mend(
        &self,
        input: &[u8],
        record: usize,
        at_end: bool,
        fault: Fault,
        fields: &Fields,
    ) -> Option<Mended> {
        if record > LONGEST || fields.count > 4 * MOST.max(self.columns) {
            return None;
        }
        let (input, at_end) = (head(input), at_end && input.len() <= LONGEST);
        if fault != Fault::StrayQuote
            && fields.special
            && let Some(mended) = self.leniently(input, at_end, Variant::default())
            && (fault == Fault::Quote || self.fits_quotes(&mended))
        {
            return Some(mended);
        }
        let as_it_is = || fields.fields.iter().map(|field| fields.text(field, input));
        if fault != Fault::Width && (!self.telling || self.profile.fits(as_it_is())) {
            return None;
        }
        if fields.special
            && let Some(mended) = self.by_quotes(input, at_end)
        {
            return Some(mended);
        }
        if !self.telling {
            return None;
        }
        let mended = if fields.special {
            self.at_boundaries(input, at_end)
        } else {
            None
        };
        mended
            .or_else(|| self.by_other_delimiters(input, at_end))
            .or_else(|| self.without_empty(input, at_end))
            .or_else(|| self.with_delimiter(input, at_end, fields.count))
            .or_else(|| self.joined(input, at_end))
    }

    /// Reads the record at the start of `input` anew, in which a quote opens a field and none closes it.
    pub(crate) fn mend_open(&self, input: &[u8], at_end: bool) -> Option<Mended> {
        if !self.telling {
            return None;
        }
        self.by_quotes(head(input), at_end && input.len() <= LONGEST)
    }

    /// With a quote that opens a field as data.
    fn by_quotes(&self, input: &[u8], at_end: bool) -> Option<Mended> {
        let variants = (0..self.columns.min(MOST)).map(|field| Variant {
            literal: Some(field),
            boundary: None,
        });
        let readings = variants.filter_map(|variant| self.leniently(input, at_end, variant));
        only(readings.filter(|mended| self.fits_quotes(mended)))
    }

    /// With a delimiter that is missing beside a quote.
    fn at_boundaries(&self, input: &[u8], at_end: bool) -> Option<Mended> {
        let quote = self.syntax.quote?;
        let line = &input[..memchr::memchr(b'\n', input).unwrap_or(input.len())];
        let quotes = memchr::memchr_iter(quote, line).take(MOST);
        let boundaries = quotes.flat_map(|at| [at, at + 1]).filter(|at| {
            let goes_on = line
                .get(*at)
                .is_some_and(|b| *b != self.syntax.delimiter && *b != b'\r');
            goes_on && *at > 0 && line[at - 1] != self.syntax.delimiter
        });
        let readings = boundaries.filter_map(|boundary| {
            let variant = Variant {
                literal: None,
                boundary: Some(boundary),
            };
            self.leniently(input, at_end, variant)
        });
        let readings: Vec<Mended> = readings.filter(|mended| self.fits(&mended.cells)).collect();
        // A quote that is left over in a cell was cut off from its other half.
        let whole = |mended: &Mended| {
            let mut bare = mended.cells.iter().filter(|cell| !cell.quoted);
            bare.all(|cell| memchr::memchr(quote, &cell.text).is_none())
        };
        let (whole, cut): (Vec<_>, Vec<_>) = readings.into_iter().partition(whole);
        let likely = if whole.is_empty() { cut } else { whole };
        only(likely.into_iter())
    }

    /// With another delimiter, as if the record came from another file.
    fn by_other_delimiters(&self, input: &[u8], at_end: bool) -> Option<Mended> {
        let others = OTHER_DELIMITERS
            .into_iter()
            .filter(|other| *other != self.syntax.delimiter && Some(*other) != self.syntax.quote);
        let readings = others.flat_map(|delimiter| {
            let syntax = Syntax {
                delimiter,
                delimiter_space: false,
                ..self.syntax
            };
            let read = self.as_split(input, at_end, &syntax);
            read.map_or_else(Vec::new, |read| {
                if read.cells.len() > self.columns && delimiter == b' ' && self.telling {
                    self.joinings(&read, b' ')
                } else {
                    vec![read]
                }
            })
        });
        let readings = readings.filter(|mended| mended.cells.len() == self.columns);
        only(readings.filter(|mended| self.columns > 1 && self.fits(&mended.cells)))
    }

    /// Without one empty cell: the delimiter is there twice.
    fn without_empty(&self, input: &[u8], at_end: bool) -> Option<Mended> {
        let read = self.as_split(input, at_end, &self.syntax)?;
        if read.cells.len() != self.columns + 1 {
            return None;
        }
        let empties = (0..read.cells.len())
            .filter(|index| read.cells[*index].text.is_empty() && !read.cells[*index].quoted);
        let readings = empties.map(|index| {
            let mut cells = read.cells.clone();
            cells.remove(index);
            Mended { cells, ..read }
        });
        only(readings.filter(|mended| self.fits(&mended.cells)))
    }

    /// With one cell as two: the delimiter between them is missing.
    fn with_delimiter(&self, input: &[u8], at_end: bool, count: usize) -> Option<Mended> {
        if count + 1 != self.columns {
            return None;
        }
        let read = self.as_split(input, at_end, &self.syntax)?;
        let fits = |range: std::ops::Range<usize>, shift: usize| {
            range.into_iter().all(|index| {
                self.profile
                    .fits_column(index + shift, &read.cells[index].text)
            })
        };
        let width = read.cells.len();
        if width != count || fits(0..width, 0) {
            return None; // it is short, and its last cells are missing
        }
        let mut readings = Vec::new();
        for (index, cell) in read.cells.iter().enumerate() {
            if cell.quoted || !fits(0..index, 0) || !fits(index + 1..width, 1) {
                continue;
            }
            for at in 1..cell.text.len() {
                let (left, right) = cell.text.split_at(at);
                if self.profile.fits_column(index, left)
                    && self.profile.fits_column(index + 1, right)
                {
                    let mut cells = read.cells.clone();
                    cells.splice(index..=index, [left, right].map(Cell::bare));
                    readings.push(Mended { cells, ..read });
                }
            }
        }
        only(readings.into_iter())
    }

    /// With neighbours as one cell, where the delimiter is a space: text has spaces too.
    fn joined(&self, input: &[u8], at_end: bool) -> Option<Mended> {
        if self.syntax.delimiter != b' ' {
            return None;
        }
        let read = self.as_split(input, at_end, &self.syntax)?;
        let readings = self.joinings(&read, b' ').into_iter();
        only(readings.filter(|mended| self.fits(&mended.cells)))
    }

    /// All ways to make one cell of neighbours that are not quoted so that there are as many cells
    /// as columns.
    fn joinings(&self, read: &Mended, delimiter: u8) -> Vec<Mended> {
        let Some(more) = read
            .cells
            .len()
            .checked_sub(self.columns)
            .filter(|more| *more > 0)
        else {
            return Vec::new();
        };
        let parts = |from: usize| &read.cells[from..=from + more];
        (0..self.columns)
            .filter(|from| parts(*from).iter().all(|cell| !cell.quoted))
            .map(|from| {
                let texts: Vec<&[u8]> = parts(from).iter().map(|cell| &cell.text[..]).collect();
                let joined = Cell::bare(&texts.join(&delimiter));
                let mut cells = read.cells.clone();
                cells.splice(from..=from + more, [joined]);
                Mended { cells, ..*read }
            })
            .collect()
    }

    /// As `syntax` says, if the quotes allow it.
    fn as_split(&self, input: &[u8], at_end: bool, syntax: &Syntax) -> Option<Mended> {
        let mut fields = Fields::default();
        match fields.split(input, syntax, at_end, 4 * MOST.max(self.columns)) {
            Split::Record { len, terminator } if !fields.irregular => {
                let cell = |field: &Field| Cell {
                    text: fields.text(field, input).to_vec(),
                    quoted: field.quoted,
                };
                let cells = fields.fields.iter().map(cell).collect();
                Some(Mended {
                    cells,
                    len,
                    terminator,
                })
            }
            _ => split(input, syntax, at_end, Variant::default()),
        }
    }

    fn leniently(&self, input: &[u8], at_end: bool, variant: Variant) -> Option<Mended> {
        split(input, &self.syntax, at_end, variant)
            .filter(|mended| mended.cells.len() == self.columns)
    }

    fn fits(&self, cells: &[Cell]) -> bool {
        self.profile.fits(cells.iter().map(|cell| &cell.text[..]))
    }

    /// As [`Mender::fits`], with a quote before a cell, which is the fault.
    fn fits_quotes(&self, mended: &Mended) -> bool {
        let quote = self.syntax.quote.unwrap_or_default();
        let texts = mended.cells.iter().map(|cell| &cell.text[..]);
        self.profile
            .fits(texts.map(|text| text.strip_prefix(&[quote]).unwrap_or(text)))
    }
}

/// The first bytes, in which a record must end to be mended.
fn head(input: &[u8]) -> &[u8] {
    &input[..input.len().min(LONGEST)]
}

/// The reading, if all are the same.
fn only(mut readings: impl Iterator<Item = Mended>) -> Option<Mended> {
    let first = readings.next()?;
    readings
        .all(|other| other.cells == first.cells)
        .then_some(first)
}
