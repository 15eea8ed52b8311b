//! Finds backups that the hub does not list.

use std::collections::BTreeSet;
use std::sync::Arc;

use entity_core::backups;
use entity_core::enums::BackupState;
use manifold_store::{Backups, SqliteManager, StoreError};

use super::scan::{Scanned, scan_place};
use super::{BackupError, Location, Opened, Places, blocking};
use crate::Environment;

/// Looks for backups in the default place and in the folders of listed ones, and lists those that are not. Returns the new
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
    let mut folders: BTreeSet<Location> = listed
        .iter()
        .filter_map(|backup| Some(Location::from(backup.location.as_str()).split()?.0))
        .filter(|place| place.as_folder().is_some())
        .collect();
    folders.insert(manager.layout().backups().into());
    let places = Places::new(manager.layout(), Environment::none());
    let found = blocking(move || Ok(search(&places, &folders))).await?;
    let mut added = Vec::new();
    for source in found {
        if known.contains(source.id()) {
            continue;
        }
        match backups.list_again(row(&source)).await {
            Ok(row) => added.push(row),
            Err(StoreError::Unique { .. }) => {} // a copy of one that was just listed
            Err(error) => return Err(error.into()),
        }
    }
    Ok(added)
}

/// Every backup directly in one of the folders.
fn search(places: &Places, folders: &BTreeSet<Location>) -> Vec<Opened> {
    let mut found = Vec::new();
    for folder in folders {
        // A place that cannot be looked at now, such as a drive that is not mounted, shows nothing.
        let Ok(scanned) = scan_place(places, folder) else {
            continue;
        };
        for Scanned { location, backup } in scanned {
            match backup {
                Ok(source) => found.push(source),
                Err(error) => tracing::debug!(%location, %error, "no backup"),
            }
        }
    }
    found
}

/// Lists a backup that was found in the hub, unless one with its id is listed: then `None`.
///
/// # Errors
/// [`BackupError::Store`] by meaning.
pub async fn list_found(
    manager: &Arc<SqliteManager>,
    found: &Opened,
) -> Result<Option<backups::Model>, BackupError> {
    match Backups::new(manager).list_again(row(found)).await {
        Ok(row) => Ok(Some(row)),
        Err(StoreError::Unique { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn row(found: &Opened) -> backups::Model {
    let totals = found.totals();
    let (project_id, backup_type, compressed, with_data, description, created_at) = match found {
        Opened::Project(source) => {
            let manifest = source.manifest();
            (
                Some(manifest.project.id.clone()),
                manifest.backup_type,
                manifest.compressed,
                manifest.with_data,
                manifest.description.clone(),
                manifest.created_at,
            )
        }
        Opened::Store(source) => {
            let manifest = source.manifest();
            (
                None,
                manifest.backup_type,
                manifest.compressed,
                manifest.with_data,
                manifest.description.clone(),
                manifest.created_at,
            )
        }
    };
    backups::Model {
        id: found.id().to_owned(),
        project_id,
        r#type: backup_type,
        state: BackupState::Completed,
        location: found.location().to_string(),
        size_bytes: Some(i64::try_from(totals.size_bytes).unwrap_or(i64::MAX)),
        data_source_count: Some(totals.data_source_count),
        snapshot_count: Some(totals.snapshot_count),
        total_records: Some(totals.total_records),
        tables: Some(totals.tables),
        compressed,
        with_data,
        description,
        job_id: None,
        error: None,
        verified_at: None,
        created_at,
        completed_at: Some(created_at),
        last_proven_restore_at: None,
    }
}
