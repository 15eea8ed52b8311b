//! The manifests of the backups at a place.

use std::collections::BTreeSet;

use entity_core::enums::BackupType;
use manifold_store::ProjectId;

use crate::backup::key::RepositoryKey;
use crate::backup::names::{file_stem, is_sealed_name};
use crate::backup::repository::Repository;
use crate::backup::stored::Stored;
use crate::backup::{BackupError, Manifest};

/// The folders of a place that hold no backup.
const OTHERS: [&str; 4] = ["segments", "leases", "gc", "keys"];

/// The newest incremental backup of a project with all its data, encrypted with this key or not at all. One that cannot be read is
/// passed over.
///
/// Folders are looked at by what their names tell: one that somebody gave another name is not found, and costs no more
/// than that its segments are written again.
pub(super) fn newest(
    repository: &dyn Repository,
    project: &ProjectId,
    project_name: &str,
    key: Option<&RepositoryKey>,
) -> Result<Option<Manifest>, BackupError> {
    let begins = format!("{}-", file_stem(project_name));
    let kind = format!("-{}-", BackupType::Incremental);
    let mut folders: Vec<(bool, String, String)> = folders(repository)?
        .into_iter()
        .filter_map(|name| {
            if key.is_some() {
                return is_sealed_name(&name).then(|| (true, name.clone(), name));
            }
            let (_, made) = name.rsplit_once(&kind)?;
            Some((name.starts_with(&begins), made.to_owned(), name.clone()))
        })
        .collect();
    folders.sort_unstable();
    for (_, _, folder) in folders.into_iter().rev() {
        let read = read(repository, &folder, project, key);
        match read {
            Ok(Some(manifest))
                if manifest.project.id == project.as_str()
                    && manifest.backup_type == BackupType::Incremental
                    && manifest.with_data =>
            {
                return Ok(Some(manifest));
            }
            Ok(_) => {}
            Err(error @ BackupError::Unreachable { .. }) => return Err(error),
            Err(error) => tracing::debug!(folder, %error, "a backup cannot be built upon"),
        }
    }
    Ok(None)
}

/// The manifest of a backup that may be one of the project, if it is encrypted with this key, or not at all.
fn read(
    repository: &dyn Repository,
    folder: &str,
    project: &ProjectId,
    key: Option<&RepositoryKey>,
) -> Result<Option<Manifest>, BackupError> {
    let shared = format!("segments/{}/", project.namespace());
    match (stored(repository, folder)?, key) {
        (Some(Stored::Open(manifest)), None) => Ok(Some(*manifest)),
        (Some(Stored::Sealed(header)), Some(key))
            if header.key == key.id()
                && (header.segments.iter()).any(|segment| segment.starts_with(&shared)) =>
        {
            Ok(match header.open(repository, folder, key)? {
                Stored::Open(manifest) => Some(*manifest),
                Stored::Sealed(_) | Stored::Store(_) => None,
            })
        }
        _ => Ok(None),
    }
}

/// The names of all segments that backups at a place need, of whatever project. No key is needed.
///
/// # Errors
/// Those of a manifest that cannot be read: nobody knows what its backup needs.
pub(super) fn needed(repository: &dyn Repository) -> Result<BTreeSet<String>, BackupError> {
    let mut needed = BTreeSet::new();
    for folder in folders(repository)? {
        if let Some(stored) = stored(repository, &folder)? {
            needed.append(&mut stored.segment_names());
        }
    }
    Ok(needed)
}

fn folders(repository: &dyn Repository) -> Result<Vec<String>, BackupError> {
    let mut folders = repository.folders()?;
    folders.retain(|folder| !OTHERS.contains(&folder.as_str()));
    Ok(folders)
}

/// `None` when there is no manifest.
fn stored(repository: &dyn Repository, folder: &str) -> Result<Option<Stored>, BackupError> {
    match Stored::read(repository, folder) {
        Ok(stored) => Ok(Some(stored)),
        Err(BackupError::NotABackup { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
