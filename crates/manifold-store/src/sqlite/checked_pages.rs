//! The pages of one open database file: sealed when written, checked when read.

use std::ffi::c_int;
use std::time::Duration;

use rusqlite::ffi::{SQLITE_IOERR_DATA, SQLITE_IOERR_SHORT_READ, SQLITE_OK};

use super::page_checksum::{self, HEADER, PageLayout};
use super::read_ahead::ReadAhead;

/// How often a page whose checksum is wrong is read again. A reader that came before there was a log may meet the first
/// page while another process writes it.
const MORE_READS: u32 = 3;

/// How long to wait before that.
const PAUSE: Duration = Duration::from_millis(1);

/// The file as the platform has it. What it returns are SQLite's result codes.
pub(super) trait PlatformFile {
    fn read(&self, bytes: &mut [u8], offset: i64) -> c_int;
    fn write(&self, bytes: &[u8], offset: i64) -> c_int;
    /// Its size in bytes, 0 where that cannot be told.
    fn size(&self) -> i64;
}

/// What is known of the pages of a file.
///
/// Pages in the write-ahead log are not sealed: each frame has a checksum of SQLite's own. They are sealed when a
/// checkpoint writes them into the file.
#[derive(Debug, Default)]
pub(super) struct CheckedPages {
    layout: PageLayout,
    in_checkpoint: bool,
    sealed: Vec<u8>,
    ahead: ReadAhead,
    state: FileState,
}

/// Whether the file holds the whole state that the connection's transaction sees, and no part of it is in a log.
#[derive(Debug, Default)]
struct FileState {
    /// Whether the log's index is shared with everybody who has the file open. Where it is not, as beside a file that may only be
    /// read, SQLite makes one of its own, and holds the read lock without which nothing is written back while it reads the log.
    index_is_shared: bool,
    /// Whether it holds the read lock of those who do not look at the log.
    ignores_log: bool,
    /// How often it has taken that lock.
    taken: u64,
}

impl CheckedPages {
    /// Reads, and checks what is a page.
    pub(super) fn read(
        &mut self,
        file: &impl PlatformFile,
        bytes: &mut [u8],
        offset: i64,
    ) -> c_int {
        let code = if self.is_page(bytes, offset) {
            self.ahead.read(file, bytes, offset)
        } else {
            file.read(bytes, offset)
        };
        if code == SQLITE_IOERR_SHORT_READ
            && self.layout.checked
            && self.is_page(bytes, offset)
            && file.size() > offset
        {
            return SQLITE_IOERR_DATA; // the file was cut off within the page
        }
        if code != SQLITE_OK || self.is_right(bytes, offset) {
            return code;
        }
        self.ahead.forget();
        for _ in 0..MORE_READS {
            std::thread::sleep(PAUSE);
            let code = file.read(bytes, offset);
            if code != SQLITE_OK || self.is_right(bytes, offset) {
                return code;
            }
        }
        // Another process may have put a file without checksums in the place of one with them.
        self.look_again(file);
        if self.is_right(bytes, offset) {
            return SQLITE_OK;
        }
        SQLITE_IOERR_DATA
    }

    /// Writes; a page is sealed before.
    pub(super) fn write(&mut self, file: &impl PlatformFile, bytes: &[u8], offset: i64) -> c_int {
        self.ahead.forget();
        if offset == 0
            && let Some(layout) = PageLayout::of(bytes)
        {
            let begins = layout.checked && !self.layout.checked;
            self.layout = layout;
            // A checkpoint begins with the first page, and what it leaves has been sealed.
            if begins && !self.in_checkpoint {
                let code = self.seal_others(file);
                if code != SQLITE_OK {
                    return code;
                }
            }
        }
        if !self.layout.checked || !self.is_page(bytes, offset) {
            return file.write(bytes, offset);
        }
        // SQLite keeps the page that it gives, so a copy is sealed.
        self.sealed.clear();
        self.sealed.extend_from_slice(bytes);
        page_checksum::seal(&mut self.sealed);
        file.write(&self.sealed, offset)
    }

