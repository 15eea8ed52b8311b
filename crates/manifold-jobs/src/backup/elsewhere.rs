//! Makes a backup here and sends it to another place.

use std::sync::Arc;

use entity_core::backups;
use entity_core::enums::BackupState;
use manifold_store::{
    BackupId, Backups, DatabaseId, DatabaseManager as _, Frozen, Jobs, SqliteManager, StoreError,
    Timestamp, fail_point,
};

use super::create::{BackupRequest, name, row, seal, settle, write};
use super::describe::count;
use super::folder::Seal;
use super::repository::{Remote, Repository as _};
use super::spool::Spool;
use super::upload::Upload;
use super::{BackupError, BackupSource, Location, Manifest, Places, Watch, blocking};

/// Makes a backup in the data folder, ends the reading of the project, sends the files, and makes it a backup there.
pub(super) async fn create(
    manager: &Arc<SqliteManager>,
    places: &Places,
    mut request: BackupRequest,
    place: &Location,
    watch: Watch,
) -> Result<backups::Model, BackupError> {
    let remote = remote(places, place).await?;
    let seal = seal(places, &request, place).await?;
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
        let (manifest, watch) = match begun {
            Some(begun) => (begun.manifest, watch),
            None => {
                // What cannot be sent is not made.
                let (there, manifest) = (remote.clone(), format!("{name}/{}", Manifest::NAME));
                blocking(move || there.size(&manifest)).await?;
                spool.prepare()?;
                write(manager, &request, spool.target(), seal, at, watch).await?
            }
        };
        fail_point!("backup-spooled");
        send(manager, &request, remote, &spool, &name, watch).await?;
        Ok(manifest)
    };
    let made = made.await;
    let done = settle(manager, &request, made).await?;
    tidy(places, &done).await;
    Ok(done)
}

/// Removes what a backup was sent from, once it is complete there.
pub(super) async fn tidy(places: &Places, done: &backups::Model) {
    let spool = Spool::of(places.layout(), &done.id, "");
    if let Err(error) = blocking(move || spool.remove()).await {
        tracing::warn!(%error, "a backup was sent; what it was sent from stays until the next backup of the project");
    }
}

async fn remote(places: &Places, place: &Location) -> Result<Remote, BackupError> {
    let (places, address) = (places.clone(), place.to_string());
    blocking(move || places.remote(&address)).await
}

async fn send(
    manager: &Arc<SqliteManager>,
    request: &BackupRequest,
    remote: Remote,
    spool: &Spool,
    name: &str,
    mut watch: Watch,
) -> Result<(), BackupError> {
    let (spool, name, id) = (spool.clone(), name.to_owned(), request.id.to_string());
    let (remote, spool, name) = blocking(move || {
        let upload = Upload {
            remote: &remote,
            spool: &spool,
            name: &name,
        };
        upload.send(&mut watch)?;
        Ok((remote, spool, name))
    })
    .await?;
    fail_point!("backup-sent");
    // Attempts of one job send the same files, and only the one that owns it makes them a backup.
    Jobs::new(manager).hold(&request.claim).await?;
    blocking(move || {
        let upload = Upload {
            remote: &remote,
            spool: &spool,
            name: &name,
        };
        upload.publish(&id)
    })
    .await?;
    fail_point!("backup-published");
    Ok(())
}

/// A backup that was made here and not sent, or not all of it.
struct Begun {
    id: BackupId,
    location: Location,
    name: String,
    manifest: Manifest,
}

