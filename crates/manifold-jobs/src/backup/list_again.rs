//! Finds backups that a rebuilt hub does not list.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use entity_core::backups;
use manifold_store::{Backups, SqliteManager, StoreError};

use super::{BackupError, Manifest, blocking};

/// Looks for backups in the default place and wherever listed ones are, and lists those that are not. Returns the new
/// lines. A folder without a sound manifest is no backup and is passed over.
///
/// They count as never verified. Can be repeated.
///
/// # Errors
/// [`BackupError`] when the hub cannot be read or written.
pub async fn list_again(manager: &Arc<SqliteManager>) -> Result<Vec<backups::Model>, BackupError> {
    let backups = Backups::new(manager);
    let listed = backups.list(None).await?;
    let known: BTreeSet<String> = listed.iter().map(|backup| backup.id.clone()).collect();
    let mut places: BTreeSet<PathBuf> = listed
        .iter()
        .filter_map(|backup| Path::new(&backup.location).parent().map(Path::to_owned))
        .collect();
    places.insert(manager.layout().backups());
    let found = blocking(move || Ok(search(&places))).await?;
    let mut added = Vec::new();
    for (folder, manifest) in found {
        if known.contains(&manifest.id) {
            continue;
        }
        match backups.list_again(row(&folder, manifest)).await {
            Ok(row) => added.push(row),
            Err(StoreError::Unique { .. }) => {} // a copy of one that was just listed
            Err(error) => return Err(error.into()),
        }
    }
    Ok(added)
}

/// Every backup directly in one of the places.
fn search(places: &BTreeSet<PathBuf>) -> Vec<(PathBuf, Manifest)> {
    let mut found = Vec::new();
    for place in places {
        // A place that cannot be looked at now, such as a drive that is not mounted, shows nothing.
        let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
        for folder in entries.map(|entry| entry.path()) {
            match Manifest::read(&folder) {
                Ok(manifest) => found.push((folder, manifest)),
                Err(error) => tracing::debug!(path = %folder.display(), %error, "no backup"),
            }
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

fn row(folder: &Path, manifest: Manifest) -> backups::Model {
    let totals = manifest.totals();
    backups::Model {
        id: manifest.id,
        project_id: manifest.project.id,
        r#type: manifest.backup_type,
        state: entity_core::enums::BackupState::Completed,
        location: folder.display().to_string(),
        size_bytes: Some(i64::try_from(totals.size_bytes).unwrap_or(i64::MAX)),
        data_source_count: Some(totals.data_source_count),
        snapshot_count: Some(totals.snapshot_count),
        total_records: Some(totals.total_records),
        tables: Some(totals.tables),
        compressed: manifest.compressed,
        with_data: manifest.with_data,
        description: manifest.description,
        job_id: None,
        error: None,
        verified_at: None,
        created_at: manifest.created_at,
        completed_at: Some(manifest.created_at),
    }
}
