//! The pages of one open database file: sealed when written, checked when read.

use std::ffi::c_int;
use std::time::Duration;

use rusqlite::ffi::{SQLITE_IOERR_DATA, SQLITE_IOERR_SHORT_READ, SQLITE_OK};

use super::page_checksum::{self, HEADER, PageLayout};

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
}

impl CheckedPages {
    /// Reads, and checks what is a page.
    pub(super) fn read(
        &mut self,
        file: &impl PlatformFile,
        bytes: &mut [u8],
        offset: i64,
    ) -> c_int {
        let code = file.read(bytes, offset);
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
