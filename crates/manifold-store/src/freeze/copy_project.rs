//! Copies the whole of a held state into a database file of its own.

use std::ffi::c_int;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::copy::{create_file, in_use, open, settle_file};
use super::streamed_file::StreamedFile;
use super::{CopyProgress, FileDigest, Hashed};
use crate::StoreError;
use crate::source_trash;
use crate::sqlite::{StillFile, make_like};

/// Bytes between two looks at the progress.
const BETWEEN_LOOKS: u64 = 20 << 20;

/// The same in pages.
const PAGES_BETWEEN_LOOKS: c_int = 5_000;

/// Told of the progress before the first byte, every 20 MB and after the last; an error of it ends the copying.
pub(crate) type Look<'a> = dyn FnMut(CopyProgress) -> Result<(), StoreError> + 'a;

/// Copies a project into a new file, without its trash, and presses it onto the disk. `from` holds a read transaction.
pub(crate) fn copy_project(
    from: &Connection,
    path: &Path,
    look: &mut Look<'_>,
) -> Result<(), StoreError> {
    let file = create_file(path)?;
    fill(from, file, path, false, look).map(drop)
}

/// As [`copy_project`]; returns the digest of the file.
pub(super) fn copy_measured(
    from: &Connection,
    path: &Path,
    look: &mut Look<'_>,
) -> Result<FileDigest, StoreError> {
    let file = create_file(path)?;
    match fill(from, file, path, true, look)? {
        Some(digest) => Ok(digest),
        None => FileDigest::of(path),
    }
}

/// As [`copy_project`], into a file that exists and is empty.
pub(super) fn copy_into(
    from: &Connection,
    path: &Path,
    look: &mut Look<'_>,
) -> Result<(), StoreError> {
    let file = File::options().write(true).open(path);
    let file = file.map_err(StoreError::io("open", path))?;
    fill(from, file, path, false, look).map(drop)
}

/// Fills an empty file; its digest, if it is wanted and costs no more than hashing.
fn fill(
    from: &Connection,
    file: File,
    path: &Path,
    hashed: bool,
    look: &mut Look<'_>,
) -> Result<Option<FileDigest>, StoreError> {
    let progress = |done, total| CopyProgress { done, total };
    look(progress(0, 0))?;
    let has_trash = source_trash::is_in(from)?;
    match StillFile::of(from)?.filter(|_| !has_trash) {
        Some(still) => {
            let source = Path::new(from.path().unwrap_or_default());
            let written = StoreError::io("write", path);
            let mut to = StreamedFile::of_copy(file, source);
            let mut copy = |to: &mut dyn Write| {
                copy_bytes(&still, source, to, path, &mut |done, total| {
                    look(progress(done, total))
                })
            };
            let digest = if hashed {
                let mut hashed = Hashed::new(to);
                copy(&mut hashed)?;
                let digest;
                (to, digest) = hashed.finish();
                Some(digest)
            } else {
                copy(&mut to)?;
                None
            };
            to.finish().map_err(written)?;
            Ok(digest)
        }
        None => {
            drop(file); // SQLite opens it by itself
            copy_pages(from, path, &mut |done, total| look(progress(done, total)))?;
            Ok(None)
        }
    }
}

/// Copies a file that does not change, as it is.
fn copy_bytes(
    still: &StillFile<'_>,
    source: &Path,
    to: &mut dyn Write,
    path: &Path,
    look: &mut dyn FnMut(u64, u64) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let (size, mut done, mut looked) = (still.size(), 0, 0);
    let mut piece = vec![0; StillFile::PIECE];
    while done < size {
        let left = usize::try_from(size - done).unwrap_or(usize::MAX);
        let piece = &mut piece[..left.min(StillFile::PIECE)];
        still
            .read(piece, done)
            .map_err(|error| StoreError::from(error).at(source))?;
        to.write_all(piece).map_err(StoreError::io("write", path))?;
        done += piece.len() as u64;
        if done - looked >= BETWEEN_LOOKS || done == size {
            looked = done;
            look(done, size)?;
        }
    }
    Ok(())
}

/// Copies a state of which a part is in the log, page by page, or one that has trash, which is then removed.
fn copy_pages(
    from: &Connection,
    path: &Path,
    look: &mut dyn FnMut(u64, u64) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let named = |error: rusqlite::Error| StoreError::from(error).at(path);
    let mut to = open(path)?;
    make_like(&to, from).map_err(named)?;
    let size: i64 = from
        .query_row("PRAGMA page_size", [], |row| row.get(0))
        .map_err(named)?;
    let backup = Backup::new(from, &mut to).map_err(named)?;
    loop {
        let stepped = backup.step(PAGES_BETWEEN_LOOKS).map_err(named)?;
        let progress = backup.progress();
        let bytes = |pages: c_int| u64::try_from(i64::from(pages) * size).unwrap_or(0);
        let done = bytes(progress.pagecount - progress.remaining);
        look(done, bytes(progress.pagecount))?;
        match stepped {
            StepResult::Done => break,
            StepResult::More => {}
            _ => return Err(in_use(path)),
        }
    }
    drop(backup);
    source_trash::strip(&to).map_err(|error| error.at(path))?;
    to.close().map_err(|(_, error)| named(error))?;
    settle_file(path)
}
