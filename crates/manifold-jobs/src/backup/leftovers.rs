//! What backups left whose process died.

use std::path::Path;
use std::sync::Arc;

use entity_core::backups;
use entity_core::enums::BackupType;
use manifold_store::{AbandonedBackup, BackupTotals, Backups, ProjectId, SqliteManager};

use super::delete::finish_deletions;
use super::folder::remove_partials;
use super::incremental;
use super::spool::Spool;
use super::{BackupError, Location, Opened, Places, blocking};
use crate::Environment;

/// Completes the backups of a project, or of the whole store if `None`, that are complete and not so in the hub, and
/// removes the hidden folders of the others. Completes deletions that were begun. What was made to be sent elsewhere stays, for who goes on with it.
///
/// Without `places` nothing elsewhere is looked at: a backup that may be complete there is left as it is.
pub(crate) async fn clear(
    manager: &Arc<SqliteManager>,
    places: Option<&Places>,
    project: Option<&ProjectId>,
) -> Result<(), BackupError> {
    let backups = Backups::new(manager);
    for abandoned in backups.abandoned(project).await? {
        let backup = abandoned.backup.clone();
        let here = Places::new(manager.layout(), Environment::none());
        let (reached, lease_token) = (places.cloned(), abandoned.lease_token);
        let looked = blocking(move || look(&here, reached.as_ref(), &backup, lease_token)).await;
        let complete = match looked {
            Ok(Looked::Complete(totals)) => Some(totals),
            Ok(Looked::Incomplete) => None,
            Ok(Looked::Unknown) => continue,
            Err(error) => {
                // It must not keep new backups from being made.
                let id = &abandoned.backup.id;
                tracing::warn!(backup.id = %id, %error, "whether a backup is complete is not known yet");
                continue;
            }
        };
        let id = &abandoned.backup.id;
        if complete.is_some() {
            tracing::info!(backup.id = %id, "backup {id} was complete although the process that made it died");
        }
        if let Some((place, _)) = Location::from(abandoned.backup.location.as_str()).split()
            // Who goes on with one that is to be elsewhere needs to know that it is there.
            && (place.as_folder().is_some() || complete.is_some())
            && abandoned.backup.r#type == BackupType::Incremental
            && let Some(project) = project
            && let Err(error) = end_leases(manager, places, place, project, &abandoned).await
        {
            tracing::warn!(backup.id = %id, %error, "the lease of a dead backup stays until it expires");
        }
        backups.close_abandoned(&abandoned, complete).await?;
    }
    finish_deletions(manager, places, project).await
}

enum Looked {
    Complete(BackupTotals),
    Incomplete,
    /// It cannot be said from here.
    Unknown,
}

fn look(
    here: &Places,
    places: Option<&Places>,
    backup: &backups::Model,
    lease_token: i64,
) -> Result<Looked, BackupError> {
    let location = Location::from(backup.location.as_str());
    if let Some(target) = location.as_folder() {
        return Ok(look_here(here, &location, target, backup, lease_token));
    }
    let name = location.split().map(|(_, name)| name).unwrap_or_default();
    let spool = Spool::of(here.layout(), &backup.id, &name);
    if !spool.sent().publishing {
        return Ok(Looked::Incomplete);
    }
    match places.map(|places| Opened::open_in(places, &location)) {
        None => Ok(Looked::Unknown),
        Some(Ok(found)) if found.id() == backup.id => {
            spool.remove()?;
            Ok(Looked::Complete(found.totals()))
        }
        Some(Ok(_) | Err(BackupError::NotABackup { .. })) => Ok(Looked::Incomplete),
        Some(Err(error)) => Err(error),
    }
}

fn look_here(
    here: &Places,
    location: &Location,
    target: &Path,
    backup: &backups::Model,
    lease_token: i64,
) -> Looked {
    match Opened::open_in(here, location) {
        Ok(found) if found.id() == backup.id => return Looked::Complete(found.totals()),
        _ => {}
    }
    if let Err(error) = remove_partials(target, &backup.id, lease_token) {
        // It is hidden; it must not keep new backups from being made.
        tracing::warn!(backup.id = %backup.id, %error, "an incomplete backup stays");
    }
    Looked::Incomplete
}

/// Nobody needs to wait for a backup that nobody makes any more.
async fn end_leases(
    manager: &Arc<SqliteManager>,
    places: Option<&Places>,
    place: Location,
    project: &ProjectId,
    abandoned: &AbandonedBackup,
) -> Result<(), BackupError> {
    let here = || Places::new(manager.layout(), Environment::none());
    let (places, project) = (places.cloned().unwrap_or_else(here), project.clone());
    let (id, token) = (abandoned.backup.id.clone(), abandoned.lease_token);
    blocking(move || {
        let place = places.repository(&place)?;
        incremental::end_leases(&*place, &project, &id, token)
    })
    .await
}
