//! Makes a backup.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity_core::backups;
use entity_core::enums::{BackupState, BackupType};
use manifold_store::{
    BackupId, Backups, Claim, DatabaseId, DatabaseManager as _, Frozen, Jobs, NewBackup, ProjectId,
    Projects, SqliteManager, StoreError, Timestamp, fail_point,
};

use super::describe::describe;
use super::elsewhere;
use super::encryption::Encryption;
use super::folder::{Seal, remove_partials};
use super::names::{folder_name, sealed_name};
use super::{
    BackupError, BackupFolder, BackupOptions, BackupSource, Increment, Location, Manifest, Places,
    Watch, leftovers, room, strategy,
};

/// A backup to be made.
#[derive(Debug, Clone)]
pub struct BackupRequest {
    /// Its id. A second attempt with the same id finds what the first one completed.
    pub id: BackupId,
    /// The project.
    pub project_id: ProjectId,
    /// How it is saved.
    pub backup_type: BackupType,
    /// The place in which the backup's own folder will be; by default the folder of the data folder.
    pub parent: Option<Location>,
    /// How it is made.
    pub options: BackupOptions,
    /// For whom it is encrypted, if it is.
    pub encryption: Option<Encryption>,
    /// What it is for.
    pub description: Option<String>,
    /// The attempt that makes it.
    pub claim: Claim,
}

/// Makes a backup of the state that the project has now. Others may write meanwhile; what they commit is
/// not in it.
///
/// It is written into a hidden folder, pressed onto the disk, and appears under its name when it is
/// complete. What fails or dies leaves no backup; what it leaves hidden is removed when its job is rescued, at the
/// latest by the project's next backup. One that is to be elsewhere is made in the data folder and sent from there; what
/// was sent counts for the next attempt, and for the next backup when nothing has changed in the project.
///
/// # Errors
/// [`BackupError`]; [`BackupError::Cancelled`] when `watch` says so.
pub async fn create(
    manager: &Arc<SqliteManager>,
    places: &Places,
    request: BackupRequest,
    watch: Watch,
) -> Result<backups::Model, BackupError> {
    let request = BackupRequest {
        options: request.options.of(request.backup_type),
        ..request
    };
    leftovers::clear(manager, Some(places), Some(&request.project_id)).await?;
    if let Some(done) = made_before(manager, places, &request).await? {
        elsewhere::tidy(places, &done).await;
        return Ok(done);
    }
    let place = match &request.parent {
        Some(parent) => parent.clone(),
        None => manager.layout().backups().into(),
    };
    // The hub must be able to find it from any working folder.
    let place = place.checked()?;
    refuse_place(
        request.backup_type,
        Some(&place),
        request.encryption.as_ref(),
    )?;
    match &place {
        Location::Folder(_) => here(manager, places, &request, &place, watch).await,
        Location::Remote(_) => elsewhere::create(manager, places, request, &place, watch).await,
    }
}

/// Refuses a place where backups of this type cannot be (`None`: the data folder): those that share segments are in folders of this machine, and open.
///
/// # Errors
/// [`BackupError::Unsupported`].
pub fn refuse_place(
    backup_type: BackupType,
    place: Option<&Location>,
    encryption: Option<&Encryption>,
) -> Result<(), BackupError> {
    let is_shared = backup_type == BackupType::Incremental;
    let is_elsewhere = place.is_some_and(|place| place.as_folder().is_none());
    if is_shared && (is_elsewhere || encryption.is_some()) {
        return Err(BackupError::Unsupported(backup_type));
    }
    Ok(())
}

/// Makes a backup in a folder of this machine.
async fn here(
    manager: &Arc<SqliteManager>,
    places: &Places,
    request: &BackupRequest,
    place: &Location,
    watch: Watch,
) -> Result<backups::Model, BackupError> {
    let at = Timestamp::now();
    let target = place.join(&name(manager, request, at).await?);
    let backups = Backups::new(manager);
    backups
        .begin(&request.claim, row(request, &target)?)
        .await?;
    let made = async {
        let seal = seal(places, request, place).await?;
        write(manager, request, target.to_path(), seal, at, watch).await
    };
    let made = made.await;
    if made.is_ok() {
        fail_point!("backup-published");
    }
    settle(manager, request, made.map(|(manifest, _)| manifest)).await
}

/// Writes down what became of a backup.
pub(super) async fn settle(
    manager: &Arc<SqliteManager>,
    request: &BackupRequest,
    made: Result<Manifest, BackupError>,
) -> Result<backups::Model, BackupError> {
    let backups = Backups::new(manager);
    match made {
        Ok(manifest) => {
            let totals = manifest.totals();
            let done = backups
                .complete(&request.claim, &request.id, totals)
                .await?;
            fail_point!("backup-completed");
            Ok(done)
        }
        Err(error) => {
            let words = error.to_string();
            backups.fail(&request.claim, &request.id, words).await?;
            Err(error)
        }
    }
}

