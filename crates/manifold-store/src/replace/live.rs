//! Replaces the content of a file that others may have open.

use std::path::{Path, PathBuf};

use rusqlite::OpenFlags;
use rusqlite::backup::{Backup, StepResult};

use super::safety_copy::{self, CopyReason};
use crate::sqlite::{self, BUSY_TIMEOUT};
use crate::staged::Staged;
use crate::{Layout, ProjectId, StoreError, fail_point};

/// Copies the staged file into the live one, in one transaction of the live one. Returns the safety copy.
pub(super) fn replace(
    layout: &Layout,
    live: &Path,
    staged: &Staged,
    id: &ProjectId,
    name: &str,
    least_epoch: i64,
    reason: CopyReason,
) -> Result<PathBuf, StoreError> {
    let named = |error: rusqlite::Error| StoreError::from(error).at(live);
    let mut target = sqlite::connect(live, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(named)?;
    target.busy_timeout(BUSY_TIMEOUT).map_err(named)?;
    target
        .execute_batch("PRAGMA synchronous = FULL")
        .map_err(named)?;
    let reader = sqlite::connect(live, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(named)?;
    reader.busy_timeout(BUSY_TIMEOUT).map_err(named)?;

    // Only who holds the project's write lock, as the caller does, changes its epoch.
    let live_epoch: i64 = reader
        .query_row("SELECT epoch FROM project", [], |row| row.get(0))
        .map_err(named)?;
    let epoch = least_epoch
        .max(live_epoch)
        .max(staged.project().epoch)
        .saturating_add(1);
    staged.identify(id, name, epoch)?;
    let source = sqlite::connect(staged.path(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;

    let copy = {
        let backup = Backup::new(&source, &mut target).map_err(named)?;
        // A step of no pages begins the transaction: from here on nobody else commits, so that the safety
        // copy is the very state that is replaced.
        step(&backup, 0, live)?;
        let copy = safety_copy::take(layout, id, &reader, reason)?;
        fail_point!("restore-safety-copied");
        step(&backup, -1, live)?;
        copy
    };
    drop(reader);
    // Readers may keep the log from being written back now; then the next writer does it.
    if let Err(error) = target.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::debug!(path = %live.display(), %error, "the write-ahead log stays as it is");
    }
    Ok(copy)
}

fn step(backup: &Backup<'_, '_>, pages: std::ffi::c_int, live: &Path) -> Result<(), StoreError> {
    match backup
        .step(pages)
        .map_err(|error| StoreError::from(error).at(live))?
    {
        StepResult::Done => Ok(()),
        StepResult::More if pages == 0 => Ok(()),
        _ => Err(StoreError::Busy {
            what: live.display().to_string(),
            holder: None,
        }),
    }
}
