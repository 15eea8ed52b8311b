//! How much of a damaged file is not what was written.

use std::io::{BufReader, Read as _, Seek as _};
use std::path::Path;

use super::schema::{PAGE, reserved};
use crate::{StoreError, sqlite};

/// How many pages of the file have a wrong checksum; `None` where its pages have none, as before there were checksums.
/// The log beside it is not looked at.
pub(super) fn count(path: &Path) -> Result<Option<u64>, StoreError> {
    let file = std::fs::File::open(path).map_err(StoreError::io("read", path))?;
    if reserved(&file) == 0 {
        return Ok(None);
    }
    let mut pages = BufReader::with_capacity(64 * PAGE, file);
    pages.rewind().map_err(StoreError::io("read", path))?;
    let (mut page, mut damaged) = (Vec::with_capacity(PAGE), 0);
    loop {
        page.clear();
        let read = pages.by_ref().take(PAGE as u64).read_to_end(&mut page);
        if read.map_err(StoreError::io("read", path))? == 0 {
            return Ok(Some(damaged));
        }
        damaged += u64::from(page.len() < PAGE || !sqlite::is_sound_page(&page));
    }
}