/// The backup as an earlier attempt has completed it, though the hub may not have heard. From here on no earlier attempt
/// can publish it.
async fn made_before(
    manager: &Arc<SqliteManager>,
    places: &Places,
    request: &BackupRequest,
) -> Result<Option<backups::Model>, BackupError> {
    let backups = Backups::new(manager);
    let row = match backups.find(request.id.as_str()).await {
        Ok(row) if row.id == request.id.as_str() => row,
        Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if row.state == BackupState::Completed {
        return Ok(Some(row));
    }
    let (location, earlier) = (
        Location::from(row.location.as_str()),
        request.claim.lease_token - 1,
    );
    let (id, places) = (row.id.clone(), places.clone());
    let found = super::blocking(move || {
        if let Some(target) = location.as_folder() {
            remove_partials(target, &id, earlier)?;
        }
        match BackupSource::open_in(&places, &location) {
            Ok(found) if found.manifest().id == id => Ok(Some(found.manifest().clone())),
            // It may be there.
            Err(error @ BackupError::Unreachable { .. }) => Err(error),
            _ => Ok(None),
        }
    });
    match found.await? {
        Some(manifest) => {
            let totals = manifest.totals();
            let done = backups
                .complete(&request.claim, &request.id, totals)
                .await?;
            Ok(Some(done))
        }
        None => Ok(None),
    }
}

/// The name that the backup's folder will have.
pub(super) async fn name(
    manager: &Arc<SqliteManager>,
    request: &BackupRequest,
    at: DateTime<Utc>,
) -> Result<String, BackupError> {
    let project = Projects::new(manager)
        .find(request.project_id.as_str())
        .await?;
    let id = request.id.as_str();
    Ok(match &request.encryption {
        Some(_) => sealed_name(at, id),
        None => folder_name(&project.name, request.backup_type, at, id),
    })
}

/// With what the files of the backup are encrypted.
pub(super) async fn seal(
    places: &Places,
    request: &BackupRequest,
    place: &Location,
) -> Result<Option<Seal>, BackupError> {
    let Some(encryption) = request.encryption.clone() else {
        return Ok(None);
    };
    let (places, place) = (places.clone(), place.clone());
    super::blocking(move || {
        let repository = places.repository(&place)?;
        Ok(Some(Seal {
            key: encryption.key(&places, &place, &*repository)?,
            scratch: places.layout().temporary(),
        }))
    })
    .await
}

pub(super) fn row(request: &BackupRequest, target: &Location) -> Result<NewBackup, BackupError> {
    if target.to_path().to_str().is_none() {
        return Err(BackupError::Store(StoreError::InvalidValue {
            what: "the folder of a backup".to_owned(),
            value: target.to_string(),
            reason: "its path is not UTF-8; choose another folder".to_owned(),
        }));
    }
    Ok(NewBackup {
        id: request.id.clone(),
        project_id: Some(request.project_id.clone()),
        backup_type: request.backup_type,
        location: target.to_string(),
        compressed: request.options.compress,
        with_data: !request.options.without_data,
        description: request.description.clone(),
    })
}

/// Makes the backup at `target`, a folder of this machine. Returns `watch` too, for what follows.
pub(super) async fn write(
    manager: &Arc<SqliteManager>,
    request: &BackupRequest,
    target: PathBuf,
    seal: Option<Seal>,
    at: DateTime<Utc>,
    watch: Watch,
) -> Result<(Manifest, Watch), BackupError> {
    fail_point!("backup-begun");
    let folder = target.parent().unwrap_or(Path::new("."));
    room::check(manager, request, folder).await?;
    let frozen = manager
        .freeze(DatabaseId::Project(request.project_id.clone()))
        .await?;
    let writing = request.clone();
    let written = super::blocking(move || write_files(&frozen, &writing, target, seal, at, watch));
    let (folder, manifest, increment, watch) = written.await?;
    // An attempt that comes later takes the hidden folder of this one away before it looks for what was published. So
    // either it finds what this one publishes, or this one has nothing to publish.
    Jobs::new(manager).hold(&request.claim).await?;
    super::blocking(move || {
        if let Some(increment) = &increment {
            increment.confirm()?;
        }
        folder.publish(&manifest)?;
        if let Some(increment) = increment {
            increment.release();
        }
        Ok((manifest, watch))
    })
    .await
}

fn write_files(
    frozen: &Frozen,
    request: &BackupRequest,
    target: PathBuf,
    seal: Option<Seal>,
    at: DateTime<Utc>,
    mut watch: Watch,
) -> Result<(BackupFolder, Manifest, Option<Increment>, Watch), BackupError> {
    fail_point!("backup-frozen");
    let options = request.options;
    let mut folder = BackupFolder::create(
        target,
        &request.claim,
        request.id.as_str(),
        options.compress,
        seal,
    )?;
    let strategy = strategy(request.backup_type);
    let increment = strategy.write(frozen, &mut folder, request, &mut watch)?;
    fail_point!("backup-files-written");
    let manifest = describe(frozen, request, &folder, increment.as_ref(), at, &mut watch)?;
    watch.look()?;
    Ok((folder, manifest, increment, watch))
}
