//! The manifests of the backups at a place.

use std::collections::BTreeSet;

use entity_core::enums::BackupType;

use crate::backup::names::file_stem;
use crate::backup::repository::Repository;
use crate::backup::stored::Stored;
use crate::backup::{BackupError, Manifest};

/// The folders of a place that hold no backup.
const OTHERS: [&str; 4] = ["segments", "leases", "gc", "keys"];

/// The newest incremental backup of a project with all its data. One that cannot be read is passed over.
///
/// Folders are looked at by the type and the time in their names: one that somebody gave another name is not found, and costs no more
/// than that its segments are written again.
pub(super) fn newest(
    repository: &dyn Repository,
    project_id: &str,
    project_name: &str,
) -> Result<Option<Manifest>, BackupError> {
    let begins = format!("{}-", file_stem(project_name));
    let kind = format!("-{}-", BackupType::Incremental);
    let mut folders: Vec<(bool, String, String)> = folders(repository)?
        .into_iter()
        .filter_map(|name| {
            let (_, made) = name.rsplit_once(&kind)?;
            Some((name.starts_with(&begins), made.to_owned(), name.clone()))
        })
        .collect();
    folders.sort_unstable();
    for (_, _, folder) in folders.into_iter().rev() {
        match read(repository, &folder) {
            Ok(Some(manifest))
                if manifest.project.id == project_id
                    && manifest.backup_type == BackupType::Incremental
                    && manifest.with_data =>
            {
                return Ok(Some(manifest));
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(folder, %error, "a backup cannot be built upon"),
        }
    }
    Ok(None)
}

/// The names of all segments that backups at a place need, of whatever project.
///
/// # Errors
/// Those of a manifest that cannot be read: nobody knows what its backup needs.
pub(super) fn needed(repository: &dyn Repository) -> Result<BTreeSet<String>, BackupError> {
    let mut needed = BTreeSet::new();
    for folder in folders(repository)? {
        if let Some(manifest) = read(repository, &folder)? {
            let segments = manifest.segments();
            needed.extend(segments.map(|segment| segment.name.clone()));
        }
    }
    Ok(needed)
}

fn folders(repository: &dyn Repository) -> Result<Vec<String>, BackupError> {
    let mut folders = repository.folders()?;
    folders.retain(|folder| !OTHERS.contains(&folder.as_str()));
    Ok(folders)
}

/// `None` when there is no manifest, or one of an encrypted backup or of a whole store: these share nothing.
fn read(repository: &dyn Repository, folder: &str) -> Result<Option<Manifest>, BackupError> {
    match Stored::read(repository, folder) {
        Ok(Stored::Open(manifest)) => Ok(Some(*manifest)),
        Ok(Stored::Sealed(_) | Stored::Store(_)) | Err(BackupError::NotABackup { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