    /// Reads pages that follow each other, and checks each.
    pub(super) fn read_many(
        &mut self,
        file: &impl PlatformFile,
        bytes: &mut [u8],
        offset: i64,
    ) -> c_int {
        let code = file.read(bytes, offset);
        if code != SQLITE_OK || self.layout.size == 0 {
            return code;
        }
        let mut at = offset;
        for page in bytes.chunks_mut(self.layout.size) {
            if !self.is_right(page, at) {
                let code = self.read(file, page, at);
                if code != SQLITE_OK {
                    return code;
                }
            }
            at += page.len() as i64;
        }
        SQLITE_OK
    }

    /// A lock was taken or given back, or the file was cut off: what was read may no longer be what is there.
    pub(super) fn forget(&mut self) {
        self.ahead.forget();
    }

    /// A part of the log's index was asked for; `is_shared` tells whether everybody has the same.
    pub(super) fn index_found(&mut self, is_shared: bool) {
        self.state.index_is_shared = is_shared;
    }

    /// The read lock of those who do not look at the log was taken for reading, or given back.
    pub(super) fn ignores_log(&mut self, ignores: bool) {
        self.state.ignores_log = ignores;
        self.state.taken += u64::from(ignores);
    }

    /// As long as this returns the same number, the file holds the whole state of one transaction and does not change: its
    /// checkpoints wait for a lock that this connection holds. `None` when a part of the state may be in the log.
    pub(super) fn still(&self) -> Option<u64> {
        (self.state.ignores_log && self.state.index_is_shared).then_some(self.state.taken)
    }

    /// What the first page said when it was read last.
    pub(super) fn layout(&self) -> PageLayout {
        self.layout
    }

    /// A checkpoint begins: from here to its end only this connection writes to the file. Whether its pages have
    /// checksums may have been changed by another process since this one read the first page from it.
    pub(super) fn begin_checkpoint(&mut self, file: &impl PlatformFile) {
        self.look_again(file);
        self.in_checkpoint = true;
    }

    pub(super) fn end_checkpoint(&mut self) {
        self.in_checkpoint = false;
    }

    fn is_page(&self, bytes: &[u8], offset: i64) -> bool {
        bytes.len() == self.layout.size
            && usize::try_from(offset).is_ok_and(|offset| offset.is_multiple_of(self.layout.size))
    }

    /// Whether what was read may be believed; learns from the beginning of the file what its pages are.
    fn is_right(&mut self, bytes: &[u8], offset: i64) -> bool {
        if offset == 0
            && let Some(layout) = PageLayout::of(bytes)
        {
            self.layout = layout;
        }
        if !self.is_page(bytes, offset) {
            true
        } else if self.layout.checked {
            page_checksum::is_sound(bytes)
        } else {
            offset > 0 || !page_checksum::denies_its_checksum(bytes)
        }
    }

    /// Learns from the file what its pages are, if its first page is sound.
    fn look_again(&mut self, file: &impl PlatformFile) {
        let mut beginning = [0; HEADER];
        if file.read(&mut beginning, 0) != SQLITE_OK {
            return;
        }
        let Some(layout) = PageLayout::of(&beginning) else {
            return;
        };
        let mut page = vec![0; layout.size];
        if file.read(&mut page, 0) != SQLITE_OK {
            return;
        }
        let sound = if layout.checked {
            page_checksum::is_sound(&page)
        } else {
            !page_checksum::denies_its_checksum(&page)
        };
        if sound {
            self.layout = layout;
        }
    }

    /// Seals every page but the first. When the cache is full, SQLite writes pages of a new file before the first one,
    /// which tells that they want a checksum.
    fn seal_others(&self, file: &impl PlatformFile) -> c_int {
        let Ok(step) = i64::try_from(self.layout.size) else {
            return SQLITE_OK;
        };
        let mut page = vec![0; self.layout.size];
        let mut offset = step;
        while offset + step <= file.size() {
            let mut code = file.read(&mut page, offset);
            if code == SQLITE_OK {
                page_checksum::seal(&mut page);
                code = file.write(&page, offset);
            }
            if code != SQLITE_OK {
                return code;
            }
            offset += step;
        }
        SQLITE_OK
    }
}
