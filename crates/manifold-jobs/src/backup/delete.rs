//! Deletes backups, wherever they are, and the segments that no other backup needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use entity_core::backups;
use entity_core::enums::BackupType;
use manifold_store::{Backups, IdError, ProjectId, SqliteManager, StoreError};

use super::repository::Repository as _;
use super::spool::Spool;
use super::upload::Upload;
use super::{BackupError, BackupSource, Collected, Location, Manifest, Places, blocking, collect};
use crate::Environment;

/// Deletes a backup: its files, then its line in the hub. Returns how many bytes its folder took. The segments that it
/// needed stay until [`collect_after`]. Can be repeated when it was interrupted; what is left of the files meanwhile is not
/// a backup.
///
/// # Errors
/// The store's while it is being made; [`BackupError::Unreachable`], [`BackupError::Io`] naming the place: then it stays
/// on the list.
pub async fn delete(
    manager: &Arc<SqliteManager>,
    places: &Places,
    backup: &backups::Model,
) -> Result<u64, BackupError> {
    let backups = Backups::new(manager);
    let location = Location::from(backup.location.as_str());
    let bytes = if backup.r#type == BackupType::Incremental {
        let (places, location) = (places.clone(), location.clone());
        let own = move || {
            let source = BackupSource::open_in(&places, &location);
            Ok(source.map_or(0, |source| source.manifest().own_bytes()))
        };
        blocking(own).await?
    } else {
        backup.size_bytes.unwrap_or_default().unsigned_abs()
    };
    let Location::Remote(address) = &location else {
        backups.delete(backup).await?;
        return Ok(bytes);
    };
    let Some((Location::Remote(place), name)) = location.split() else {
        return Err(BackupError::NotABackup {
            path: address.into(),
        });
    };
    let manifest = format!("{name}/{}", Manifest::NAME);
    let (reached, wanted) = (places.clone(), (place.clone(), manifest.clone()));
    // A place that cannot be reached is told before the backup counts as none.
    blocking(move || reached.remote(&wanted.0)?.size(&wanted.1)).await?;
    backups.begin_deletion(backup).await?;
    let (places, id) = (places.clone(), backup.id.clone());
    blocking(move || {
        let remote = places.remote(&place)?;
        // Without it nothing takes the rest for a backup.
        remote.remove(&manifest)?;
        for file in remote.list(&name)? {
            remote.remove(&file.name)?;
        }
        let spool = Spool::of(places.layout(), &id, &name);
        let upload = Upload {
            remote: &remote,
            spool: &spool,
            name: &name,
        };
        upload.discard()?;
        spool.remove()
    })
    .await?;
    backups.forget(backup).await?;
    Ok(bytes)
}

/// Completes deletions of backups of a project, or of all if `None`, that were cut short. What cannot be reached stays to be deleted;
/// without `places` that is everything elsewhere.
///
/// # Errors
/// The store's when the hub cannot be read.
pub(crate) async fn finish_deletions(
    manager: &Arc<SqliteManager>,
    places: Option<&Places>,
    project: Option<&ProjectId>,
) -> Result<(), BackupError> {
    let here = Places::new(manager.layout(), Environment::none());
    for backup in Backups::new(manager).deleting(project).await? {
        let is_here = Location::from(backup.location.as_str())
            .as_folder()
            .is_some();
        let Some(places) = places.or(is_here.then_some(&here)) else {
            continue;
        };
        if let Err(error) = delete(manager, places, &backup).await {
            // It must not keep new backups from being made.
            tracing::warn!(backup.id = %backup.id, %error, "a backup whose deletion was begun is not deleted yet");
        }
    }
    Ok(())
}

/// Takes away the segments that no backup needs, at the places where these are or were, of their projects. What backups
/// that are being made may need goes when those are done.
///
/// # Errors
/// As [`collect`]; the same again goes on.
pub async fn collect_after(
    places: &Places,
    backups: &[backups::Model],
) -> Result<Collected, BackupError> {
    let mut shared = BTreeSet::new();
    for backup in backups {
        if backup.r#type == BackupType::Incremental
            && let Some(project) = &backup.project_id
            && let Some((place, _)) = Location::from(backup.location.as_str()).split()
        {
            shared.insert((place, project));
        }
    }
    let mut collected = Collected::default();
    for (place, project) in shared {
        let project: ProjectId = project
            .parse()
            .map_err(|error: IdError| StoreError::Decode(error.to_string()))?;
        let more = collect(places, &place, &project).await?;
        collected.segments += more.segments;
        collected.bytes += more.bytes;
    }
    Ok(collected)
}
