//! Reads on before SQLite asks, so that a scan needs few calls of the system.
//!
//! # Why what was read on is what SQLite would read
//!
//! SQLite asks a file for a page only within a transaction, and what is held here is forgotten whenever one of its file's
//! locks is taken or given back, and whenever its connection writes to the file. So a page is given out only in the transaction
//! in which it was read, and all that is to be shown is: a page that SQLite asks the file for at some time in a transaction
//! has been the same in the file since the transaction began.
//!
//! *Without a write-ahead log*, a transaction holds at least a `SHARED` lock on the file from its first read to its end, and
//! nobody else writes to the file before having an `EXCLUSIVE` one. What the connection itself writes makes all be forgotten.
//!
//! *With a write-ahead log*, only checkpoints write to the file (a change of the journal mode needs the `EXCLUSIVE` lock, and each
//! connection holds a `SHARED` one while it has the log open). When a read transaction begins, it notes how many frames `b` of the log
//! have been written back and synced, and how many there are, `m`; it holds one of the read locks, with a mark of at most `m`.
//!
//! - With read lock 0, `b = m`: all of the log is in the file, and the log is not looked at. A checkpoint writes, and cuts the file
//!   off, only while it holds this lock alone, so the file does not change at all.
//! - With another one, a page that has a frame in `b + 1 ..= m` is read from the log, and any other from the file. A checkpoint that
//!   runs beside the transaction writes pages of frames after the `b` of its own beginning. That is no less than ours: only one
//!   checkpoint runs at a time, and one that ran when we began and had not yet raised `b` writes frames after ours, too. And it writes
//!   frames up to our mark at the most; or, if it looked at the marks before we took ours, up to the `m` that it knew, which
//!   is not above ours, as we began anew if the log went on while we took the lock. So each page that it writes is one that we
//!   read from the log. It cuts the file off only when all frames are written back, at the size that the newest of them
//!   says, and that is ours then.
//!
//! So a page that a checkpoint overwrites, perhaps while it is read on here, old, new or torn, is one for which SQLite does not ask
//! the file before the transaction ends. Its checksum is looked at when it is asked for, not before. A file whose user promised SQLite
//! that it does not change (`immutable=1`) has no locks, and does not change.
//!
//! It does not matter whether the others are in this process or in another one: each open file of SQLite's has its own locks, kept by
//! the platform's side, and its own [`ReadAhead`].

use std::ffi::c_int;

use rusqlite::ffi::SQLITE_OK;

use super::checked_pages::PlatformFile;

/// Bytes that are read at once, at most. SQLite's own side of the platform must not be asked for 128 KiB.
const MOST: usize = 64 << 10;

/// Pages that are read at once at the first time. Then it is twice as many each time, as long as page follows page.
const FIRST: usize = 4;

/// How many pages must follow each other before more than one is read.
const RUN: u32 = 2;

/// What was read of a file before it was asked for. None of it is checked yet.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    /// Pages, from `begin` on.
    held: Vec<u8>,
    begin: i64,
    /// Where the page begins that would follow in the scan.
    next: i64,
    /// How many pages have followed each other.
    run: u32,
    /// Pages of the next window; 0 before the first.
    window: usize,
    /// Where the last page ended that was not in the scan: where another one may have begun.
    beside: i64,
}

impl ReadAhead {
    /// Reads the page at `offset`, from what is held or from the file.
    pub(super) fn read(&mut self, file: &impl PlatformFile, page: &mut [u8], offset: i64) -> c_int {
        let Ok(size) = i64::try_from(page.len()) else {
            return file.read(page, offset);
        };
        if let Some(held) = self.held(offset, page.len()) {
            page.copy_from_slice(held);
            self.next = offset + size;
            return SQLITE_OK;
        }
        // A page between two may be one that SQLite has, such as an inner one of the tree.
        let follows = |end: i64| offset == end || offset == end + size;
        if follows(self.next) {
            self.run = self.run.saturating_add(1);
        } else if follows(self.beside) {
            (self.run, self.window) = (1, 0);
        } else {
            self.beside = offset + size;
            return file.read(page, offset);
        }
        self.next = offset + size;
        if self.run >= RUN && self.fill(file, page.len(), offset) {
            page.copy_from_slice(&self.held[..page.len()]);
            return SQLITE_OK;
        }
        file.read(page, offset)
    }

