//! What a backup that is being made keeps outside of its own folder.

use entity_core::TableCount;
use manifold_store::{Frozen, StoreError, Table, TableKind};

use super::reliance::Reliance;
use super::saved_part::SavedPart;
use super::saved_rows::SavedRows;
use crate::backup::{BackupError, Manifest, Watch};

/// What a backup keeps outside of its own folder. While this exists nobody collects it.
#[derive(Debug)]
pub struct Increment {
    pub(in crate::backup) project_epoch: i64,
    pub(in crate::backup) rows: Vec<SavedRows>,
    pub(in crate::backup) parts: Vec<SavedPart>,
    /// What of it no backup had saved before, in bytes.
    pub(in crate::backup) new_bytes: u64,
    pub(in crate::backup) reliance: Reliance,
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
        Ok(Some(count(frozen, table, &self.parts)?))
    }
}

/// Counts a table of the catalogue.
fn count(frozen: &Frozen, table: &Table, parts: &[SavedPart]) -> Result<TableCount, StoreError> {
    let parts = parts.iter().filter(|part| part.table == table.name);
    let parts: Vec<_> = parts
        .map(|part| (part.owner.clone(), part.count()))
        .collect();
    if parts.is_empty() {
        frozen.hash(table)
    } else {
        frozen.hash_parted(table, &parts)
    }
}

/// Whether an incremental backup that was made holds this state. Rows are not read: what happens to them is told by the catalogue, on
/// which increments rely too.
pub(in crate::backup) fn is_state_of(
    frozen: &Frozen,
    manifest: &Manifest,
    contents: manifold_store::Contents,
    watch: &mut Watch,
) -> Result<bool, BackupError> {
    let of_rows = |name: &String| manifest.rows.iter().any(|rows| rows.table == *name);
    let mut saved = manifest.tables.iter().filter(|table| !of_rows(&table.name));
    for table in frozen.tables(contents)? {
        if table.kind == TableKind::Rows {
            continue;
        }
        watch.look()?;
        if saved.next() != Some(&count(frozen, &table, &manifest.parts)?) {
            return Ok(false);
        }
    }
    Ok(saved.next().is_none())
}