/// What an earlier attempt made, or an earlier backup of the same kind whose job has ended, if the project is as it was
/// then. Those of which nothing can become are removed.
async fn begun(
    manager: &Arc<SqliteManager>,
    places: &Places,
    request: &BackupRequest,
    place: &Location,
    seal: Option<&Seal>,
    mut watch: Watch,
) -> Result<(Option<Begun>, Watch), BackupError> {
    let layout = manager.layout().clone();
    let backups = Backups::new(manager);
    let mut found = None;
    for id in blocking(move || Spool::all(&layout)).await? {
        let row = match backups.find(&id).await {
            Ok(row)
                if row.id == id
                    && row.project_id.as_deref() == Some(request.project_id.as_str()) =>
            {
                row
            }
            Ok(_) | Err(StoreError::NotFound { .. } | StoreError::Ambiguous { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let ours = row.id == request.id.as_str();
        if row.state == BackupState::Completed {
            tidy(places, &row).await;
            continue;
        }
        if !ours && !backups.is_given_up(&row).await? {
            continue;
        }
        let made = match found {
            None => made(places, request, place, seal, &row).await?,
            Some(_) => None,
        };
        let of_now = match &made {
            Some(_) if ours => true,
            Some(made) => {
                let frozen = manager
                    .freeze(DatabaseId::Project(request.project_id.clone()))
                    .await?;
                let (manifest, options) = (made.manifest.clone(), request.options);
                let (equal, back) = blocking(move || {
                    let equal = is_state_of(&frozen, &manifest, options, &mut watch)?;
                    Ok((equal, watch))
                })
                .await?;
                watch = back;
                equal
            }
            None => false,
        };
        if of_now {
            found = made;
        } else if let Err(error) = discard(places, &row).await {
            tracing::warn!(backup.id = %row.id, %error, "what was sent of a backup that was given up stays there");
        }
    }
    Ok((found, watch))
}

/// The backup as it lies here, if it is complete and is what is asked for.
async fn made(
    places: &Places,
    request: &BackupRequest,
    place: &Location,
    seal: Option<&Seal>,
    row: &backups::Model,
) -> Result<Option<Begun>, BackupError> {
    let location = Location::from(row.location.as_str());
    let asked = row.r#type == request.backup_type
        && row.compressed == request.options.compress
        && row.with_data != request.options.without_data
        && row.description == request.description;
    let (name, id) = match (location.split(), row.id.parse()) {
        (Some((parent, name)), Ok(id)) if asked && parent == *place => (name, id),
        _ => return Ok(None),
    };
    let spool = Spool::of(places.layout(), &row.id, &name);
    let key = seal.map(|seal| seal.key.id().to_owned());
    let (places, folder) = (places.clone(), Location::from(spool.target()));
    blocking(move || {
        if !spool.is_complete() {
            return Ok(None);
        }
        match BackupSource::open_in(&places, &folder) {
            Ok(source) if source.key_id() == key.as_deref() => Ok(Some(Begun {
                id,
                location,
                name,
                manifest: source.manifest().clone(),
            })),
            _ => Ok(None),
        }
    })
    .await
}

fn is_state_of(
    frozen: &Frozen,
    manifest: &Manifest,
    options: super::BackupOptions,
    watch: &mut Watch,
) -> Result<bool, BackupError> {
    let name = frozen.project().map(|project| project.name.as_str());
    let (tables, _) = count(frozen, options, None, watch)?;
    Ok(frozen.schema_version() == manifest.schema_version
        && frozen.sequences()? == manifest.sequences
        && name == Some(manifest.project.name.as_str())
        && tables == manifest.tables)
}

/// Removes what was made of a backup here, and what was sent of it. Nothing is removed of one that is complete there.
pub(crate) async fn discard(places: &Places, backup: &backups::Model) -> Result<(), BackupError> {
    let location = Location::from(backup.location.as_str());
    let Some((Location::Remote(place), name)) = location.split() else {
        return Ok(());
    };
    let (places, id) = (places.clone(), backup.id.clone());
    blocking(move || {
        let spool = Spool::of(places.layout(), &id, &name);
        let upload = Upload {
            remote: &places.remote(&place)?,
            spool: &spool,
            name: &name,
        };
        upload.discard()?;
        spool.remove()
    })
    .await
}
