//! Makes a backup of a whole store here and sends it to another place.

use std::sync::Arc;

use entity_core::backups;
use entity_core::enums::BackupState;
use manifold_store::{Backups, Jobs, SqliteManager, StoreError, fail_point};

use super::create::{MadeStore, StoreBackupRequest, name, row, settle, write};
use super::{StoreManifest, StoreSource, StoreWatch};
use crate::backup::create::seal;
use crate::backup::elsewhere::{discard, remote, tidy};
use crate::backup::repository::{Remote, Repository as _};
use crate::backup::spool::Spool;
use crate::backup::upload::Upload;
use crate::backup::{BackupError, Location, Manifest, Places, blocking};

/// Makes a backup in the data folder, sends the files, and makes it a backup there.
pub(super) async fn create(
    manager: &Arc<SqliteManager>,
    places: &Places,
    request: StoreBackupRequest,
    place: &Location,
    watch: StoreWatch,
) -> Result<MadeStore, BackupError> {
    let remote = remote(places, place).await?;
    let seal = seal(places, request.encryption.as_ref(), place).await?;
    let begun = begun(manager, places, &request, place).await?;
    let (name, made) = match begun {
        Some((name, manifest)) => (name, Some(manifest)),
        None => (name(&request), None),
    };
    let (id, claim) = (request.id.clone(), request.claim.clone());
    let backups = Backups::new(manager);
    let target = place.join(&name);
    backups.begin(&claim, row(&request, &target)?).await?;
    let spool = Spool::of(manager.layout(), id.as_str(), &name);
    let sent = async {
        let (manifest, watch) = match made {
            Some(manifest) => (manifest, watch),
            None => {
                // What cannot be sent is not made.
                let (there, manifest) = (remote.clone(), format!("{name}/{}", Manifest::NAME));
                blocking(move || there.size(&manifest)).await?;
                spool.prepare()?;
                write(manager, request, spool.target(), seal, watch).await?
            }
        };
        fail_point!("backup-spooled");
        let sending = Sending {
            remote,
            spool,
            name,
        };
        let sending = blocking(move || {
            sending.upload().send(&mut watch.sending(), None)?;
            Ok(sending)
        })
        .await?;
        fail_point!("backup-sent");
        // Attempts of one job send the same files, and only the one that owns it makes them a backup.
        Jobs::new(manager).hold(&claim).await?;
        let id = manifest.id.clone();
        blocking(move || sending.upload().publish(&id)).await?;
        fail_point!("backup-published");
        Ok(manifest)
    };
    let sent = sent.await;
    let made = settle(&backups, &claim, &id, sent).await?;
    tidy(places, &made.backup).await;
    Ok(made)
}

/// A backup on its way.
struct Sending {
    remote: Remote,
    spool: Spool,
    name: String,
}

impl Sending {
    fn upload(&self) -> Upload<'_> {
        Upload {
            remote: &self.remote,
            spool: &self.spool,
            name: &self.name,
        }
    }
}

/// What an earlier attempt has made here and not sent, or not all of it, with its name. What is left of other backups of the whole
/// store that were given up is removed.
async fn begun(
    manager: &Arc<SqliteManager>,
    places: &Places,
    request: &StoreBackupRequest,
    place: &Location,
) -> Result<Option<(String, StoreManifest)>, BackupError> {
    let layout = manager.layout().clone();
    let backups = Backups::new(manager);
    let mut found = None;
    for id in blocking(move || Spool::all(&layout)).await? {
        let row = match backups.find(&id).await {
            Ok(row) if row.id == id && row.project_id.is_none() => row,
            Ok(_) | Err(StoreError::NotFound { .. } | StoreError::Ambiguous { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let is_ours = row.id == request.id.as_str();
        if row.state == BackupState::Completed {
            tidy(places, &row).await;
            continue;
        }
        if !is_ours && !backups.is_given_up(&row).await? {
            continue;
        }
        if is_ours {
            found = made(places, place, &row).await?;
        }
        if (!is_ours || found.is_none())
            && let Err(error) = discard(places, &row).await
        {
            tracing::warn!(backup.id = %row.id, %error, "what was sent of a backup that was given up stays there");
        }
    }
    Ok(found)
}

/// The backup as it lies here, if it is complete.
async fn made(
    places: &Places,
    place: &Location,
    row: &backups::Model,
) -> Result<Option<(String, StoreManifest)>, BackupError> {
    let name = match Location::from(row.location.as_str()).split() {
        Some((parent, name)) if parent == *place => name,
        _ => return Ok(None),
    };
    let spool = Spool::of(places.layout(), &row.id, &name);
    let (places, id) = (places.clone(), row.id.clone());
    blocking(move || {
        if !spool.is_complete() {
            return Ok(None);
        }
        let source = StoreSource::open_in(&places, &Location::from(spool.target()));
        let manifest = source.ok().map(|source| source.manifest().clone());
        let manifest = manifest.filter(|manifest| manifest.id == id);
        Ok(manifest.map(|manifest| (name, manifest)))
    })
    .await
}
