//! The right to move a project's file: while it is held, no process has the file open.

use std::path::Path;
use std::time::{Duration, Instant};

use entity_core::projects;

use super::lock_holders::lock_holders;
use crate::{FileLock, ProjectId, Share, SqliteManager, StoreError, process_name};

/// How long to wait for those who have the project open.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);

const PAUSE: Duration = Duration::from_millis(50);

/// Both locks of a project, held alone: its writers' and its openers'.
#[derive(Debug)]
pub(super) struct Exclusive {
    _writers: FileLock,
    _openers: FileLock,
}

impl Exclusive {
    /// Closes the project in this process and takes its locks, waiting at most `deadline` for others, which the
    /// log names.
    ///
    /// Neither lock is held while the other is waited for, so that nobody who takes them in another order
    /// is blocked.
    ///
    /// # Errors
    /// [`StoreError::Busy`] naming who has the project open, where known.
    pub(super) async fn take(
        manager: &SqliteManager,
        row: &projects::Model,
        id: &ProjectId,
        deadline: Duration,
    ) -> Result<Self, StoreError> {
        let writers = manager.layout().write_lock(&row.namespace);
        let openers = manager.layout().spoke_lock(&row.namespace);
        let start = Instant::now();
        let mut waited = false;
        loop {
            let holder = match Self::try_take(manager, id, &writers, &openers).await? {
                Ok(taken) => return Ok(taken),
                Err(holder) => holder,
            };
            if !waited && !deadline.is_zero() {
                waited = true;
                tracing::warn!(
                    project.id = %id,
                    "waiting for {}, which has project `{}` open",
                    holder.as_deref().unwrap_or("another process"),
                    row.name
                );
            }
            if start.elapsed() >= deadline {
                return Err(StoreError::Busy {
                    what: format!("project `{}`", row.name),
                    holder,
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Both locks, or who is in the way, where known.
    async fn try_take(
        manager: &SqliteManager,
        id: &ProjectId,
        writers: &Path,
        openers: &Path,
    ) -> Result<Result<Self, Option<String>>, StoreError> {
        if !manager.close(id).await? {
            return Ok(Err(Some(process_name())));
        }
        let Some(_writers) = FileLock::try_take(writers, Share::Exclusive)? else {
            return Ok(Err(FileLock::holder(writers)));
        };
        let Some(_openers) = FileLock::try_take(openers, Share::Exclusive)? else {
            return Ok(Err(lock_holders(openers)));
        };
        Ok(Ok(Self { _writers, _openers }))
    }
}
