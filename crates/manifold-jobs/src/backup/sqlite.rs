//! The project as one database file.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use entity_core::enums::BackupType;
use manifold_store::{Contents, CopyProgress, Frozen, StagedBuilder, Twin};

use super::describe::{Counts, count};
use super::strategy::rows_in;
use super::{BackupError, BackupFolder, BackupRequest, BackupSource, BackupStrategy, Saved, Watch};

const FILE: &str = "project.db";

/// `sqlite`: a copy of the project's file, page by page. The quickest to make and to restore.
pub(super) struct Sqlite;

impl BackupStrategy for Sqlite {
    fn name(&self) -> BackupType {
        BackupType::Sqlite
    }

    fn write(
        &self,
        frozen: &Frozen,
        folder: &mut BackupFolder,
        request: &BackupRequest,
        watch: &mut Watch,
    ) -> Result<Saved, BackupError> {
        let contents = request.contents();
        watch.step("copying")?;
        let twin = match contents {
            Contents::WithData => frozen.twin()?,
            Contents::WithoutData | Contents::OfSources(_) => None,
        };
        let stop = &AtomicBool::new(false);
        let look = |progress: CopyProgress| {
            let goes_on = match progress.total {
                0 => watch.look(),
                total => watch.sent(progress.done, total),
            };
            goes_on.is_ok() && !stop.load(Ordering::Relaxed)
        };
        let (copied, counted) = thread::scope(|scope| {
            let counting =
                twin.map(|twin| scope.spawn(move || count_beside(&twin, contents, stop)));
            let copied =
                folder.take_file(FILE, |path| Ok(frozen.copy_measured(path, contents, look)?));
            stop.fetch_or(copied.is_err(), Ordering::Relaxed);
            let counted = counting.map(thread::ScopedJoinHandle::join);
            (copied, counted)
        });
        watch.look()?;
        let counted = counted.map(|counted| counted.unwrap_or_else(|panic| resume_unwind(panic)));
        let counts = match counted {
            // Which stopped the copying, if that was stopped.
            Some(Err(error)) if !matches!(error, BackupError::Cancelled) => return Err(error),
            counted => {
                copied?;
                counted.transpose()?
            }
        };
        // How many rows there are is known by now, or is told before they are counted.
        match &counts {
            Some(counts) => {
                let rows = counts.rows();
                watch.expect(rows);
                watch.rows(rows)?;
            }
            None => watch.expect(rows_in(frozen, contents)?),
        }
        Ok(Saved {
            increment: None,
            counts,
        })
    }

    fn restore(
        &self,
        source: &BackupSource,
        staged: &mut StagedBuilder,
        watch: &mut Watch,
    ) -> Result<(), BackupError> {
        watch.step("copying")?;
        let mut file = source.read_file(FILE)?;
        let mut copy = staged.whole_file()?;
        std::io::copy(&mut file.content, &mut copy).map_err(BackupError::io("copy", &file.path))?;
        Ok(())
    }
}

/// Counts what is in the tables while they are copied on another thread.
fn count_beside(
    twin: &Twin<'_>,
    contents: Contents<'_>,
    stop: &AtomicBool,
) -> Result<Counts, BackupError> {
    let counted = count(twin, contents, None, |_| {
        match stop.load(Ordering::Relaxed) {
            true => Err(BackupError::Cancelled),
            false => Ok(()),
        }
    });
    stop.fetch_or(counted.is_err(), Ordering::Relaxed);
    counted
}
