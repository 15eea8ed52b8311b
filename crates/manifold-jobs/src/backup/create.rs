//! Makes a backup.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity_core::backups;
use entity_core::enums::{BackupState, BackupType};
use manifold_store::{
    BackupId, Backups, Claim, Contents, DatabaseId, DatabaseManager as _, Frozen, Jobs, NewBackup,
    ProjectId, Projects, SqliteManager, StoreError, Timestamp, fail_point,
};

use super::describe::describe;
use super::elsewhere;
use super::encryption::Encryption;
use super::folder::{Seal, remove_partials};
use super::incremental::{Ground, Reliance};
use super::names::{folder_name, sealed_name};
use super::repository::Repository;
use super::saved_source::named_sources;
use super::{
    BackupError, BackupFolder, BackupOptions, BackupSource, Location, Manifest, Places, Watch,
    leftovers, room, strategy,
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
    /// The ids of the sources whose snapshots and rows are saved; those of all if `None`. The catalogue is always whole.
    pub sources: Option<Vec<String>>,
    /// For whom it is encrypted, if it is.
    pub encryption: Option<Encryption>,
    /// What it is for.
    pub description: Option<String>,
    /// The attempt that makes it.
    pub claim: Claim,
}

impl BackupRequest {
    /// How much of the project is saved.
    #[must_use]
    pub fn contents(&self) -> Contents<'_> {
        match &self.sources {
            Some(sources) => Contents::OfSources(sources),
            None => self.options.contents(),
        }
    }
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
    if request.sources.is_some() {
        refuse_sources(request.backup_type)?;
    }
    match &place {
        Location::Folder(_) => here(manager, places, &request, &place, watch).await,
        Location::Remote(_) => elsewhere::create(manager, places, request, &place, watch).await,
    }
}

/// Refuses to save some sources alone in a backup of this type: the file of a project, and segments, hold those of all.
///
/// # Errors
/// [`BackupError::HoldsAll`].
pub fn refuse_sources(backup_type: BackupType) -> Result<(), BackupError> {
    match backup_type {
        BackupType::Csv | BackupType::Full => Ok(()),
        BackupType::Sqlite | BackupType::Incremental => Err(BackupError::HoldsAll(backup_type)),
    }
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
        let seal = seal(places, request.encryption.as_ref(), place).await?;
        let writing = Writing {
            target: target.to_path(),
            place: places.repository(place)?,
            seal,
            at,
        };
        let mut written = write(manager, request, writing, watch).await?;
        // An attempt that comes later takes the hidden folder of this one away before it looks for what was published. So
        // either it finds what this one publishes, or this one has nothing to publish.
        Jobs::new(manager).hold(&request.claim).await?;
        super::blocking(move || {
            if let Some(reliance) = &written.reliance {
                reliance.confirm(&written.manifest)?;
            }
            written.folder.publish(&written.manifest)?;
            if let Some(reliance) = written.reliance.take() {
                reliance.release();
            }
            Ok(written.manifest)
        })
        .await
    };
    let made = made.await;
    if made.is_ok() {
        fail_point!("backup-published");
    }
    settle(manager, request, made).await
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
    encryption: Option<&Encryption>,
    place: &Location,
) -> Result<Option<Seal>, BackupError> {
    let Some(encryption) = encryption.cloned() else {
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
        with_data: request.contents() == Contents::WithData,
        description: request.description.clone(),
    })
}

/// Where a backup is written, and how.
pub(super) struct Writing {
    /// The folder of this machine that it will be.
    pub(super) target: PathBuf,
    /// The place at which it will be, in the end.
    pub(super) place: Arc<dyn Repository>,
    pub(super) seal: Option<Seal>,
    pub(super) at: DateTime<Utc>,
}

/// A backup that is complete and not visible yet.
pub(super) struct Written {
    pub(super) folder: BackupFolder,
    pub(super) manifest: Manifest,
    /// What it needs at its place.
    pub(super) reliance: Option<Reliance>,
    pub(super) watch: Watch,
}

/// Writes the files of a backup.
pub(super) async fn write(
    manager: &Arc<SqliteManager>,
    request: &BackupRequest,
    writing: Writing,
    watch: Watch,
) -> Result<Written, BackupError> {
    fail_point!("backup-begun");
    let folder = writing.target.parent().unwrap_or(Path::new("."));
    let folder = folder.to_owned();
    let (ground, writing) = ground(manager, request, writing).await?;
    // An increment asks for room once it is known what is new.
    if ground.as_ref().is_none_or(Ground::is_bare) {
        room::check(manager, request, &folder).await?;
    }
    let frozen = manager
        .freeze(DatabaseId::Project(request.project_id.clone()))
        .await?;
    let request = request.clone();
    let written = move || write_files(&frozen, &request, writing, ground, watch);
    super::blocking_behind_others(written).await
}

/// Looks what is there that the backup can share, before the state is taken.
async fn ground(
    manager: &Arc<SqliteManager>,
    request: &BackupRequest,
    writing: Writing,
) -> Result<(Option<Ground>, Writing), BackupError> {
    if request.backup_type != BackupType::Incremental {
        return Ok((None, writing));
    }
    let project = Projects::new(manager)
        .find(request.project_id.as_str())
        .await?;
    let (request, file) = (request.clone(), manager.layout().spoke(&project.namespace));
    super::blocking(move || {
        let key = writing.seal.as_ref().map(|seal| &seal.key);
        let mut ground = Ground::look(&writing.place, &request, &project.name, key)?;
        ground.project_bytes = room::size(&file);
        Ok((Some(ground), writing))
    })
    .await
}

fn write_files(
    frozen: &Frozen,
    request: &BackupRequest,
    writing: Writing,
    ground: Option<Ground>,
    mut watch: Watch,
) -> Result<Written, BackupError> {
    fail_point!("backup-frozen");
    let sources = named_sources(frozen, request)?;
    let mut folder = BackupFolder::create(
        writing.target,
        &request.claim,
        request.id.as_str(),
        request.options.compress,
        writing.seal,
    )?;
    folder.stand_on(ground);
    let strategy = strategy(request.backup_type);
    let saved = strategy.write(frozen, &mut folder, request, &mut watch)?;
    fail_point!("backup-files-written");
    let manifest = Manifest {
        sources,
        ..describe(frozen, request, &folder, &saved, writing.at, &mut watch)?
    };
    watch.look()?;
    Ok(Written {
        folder,
        manifest,
        reliance: saved.increment.map(|increment| increment.reliance),
        watch,
    })
}
