//! What a backup that is being made keeps outside of its own folder.

use std::sync::Arc;

use entity_core::TableCount;
use manifold_store::{Frozen, Table, TableKind};

use super::collect;
use super::lease::Lease;
use super::saved_part::SavedPart;
use super::saved_rows::SavedRows;
use super::segments::Segments;
use crate::backup::BackupError;
use crate::backup::repository::Repository;

/// What a backup keeps outside of its own folder. While this exists nobody collects it.
#[derive(Debug)]
pub struct Increment {
    pub(in crate::backup) project_epoch: i64,
    pub(in crate::backup) rows: Vec<SavedRows>,
    pub(in crate::backup) parts: Vec<SavedPart>,
    pub(super) repository: Arc<dyn Repository>,
    pub(super) stem: String,
    pub(super) segments: Segments,
    pub(super) lease: Lease,
}

impl Increment {
    /// What of a table is in segments was counted when it was written, and the rest is counted now. `None` for a table of rows
    /// that belongs to no source.
    pub(in crate::backup) fn count(
        &self,
        frozen: &Frozen,
        table: &Table,
    ) -> Result<Option<TableCount>, BackupError> {
        if table.kind == TableKind::Rows {
            let rows = self.rows.iter().find(|rows| rows.table == table.name);
            return Ok(rows.map(SavedRows::count));
        }
        let parts = self.parts.iter().filter(|part| part.table == table.name);
        let parts: Vec<_> = parts
            .map(|part| (part.owner.clone(), part.count()))
            .collect();
        Ok(Some(if parts.is_empty() {
            frozen.hash(table)?
        } else {
            frozen.hash_parted(table, &parts)?
        }))
    }

    /// What of it no backup had saved before, in bytes.
    pub(in crate::backup) fn new_bytes(&self) -> u64 {
        self.segments.new_bytes
    }

    /// To be called directly before the manifest appears.
    ///
    /// # Errors
    /// [`BackupError::Overdue`], [`BackupError::MissingFile`]: the backup must not appear.
    pub(in crate::backup) fn confirm(&self) -> Result<(), BackupError> {
        let needed = self.rows.iter().flat_map(SavedRows::segments);
        let parts = self.parts.iter().map(|part| &part.segment);
        self.segments.check(needed.chain(parts))?;
        self.lease.hold()
    }

    /// To be called once the manifest is there. Takes away what waited for this backup to end.
    pub(in crate::backup) fn release(self) {
        drop(self.lease);
        if let Err(error) = collect::sweep(&*self.repository, &self.stem) {
            tracing::warn!(%error, "segments that no backup needs stay until one is deleted");
        }
    }
}
