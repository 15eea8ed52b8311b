//! A spoke that is kept open to describe one new spoke after another: SQLite reads the schema once, not for each.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::provision::{self, NewSpoke};
use crate::staged::Workspace;
use crate::{Layout, StoreError, WorkerId};

/// A longer description takes pages of its own, which would stay in the file as free ones.
const LONGEST: usize = 1_000;

/// The stencil of a process. It is made for the second project: most processes make one or none.
#[derive(Debug, Default)]
pub(crate) struct Stencils {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Unused,
    UsedOnce,
    Kept(Box<Stencil>),
}

/// A copy of the template among the temporary files, which nobody else opens.
struct Stencil {
    connection: rusqlite::Connection, // closed before its folder is removed
    workspace: Workspace,
}

impl Stencils {
    /// The bytes of a new spoke. `None` when it is the first one, when its description is long, or when the stencil does
    /// not work. Blocks.
    pub(crate) fn press(
        &self,
        layout: &Layout,
        worker: &WorkerId,
        template: &Path,
        spoke: &NewSpoke,
    ) -> Option<Vec<u8>> {
        if spoke.description.as_ref().map_or(0, String::len) > LONGEST {
            return None;
        }
        let mut state = self.state();
        // One that fails is in an unknown state: it is dropped, and made anew for a later project.
        let stencil = match std::mem::take(&mut *state) {
            State::Unused => {
                *state = State::UsedOnce;
                return None;
            }
            State::UsedOnce => Stencil::make(layout, worker, template).map(Box::new),
            State::Kept(stencil) => Ok(stencil),
        };
        let pressed = stencil.and_then(|stencil| Ok((stencil.press(spoke)?, stencil)));
        match pressed {
            Ok((bytes, stencil)) => {
                *state = State::Kept(stencil);
                Some(bytes)
            }
            Err(error) => {
                tracing::debug!(%error, "a project is made without a stencil");
                None
            }
        }
    }

    /// Whether there is a stencil to remove.
    pub(crate) fn is_kept(&self) -> bool {
        matches!(*self.state(), State::Kept(_))
    }

    /// Removes the stencil. Blocks.
    pub(crate) fn clear(&self) {
        *self.state() = State::Unused;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stencil {
    fn make(layout: &Layout, worker: &WorkerId, template: &Path) -> Result<Self, StoreError> {
        let workspace = Workspace::for_stencil(layout, worker)?;
        let path = workspace.file();
        std::fs::copy(template, &path).map_err(StoreError::io("copy", template))?;
        let connection = provision::open(&path)?;
        // What one project was called must not be found in the free bytes of the next one's pages.
        connection.execute_batch("PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 0")?;
        Ok(Self {
            connection,
            workspace,
        })
    }

    /// Describes the spoke in the file, writes the log back, and reads the file.
    fn press(&self, spoke: &NewSpoke) -> Result<Vec<u8>, StoreError> {
        let transaction = self.connection.unchecked_transaction()?;
        transaction
            .prepare_cached("DELETE FROM project")?
            .execute([])?;
        provision::describe(&transaction, spoke)?;
        transaction.commit()?;
        let checkpoint =
            |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?));
        let done: (i64, i64, i64) = self
            .connection
            .prepare_cached("PRAGMA wal_checkpoint(TRUNCATE)")?
            .query_row([], checkpoint)?;
        let path = self.workspace.file();
        if done != (0, 0, 0) {
            return Err(StoreError::Busy {
                what: path.display().to_string(),
                holder: None,
            });
        }
        std::fs::read(&path).map_err(StoreError::io("read", path))
    }
}

impl fmt::Debug for Stencil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stencil")
            .field("workspace", &self.workspace)
            .finish_non_exhaustive()
    }
}
