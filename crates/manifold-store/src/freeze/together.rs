//! States of several projects, taken at one moment.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Frozen;
use crate::file_lock::{FileLock, Share};
use crate::{
    DatabaseId, DatabaseManager as _, ProjectId, SqliteManager, StoreError, Timestamp, fail_point,
    provision,
};

/// At most so many projects are held together, however many the system allows: each takes some 300 KB of memory.
const MOST_TOGETHER: usize = 96;

/// One of so many places for open projects may be taken by those that are held together. The state of each needs about
/// half as many descriptors once more.
const SHARE: usize = 4;

/// States of several projects that were taken at one moment: between the first and the last nobody wrote to any of them
/// for long, so no import is in one and not in another.
#[derive(Debug)]
pub struct FrozenTogether {
    /// The moment.
    pub at: DateTime<Utc>,
    /// The hub at this moment, where it was asked for.
    pub core: Option<Frozen>,
    /// The projects, by id.
    pub projects: Vec<(ProjectId, Frozen)>,
    /// Projects that somebody writes to for long, with who where that is known. Nobody was waited for.
    pub busy: Vec<(ProjectId, Option<String>)>,
    /// Projects that cannot be opened, and why.
    pub failed: Vec<(ProjectId, StoreError)>,
}

/// The state of a project for which others were waited.
#[derive(Debug)]
pub struct FrozenAlone {
    /// When it was taken.
    pub at: DateTime<Utc>,
    /// The state.
    pub frozen: Frozen,
    /// Who wrote to it still, when nobody wanted to wait any more. What they had published is in the state, and nothing
    /// of what they had not.
    pub writer: Option<String>,
}

impl SqliteManager {
    /// How many projects can be held together: what fits into the descriptors that open projects may use.
    #[must_use]
    pub fn most_together(&self) -> usize {
        (self.most_open() / SHARE).clamp(1, MOST_TOGETHER)
    }

    /// Holds the states that several projects have at one moment, and that of the hub if `with_core`. While they are
    /// taken, which needs about a millisecond for each, other long writers wait; who writes to a project for long already
    /// is not waited for. Dropping the future keeps nobody from anything.
    ///
    /// # Errors
    /// [`StoreError`] when the hub cannot be held or a lock not be tried; what is wrong with a project is told in the
    /// result.
    pub async fn freeze_together(
        &self,
        ids: &[ProjectId],
        with_core: bool,
    ) -> Result<FrozenTogether, StoreError> {
        let mut ids = ids.to_vec();
        ids.sort();
        ids.dedup();
        let (mut opened, mut failed) = (Vec::new(), Vec::new());
        for id in ids {
            // Before anybody is kept from writing: opening may take a while.
            match self.project(&id).await {
                Ok(spoke) => {
                    let hold = self.hold(&DatabaseId::Project(id.clone()));
                    opened.push((id, spoke, hold));
                }
                Err(error) => failed.push((id, error)),
            }
        }
        let core = with_core.then(|| (self.layout().core(), self.hold(&DatabaseId::Core)));
        let layout = self.layout().clone();
        provision::blocking(move || {
            let (mut locks, mut quiet, mut busy) = (Vec::new(), Vec::new(), Vec::new());
            for (id, spoke, hold) in opened {
                let path = layout.write_lock(&id.namespace());
                match FileLock::try_take(&path, Share::Exclusive)? {
                    Some(lock) => {
                        locks.push(lock);
                        quiet.push((id, spoke, hold));
                    }
                    None => busy.push((id, FileLock::holder(&path))),
                }
            }
            fail_point!("freeze-writers-kept-out");
            let at = Timestamp::now();
            let mut projects = Vec::with_capacity(quiet.len());
            for (id, spoke, hold) in quiet {
                let path = spoke.connection().file().path().to_owned();
                match Frozen::open(path, Some(spoke), hold) {
                    Ok(frozen) => projects.push((id, frozen)),
                    Err(error) => failed.push((id, error)),
                }
            }
            let core = match core {
                Some((path, hold)) => Some(Frozen::open(path, None, hold)?),
                None => None,
            };
            drop(locks);
            Ok(FrozenTogether {
                at,
                core,
                projects,
                busy,
                failed,
            })
        })
        .await
    }

    /// Waits until nobody writes to a project for long, but not longer than `patience`, and holds its state. `waiting` is
    /// told once who writes. Dropping the future gives up waiting.
    ///
    /// # Errors
    /// As [`DatabaseManager::freeze`](crate::DatabaseManager::freeze).
    pub async fn freeze_quiet(
        &self,
        id: &ProjectId,
        patience: Duration,
        waiting: impl FnOnce(Option<&str>) + Send,
    ) -> Result<FrozenAlone, StoreError> {
        let path = self.layout().write_lock(&id.namespace());
        let (lock, writer) = match FileLock::take(&path, Share::Exclusive, patience, waiting).await
        {
            Ok(lock) => (Some(lock), None),
            Err(StoreError::Busy { holder, .. }) => {
                let unknown = || "another process".to_owned();
                (None, Some(holder.unwrap_or_else(unknown)))
            }
            Err(error) => return Err(error),
        };
        let frozen = super::freeze(self, DatabaseId::Project(id.clone())).await?;
        drop(lock);
        Ok(FrozenAlone {
            at: Timestamp::now(),
            frozen,
            writer,
        })
    }

    fn hold(&self, which: &DatabaseId) -> crate::metrics::Hold {
        self.meter().hold(which, "a backup of the whole store")
    }
}