    /// Forgets what is held: it may no longer be what is in the file.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    fn held(&self, offset: i64, length: usize) -> Option<&[u8]> {
        let from = usize::try_from(offset.checked_sub(self.begin)?).ok()?;
        self.held.get(from..from.checked_add(length)?)
    }

    /// Reads the next window, which begins with the page at `offset`; false when there is none, or when it cannot be read:
    /// the page alone then tells why.
    fn fill(&mut self, file: &impl PlatformFile, size: usize, offset: i64) -> bool {
        let left = usize::try_from(file.size().saturating_sub(offset)).unwrap_or(0);
        let pages = self.window.max(FIRST).min(MOST / size).min(left / size);
        self.window = 2 * pages;
        if pages < 2 {
            return false;
        }
        self.held.resize(pages * size, 0);
        self.begin = offset;
        let read = file.read(&mut self.held, offset) == SQLITE_OK;
        if !read {
            self.held.clear();
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use proptest::prelude::*;

    use super::*;

    const PAGE: usize = 512;

    /// A file that counts how often it is read.
    #[derive(Default)]
    struct Counted {
        bytes: RefCell<Vec<u8>>,
        reads: Cell<usize>,
    }

    impl Counted {
        fn of(pages: usize) -> Self {
            let page = |number: usize| [(number % 251) as u8; PAGE];
            Self {
                bytes: RefCell::new((0..pages).flat_map(page).collect()),
                reads: Cell::new(0),
            }
        }

        fn change(&self, page: usize) {
            for byte in &mut self.bytes.borrow_mut()[page * PAGE..][..PAGE] {
                *byte = byte.wrapping_add(1);
            }
        }
    }

    impl PlatformFile for Counted {
        fn read(&self, bytes: &mut [u8], offset: i64) -> c_int {
            self.reads.set(self.reads.get() + 1);
            let offset = usize::try_from(offset).unwrap();
            match self.bytes.borrow().get(offset..offset + bytes.len()) {
                Some(found) => {
                    bytes.copy_from_slice(found);
                    SQLITE_OK
                }
                None => rusqlite::ffi::SQLITE_IOERR_SHORT_READ,
            }
        }

        fn write(&self, _: &[u8], _: i64) -> c_int {
            rusqlite::ffi::SQLITE_IOERR
        }

        fn size(&self) -> i64 {
            self.bytes.borrow().len() as i64
        }
    }

    fn read(ahead: &mut ReadAhead, file: &Counted, page: usize) -> Vec<u8> {
        let mut bytes = vec![0xEE; PAGE];
        let code = ahead.read(file, &mut bytes, (page * PAGE) as i64);
        assert_eq!(code, SQLITE_OK, "page {page}");
        bytes
    }

    fn stored(file: &Counted, page: usize) -> Vec<u8> {
        file.bytes.borrow()[page * PAGE..][..PAGE].to_vec()
    }

    #[test]
    fn a_scan_needs_few_reads() {
        let file = Counted::of(1_000);
        let mut ahead = ReadAhead::default();
        for page in (1..1_000).filter(|page| page % 100 != 0) {
            assert_eq!(read(&mut ahead, &file, page), stored(&file, page));
        }
        assert!(file.reads.get() < 30, "{} reads", file.reads.get());
    }

    #[test]
    fn single_pages_beside_a_scan_do_not_disturb_it() {
        let file = Counted::of(2_000);
        let mut ahead = ReadAhead::default();
        for page in 1..1_000 {
            read(&mut ahead, &file, page);
            if page % 2 == 0 {
                read(&mut ahead, &file, 1_000 + page * 617 % 1_000);
            }
        }
        let beside = 499;
        assert!(file.reads.get() < beside + 40, "{} reads", file.reads.get());
    }

    #[test]
    fn pages_here_and_there_are_read_alone() {
        let file = Counted::of(1_000);
        let mut ahead = ReadAhead::default();
        // With two pages between them none follows another one.
        for page in (0..1_000).step_by(3) {
            assert_eq!(read(&mut ahead, &file, page), stored(&file, page));
        }
        assert_eq!(file.reads.get(), 334);
        assert!(ahead.held.is_empty());
        // Where one does by chance, few more are read than asked for.
        for step in 0..1_000 {
            let page = step * 389 % 1_000;
            assert_eq!(read(&mut ahead, &file, page), stored(&file, page));
        }
        assert!(file.reads.get() <= 1_334);
    }

    #[test]
    fn the_end_of_the_file_is_the_end() {
        let file = Counted::of(50);
        let mut ahead = ReadAhead::default();
        for page in 0..50 {
            assert_eq!(read(&mut ahead, &file, page), stored(&file, page));
        }
        let code = ahead.read(&file, &mut [0; PAGE], (50 * PAGE) as i64);
        assert_eq!(code, rusqlite::ffi::SQLITE_IOERR_SHORT_READ);
    }

    proptest! {
        /// What changes between two transactions is seen; within one, nothing changes that is asked for.
        #[test]
        fn what_is_read_is_what_is_in_the_file(
            steps in prop::collection::vec((0_usize..400, 1_usize..60, any::<bool>()), 1..40),
        ) {
            let file = Counted::of(400);
            let mut ahead = ReadAhead::default();
            for (from, pages, changes) in steps {
                for page in from..(from + pages).min(400) {
                    prop_assert_eq!(read(&mut ahead, &file, page), stored(&file, page));
                }
                if changes {
                    (from..400).step_by(7).for_each(|page| file.change(page));
                    ahead.forget();
                    prop_assert!(ahead.held.is_empty());
                }
            }
        }
    }
}
