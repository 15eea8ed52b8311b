//! What rows were when both sides agreed on them.

use std::ops::ControlFlow;
use std::sync::Arc;

use entity_project::sync_states;
use manifold_format::TypedCell;
use manifold_store::rows::{self, RowsError, Snapshot};
use manifold_store::{KeyIndex, ProjectId, RowLog, Scratch, SqliteManager};

use super::SyncError;
use super::columns::Columns;
use super::conflicts::Hash;
use super::incoming::Identity;
use super::overlay::pick;
use super::syncing::{names, stored_cells};
use crate::JobError;
use crate::spool::{PackedCells, identity};

/// What rows were when both sides agreed on them.
pub(super) enum Ancestor {
    /// What they are in the latest snapshot.
    Latest,
    /// What they were in an older one; none, where the sides never agreed.
    Older(Box<KeyIndex>),
}

impl Ancestor {
    /// What rows of a source were when they were pulled last, as `state` says. `came`: the columns that came, and what
    /// identifies their rows.
    pub(super) async fn find(
        manager: &Arc<SqliteManager>,
        project: &ProjectId,
        state: Option<&sync_states::Model>,
        latest: &Snapshot,
        (came, identity): (Vec<String>, Identity),
    ) -> Result<Self, JobError> {
        let mut ancestor = Self::none(&Scratch::of(manager));
        let Some(state) = state else {
            return Ok(ancestor);
        };
        if state.snapshot_id == latest.id {
            return Ok(Self::Latest);
        }
        let (id, log) = (state.snapshot_id.clone(), RowLog::new(manager));
        let before = log.read(project, move |connection| {
            match rows::snapshot(connection, &id) {
                Err(RowsError::NoSnapshot { .. }) => Ok(None),
                found => found.map(Some),
            }
        });
        // One that was deleted is no more what both sides agree on.
        let Some(before) = before.await? else {
            return Ok(ancestor);
        };
        let mut cells = stored_cells(&before)?;
        let layout = Columns::new(&names(&before), &came, &identity, false)?;
        let read = log.read(project, move |connection| {
            let (mut packed, mut done) = (Vec::new(), Ok(()));
            rows::read(connection, &before, None, None, |_, row, _| {
                cells.pack(row, &mut packed);
                let cells: Vec<_> = PackedCells(&packed).collect();
                let key = pick(&cells, &layout.identity);
                done = ancestor.add(key, pick(&cells, &layout.of_incoming));
                match done {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            })?;
            Ok(done.map(|()| ancestor))
        });
        Ok(read.await??)
    }

    /// That both sides never agreed on anything, until rows are added.
    fn none(scratch: &Scratch) -> Self {
        Self::Older(Box::new(KeyIndex::new(scratch)))
    }

    /// Adds a row of the older snapshot by the cells of its key and those that are compared.
    fn add<'a>(
        &mut self,
        key: impl Iterator<Item = TypedCell<'a>>,
        compared: impl Iterator<Item = TypedCell<'a>>,
    ) -> Result<(), SyncError> {
        if let Self::Older(index) = self {
            let mut bytes = Vec::new();
            identity(key, &mut bytes);
            let key = KeyIndex::hash(&bytes);
            identity(compared, &mut bytes);
            let content = u128::from_le_bytes(KeyIndex::hash(&bytes));
            index.put(key, (content as u64, (content >> 64) as u64))?;
        }
        Ok(())
    }

    /// What the row with this key was; it is `now` in the latest snapshot.
    pub(super) fn of(&self, key: Hash, now: Option<Hash>) -> Result<Option<Hash>, SyncError> {
        let index = match self {
            Self::Latest => return Ok(now),
            Self::Older(index) => index,
        };
        let found = index.find(key)?;
        let join = |(low, high)| (u128::from(low) | u128::from(high) << 64).to_le_bytes();
        Ok(found.map(join))
    }
}
