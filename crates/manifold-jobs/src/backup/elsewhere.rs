//! Makes a backup here and sends it to another place.

use std::sync::Arc;

use entity_core::backups;
use entity_core::enums::BackupType;
use manifold_store::{Backups, IdError, Jobs, SqliteManager, StoreError, Timestamp, fail_point};

use super::begun::begun;
use super::create::{BackupRequest, Writing, name, row, seal, settle, write};
use super::incremental::{self, Reliance};
use super::repository::{Remote, Repository as _};
use super::spool::Spool;
use super::upload::Upload;
use super::{BackupError, Location, Manifest, Places, Watch, blocking};

/// Makes a backup in the data folder, ends the reading of the project, sends the files, and makes it a backup there.
pub(super) async fn create(
    manager: &Arc<SqliteManager>,
    places: &Places,
    mut request: BackupRequest,
    place: &Location,
    watch: Watch,
) -> Result<backups::Model, BackupError> {
    let remote = remote(places, place).await?;
    let seal = seal(places, request.encryption.as_ref(), place).await?;
    let (begun, watch) = begun(manager, places, &request, place, seal.as_ref(), watch).await?;
    let at = Timestamp::now();
    let (target, name) = match &begun {
        Some(begun) => {
            request.id = begun.id.clone();
            (begun.location.clone(), begun.name.clone())
        }
        None => {
            let name = name(manager, &request, at).await?;
            (place.join(&name), name)
        }
    };
    let backups = Backups::new(manager);
    backups
        .begin(&request.claim, row(&request, &target)?)
        .await?;
    let spool = Spool::of(manager.layout(), request.id.as_str(), &name);
    let made = async {
        let (made, watch) = match begun {
            Some(begun) => (begun.made, watch),
            None => {
                // What cannot be sent is not made.
                let (there, manifest) = (remote.clone(), format!("{name}/{}", Manifest::NAME));
                blocking(move || there.size(&manifest)).await?;
                spool.prepare()?;
                let writing = Writing {
                    target: spool.target(),
                    place: Arc::new(remote.clone()),
                    seal,
                    at,
                };
                spooled(manager, &request, writing, watch).await?
            }
        };
        fail_point!("backup-spooled");
        let name = name.clone();
        let sending = Sending {
            remote,
            spool,
            name,
            made,
        };
        send(manager, &request, sending, watch).await
    };
    let made = made.await;
    let done = settle(manager, &request, made).await?;
    tidy(places, &done).await;
    Ok(done)
}

/// What was made of a backup, to be sent.
pub(super) struct Made {
    pub(super) manifest: Manifest,
    /// What it needs at its place.
    pub(super) reliance: Option<Reliance>,
}

/// Makes a backup in the data folder.
async fn spooled(
    manager: &Arc<SqliteManager>,
    request: &BackupRequest,
    writing: Writing,
    watch: Watch,
) -> Result<(Made, Watch), BackupError> {
    let written = write(manager, request, writing, watch).await?;
    // As for one that stays here: a later attempt goes on with what it finds.
    Jobs::new(manager).hold(&request.claim).await?;
    blocking(move || {
        written.folder.publish(&written.manifest)?;
        let (manifest, reliance) = (written.manifest, written.reliance);
        Ok((Made { manifest, reliance }, written.watch))
    })
    .await
}

/// Removes what a backup was sent from, once it is complete there, and what kept others from collecting meanwhile.
pub(super) async fn tidy(places: &Places, done: &backups::Model) {
    let spool = Spool::of(places.layout(), &done.id, "");
    let (places, done) = (places.clone(), done.clone());
    let tidied = blocking(move || {
        if let Some((Location::Remote(place), _)) = Location::from(done.location.as_str()).split() {
            end_leases(&places, &place, &done)?;
        }
        spool.remove()
    });
    if let Err(error) = tidied.await {
        tracing::warn!(%error, "a backup was sent; what it was sent from stays until the next backup of the project");
    }
}

/// Ends all leases of a backup that shares something at its place.
fn end_leases(places: &Places, place: &str, backup: &backups::Model) -> Result<(), BackupError> {
    let (BackupType::Incremental, Some(project)) = (backup.r#type, &backup.project_id) else {
        return Ok(());
    };
    let project =
        (project.parse()).map_err(|error: IdError| StoreError::Decode(error.to_string()))?;
    let remote = places.remote(place)?;
    incremental::end_leases(&remote, &project, &backup.id, i64::MAX)
}

pub(super) async fn remote(places: &Places, place: &Location) -> Result<Remote, BackupError> {
    let (places, address) = (places.clone(), place.to_string());
    blocking(move || places.remote(&address)).await
}

/// A backup on its way.
struct Sending {
    remote: Remote,
    spool: Spool,
    name: String,
    made: Made,
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

async fn send(
    manager: &Arc<SqliteManager>,
    request: &BackupRequest,
    mut sending: Sending,
    mut watch: Watch,
) -> Result<Manifest, BackupError> {
    let sending = blocking(move || {
        let mut reliance = sending.made.reliance.take();
        let sent = sending.upload().send(&mut watch, reliance.as_mut());
        match sent {
            Ok(()) => {
                sending.made.reliance = reliance;
                Ok(sending)
            }
            Err(error) => {
                // Whoever goes on with it needs what was sent.
                if let Some(reliance) = reliance {
                    reliance.leave();
                }
                Err(error)
            }
        }
    })
    .await?;
    fail_point!("backup-sent");
    // Attempts of one job send the same files, and only the one that owns it makes them a backup.
    Jobs::new(manager).hold(&request.claim).await?;
    let manifest = blocking(move || {
        let Made { manifest, reliance } = &sending.made;
        let published = (|| {
            if let Some(reliance) = reliance {
                reliance.confirm(manifest)?;
            }
            sending.upload().publish(&manifest.id)
        })();
        if let Some(reliance) = sending.made.reliance {
            match &published {
                Ok(()) => reliance.release(),
                // The place may have it all the same.
                Err(_) => reliance.leave(),
            }
        }
        published?;
        Ok(sending.made.manifest)
    })
    .await?;
    fail_point!("backup-published");
    Ok(manifest)
}

/// Removes what was made of a backup here, and what was sent of it. Nothing is removed of one that is complete there.
pub(crate) async fn discard(places: &Places, backup: &backups::Model) -> Result<(), BackupError> {
    let location = Location::from(backup.location.as_str());
    let Some((Location::Remote(place), name)) = location.split() else {
        return Ok(());
    };
    let (places, backup) = (places.clone(), backup.clone());
    blocking(move || {
        let spool = Spool::of(places.layout(), &backup.id, &name);
        let upload = Upload {
            remote: &places.remote(&place)?,
            spool: &spool,
            name: &name,
        };
        upload.discard()?;
        end_leases(&places, &place, &backup)?;
        spool.remove()
    })
    .await
}
