//! The rows of a table, read from the pages of a file that stays as it is.
//!
//! Who looks at every cell of every row spends most of the time in SQLite's virtual machine, which copies each text. Where the file
//! holds the whole state (see [`StillFile`]), its pages can be read instead: a later import takes a fifth less time. What cannot be
//! read so is read by a query, as ever.
//!
//! The format is <https://sqlite.org/fileformat2.html>, sections 1.5 and 1.6, and 2.

mod leaf;
mod record;
mod varint;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, ffi};

use crate::sqlite::StillFile;
use leaf::{Kind, Leaf, Page};
use record::Record;

/// SQLite's own limit of how deep a tree is.
const DEEPEST: usize = 20;

/// Bytes of a page that are used at the least.
const LEAST_USABLE: usize = 480;

/// A walk over all rows of one table, in the order of their rowids.
#[derive(Debug)]
pub(crate) struct TableWalk<'c> {
    file: StillFile<'c>,
    root: u32,
    page_size: usize,
    /// Without the bytes that are reserved at the end of each page.
    usable: usize,
    /// The inner pages that lead to the leaf, from the root on, each with the number of its child that is walked.
    path: Vec<(Page, usize)>,
    /// How many inner pages lead to each leaf, once that is known.
    depth: Option<usize>,
    /// Pages from `window_at` on, the leaf among them.
    window: Vec<u8>,
    window_at: u64,
    leaf: Leaf,
    /// A record that goes on behind its page.
    long: Vec<u8>,
    record: Record,
    /// Rows before it are passed over.
    from: i64,
    last: Option<i64>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    OnRow,
    Ended,
}

impl<'c> TableWalk<'c> {
    /// Before the first row of `table`; [`Self::value`] knows `columns`. `None` when it cannot be read so: in no read transaction, or
    /// when a part of the state is in the log, or for such columns.
    ///
    /// # Errors
    /// What SQLite says of the catalogue.
    pub(crate) fn open(
        connection: &'c Connection,
        table: &str,
        columns: &[&str],
    ) -> rusqlite::Result<Option<Self>> {
        let Some(wanted) = wanted(connection, table, columns)? else {
            return Ok(None);
        };
        let root = connection
            .query_row(
                "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?",
                [table],
                |row| row.get(0),
            )
            .optional()?;
        let (Some(root), Some(file)) = (root, StillFile::of(connection)?) else {
            return Ok(None);
        };
        let mut head = vec![0; file.page_size()];
        file.read(&mut head, 0)?;
        let usable = head.len() - usize::from(head[20]);
        let is_utf8 = head[56..60] == [0, 0, 0, 1];
        if !is_utf8 || usable < LEAST_USABLE {
            return Ok(None);
        }
        Ok(Some(Self {
            root,
            page_size: head.len(),
            usable,
            file,
            path: Vec::new(),
            depth: None,
            window: Vec::new(),
            window_at: 0,
            leaf: Leaf::default(),
            long: Vec::new(),
            record: Record::of(wanted),
            from: i64::MIN,
            last: None,
            state: State::Before,
        }))
    }

    /// The same walk, before the first row whose rowid is at least `rowid`.
    #[must_use]
    pub(crate) fn beginning_at(mut self, rowid: i64) -> Self {
        self.from = rowid;
        self
    }

    /// Goes on to the next row; its rowid, or `None` behind the last and ever after.
    ///
    /// # Errors
    /// What SQLite says of a page that cannot be read, or is none of the table.
    #[inline]
    pub(crate) fn advance(&mut self) -> rusqlite::Result<Option<i64>> {
        let before = self.state;
        self.state = State::Ended; // as it is behind an error
        match before {
            State::Before => {
                self.descend(self.root)?;
                let mut row = self.next_row()?;
                while row.is_some_and(|rowid| rowid < self.from) {
                    row = self.next_row()?;
                }
                Ok(row)
            }
            State::OnRow => self.next_row(),
            State::Ended => Ok(None),
        }
    }

    #[inline]
    fn next_row(&mut self) -> rusqlite::Result<Option<i64>> {
        while self.leaf.is_walked() {
            let Some(next) = self.next_child()? else {
                self.state = State::Ended;
                return Ok(None);
            };
            self.descend(next)?;
        }
        let rowid = self.cell()?;
        if self.last.is_some_and(|last| last >= rowid) {
            return Err(damaged());
        }
        self.last = Some(rowid);
        self.state = State::OnRow;
        Ok(Some(rowid))
    }

    /// The value of one of the columns that were asked for, by its place among them. NULL where the walk stands on no row.
    #[inline]
    pub(crate) fn value(&self, column: usize) -> ValueRef<'_> {
        if self.state != State::OnRow {
            return ValueRef::Null;
        }
        let payload = match self.leaf.payload() {
            Some(range) => self.window.get(range).unwrap_or_default(),
            None => &self.long,
        };
        self.record.value(payload, column)
    }

    /// Reads the row that is next in the leaf.
    #[inline]
    fn cell(&mut self) -> rusqlite::Result<i64> {
        let cell = self.leaf.next(&self.window, self.usable);
        let cell = cell.ok_or_else(damaged)?;
        if let Some(rest) = cell.rest {
            self.long.clear();
            self.long.extend_from_slice(&self.window[cell.local]);
            self.read_rest(rest, cell.length)?;
            self.record.read(&self.long).ok_or_else(damaged)?;
        } else {
            let payload = &self.window[cell.local];
            self.record.read(payload).ok_or_else(damaged)?;
        }
        Ok(cell.rowid)
    }

    /// Reads what of a record stands on pages of its own.
    #[cold]
    fn read_rest(&mut self, first: u32, length: usize) -> rusqlite::Result<()> {
        if length as u64 > self.file.size() {
            return Err(damaged());
        }
        let mut next = first;
        while self.long.len() < length {
            let page = self.read(next)?;
            let (link, content) = page[..self.usable].split_at(4);
            next = u32::from_be_bytes([link[0], link[1], link[2], link[3]]);
            let left = length - self.long.len();
            self.long
                .extend_from_slice(&content[..left.min(content.len())]);
        }
        Ok(())
    }

    /// The page to go on with behind the leaf; `None` behind the last.
    fn next_child(&mut self) -> rusqlite::Result<Option<u32>> {
        while let Some((page, at)) = self.path.last_mut() {
            *at += 1;
            if *at < page.children() {
                return page.child(*at).map(Some).ok_or_else(damaged);
            }
            self.path.pop();
        }
        Ok(None)
    }

    /// Goes from a page down to the first leaf below it.
    fn descend(&mut self, from: u32) -> rusqlite::Result<()> {
        let mut number = from;
        loop {
            if self.depth == Some(self.path.len()) {
                let at = self.load(number)?;
                self.leaf =
                    Leaf::at(&self.window[at..at + self.page_size], at).ok_or_else(damaged)?;
                return Ok(());
            }
            let page = Page::of(self.read(number)?).ok_or_else(damaged)?;
            match page.kind() {
                // All leaves are equally deep: the next are read with those that follow them.
                Kind::Leaf if self.depth.is_none() => self.depth = Some(self.path.len()),
                Kind::Inner if self.path.len() < DEEPEST => {
                    // Behind the first leaf all rows are walked.
                    let at = match self.last {
                        None => page.child_from(self.from).ok_or_else(damaged)?,
                        Some(_) => 0,
                    };
                    let child = page.child(at).ok_or_else(damaged)?;
                    self.path.push((page, at));
                    number = child;
                }
                Kind::Leaf | Kind::Inner => return Err(damaged()),
            }
        }
    }

    /// Where in the window the page is. With pages that follow each other those behind it are read, too.
    fn load(&mut self, number: u32) -> rusqlite::Result<usize> {
        let offset = self.offset(number)?;
        let end = self.window_at + self.window.len() as u64;
        let size = self.page_size as u64;
        if (self.window_at..end).contains(&offset) {
            return Ok((offset - self.window_at) as usize); // less than the window is long
        }
        // A page between two may be an inner one.
        let follows = offset == end || offset == end + size || self.window.is_empty();
        let length = if follows {
            let piece = StillFile::PIECE as u64;
            (piece - offset % piece).min(self.file.size() - offset)
        } else {
            size
        };
        self.window.resize(length as usize, 0); // at most a piece
        self.window_at = offset;
        let read = self.file.read(&mut self.window, offset);
        if read.is_err() {
            self.window.clear();
        }
        read.map(|()| 0)
    }

    fn read(&self, number: u32) -> rusqlite::Result<Vec<u8>> {
        let mut page = vec![0; self.page_size];
        self.file.read(&mut page, self.offset(number)?)?;
        Ok(page)
    }

    /// Where a page begins that is in the file and not its first, which no table has for a root.
    fn offset(&self, number: u32) -> rusqlite::Result<u64> {
        let size = self.page_size as u64;
        let offset = u64::from(number).saturating_sub(1) * size;
        if offset == 0 || offset + size > self.file.size() {
            return Err(damaged());
        }
        Ok(offset)
    }
}

/// The places of columns in the records of a table; `None` when one is not stored there in every row.
fn wanted(
    connection: &Connection,
    table: &str,
    columns: &[&str],
) -> rusqlite::Result<Option<Vec<usize>>> {
    let mut statement = connection.prepare_cached(
        "SELECT cid, name FROM pragma_table_xinfo(?) WHERE pk = 0 AND hidden = 0 AND dflt_value IS NULL \
         OR name = '_to'",
    )?;
    let stored = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let stored: Vec<(i64, String)> = stored.collect::<Result<_, _>>()?;
    let place = |column: &&str| {
        let mut found = stored.iter().filter(|(_, name)| name == column);
        usize::try_from(found.next()?.0).ok()
    };
    Ok(columns.iter().map(place).collect())
}

#[cold]
fn damaged() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), None)
}

#[cfg(test)]
mod tests;
