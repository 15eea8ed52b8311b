//! Makes a backup of a whole store.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use entity_core::backups;
use entity_core::enums::{BackupState, BackupType};
use manifold_store::{
    BackupId, Backups, Claim, Jobs, NewBackup, ProjectId, Projects, SqliteManager, StoreError,
    Timestamp, fail_point,
};

use super::making::{Known, Making};
use super::{MissingProject, StoreManifest, StoreWatch, elsewhere};
use crate::backup::create::seal;
use crate::backup::elsewhere::tidy;
use crate::backup::folder::{Seal, remove_partials};
use crate::backup::names::{folder_name, sealed_name};
use crate::backup::{
    BackupError, BackupFolder, BackupOptions, Encryption, Location, Opened, Places, blocking,
    blocking_behind_others, leftovers, room,
};

/// How long imports are waited for, all together, before a project is saved beside one.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What the folder's name begins with.
const STEM: &str = "whole-store";

/// A backup of the whole store to be made.
#[derive(Debug, Clone)]
pub struct StoreBackupRequest {
    /// Its id. A second attempt with the same id finds what the first one completed.
    pub id: BackupId,
    /// How each project is saved.
    pub backup_type: BackupType,
    /// The place in which the backup's own folder will be; by default the folder of the data folder.
    pub parent: Option<Location>,
    /// How it is made.
    pub options: BackupOptions,
    /// For whom it is encrypted, if it is.
    pub encryption: Option<Encryption>,
    /// What it is for.
    pub description: Option<String>,
    /// How long imports are waited for, all together; see [`PATIENCE`].
    pub patience: Duration,
    /// The attempt that makes it.
    pub claim: Claim,
}

/// A backup of the whole store that was made.
#[derive(Debug)]
pub struct MadeStore {
    /// The backup as the hub lists it.
    pub backup: backups::Model,
    /// The projects that could not be saved.
    pub missing: Vec<MissingProject>,
}

/// Refuses what a whole store cannot be saved as.
///
/// # Errors
/// [`BackupError::NotOfAStore`].
pub fn refuse_store(backup_type: BackupType) -> Result<(), BackupError> {
    match backup_type {
        BackupType::Csv | BackupType::Full | BackupType::Sqlite => Ok(()),
        BackupType::Incremental => Err(BackupError::NotOfAStore {
            how: "as increments, which the backups of a project share",
            way_out: "use csv, sqlite or full, or make an incremental backup of each project",
        }),
    }
}

/// Makes a backup of the hub and of every project in use. Others may write meanwhile.
///
/// Projects are taken in groups, as many at once as open files allow; those of a group are of one moment, in which no import
/// is in one of them and not in another. A project into which somebody imports is taken later and by itself, when that is
/// done or patience is at its end: then without this import. The hub is of the moment of the first group.
///
/// A project that cannot be opened, or is damaged, does not keep the others from being saved: it is named in the manifest and in
/// the result. Such a backup never counts as verified.
///
/// It is written into a hidden folder, pressed onto the disk, and appears under its name when it is complete. What fails,
/// is cancelled or dies leaves no backup. One that is to be elsewhere is made in the data folder and sent from there; what was
/// sent counts for the next attempt.
///
/// # Errors
/// [`BackupError`]; [`BackupError::Cancelled`] when `watch` says so.
pub async fn create_store(
    manager: &Arc<SqliteManager>,
    places: &Places,
    request: StoreBackupRequest,
    watch: StoreWatch,
) -> Result<MadeStore, BackupError> {
    leftovers::clear(manager, Some(places), None).await?;
    let backups = Backups::new(manager);
    if let Some(made) = made_before(&backups, places, &request).await? {
        return Ok(made);
    }
    let place: Location = match &request.parent {
        Some(parent) => parent.clone(),
        None => manager.layout().backups().into(),
    };
    // The hub must be able to find it from any working folder.
    let place = place.checked()?;
    refuse_store(request.backup_type)?;
    match &place {
        Location::Folder(_) => here(manager, places, request, &place, watch).await,
        Location::Remote(_) => elsewhere::create(manager, places, request, &place, watch).await,
    }
}

/// Makes a backup in a folder of this machine.
async fn here(
    manager: &Arc<SqliteManager>,
    places: &Places,
    request: StoreBackupRequest,
    place: &Location,
    watch: StoreWatch,
) -> Result<MadeStore, BackupError> {
    let target = place.join(&name(&request));
    let (id, claim) = (request.id.clone(), request.claim.clone());
    let backups = Backups::new(manager);
    backups.begin(&claim, row(&request, &target)?).await?;
    let made = async {
        let seal = seal(places, request.encryption.as_ref(), place).await?;
        let (manifest, _) = write(manager, request, target.to_path(), seal, watch).await?;
        Ok(manifest)
    };
    let made = made.await;
    if made.is_ok() {
        fail_point!("store-backup-published");
    }
    settle(&backups, &claim, &id, made).await
}

/// Writes down what became of a backup.
pub(super) async fn settle(
    backups: &Backups,
    claim: &Claim,
    id: &BackupId,
    made: Result<StoreManifest, BackupError>,
) -> Result<MadeStore, BackupError> {
    match made {
        Ok(manifest) => Ok(MadeStore {
            backup: backups.complete(claim, id, manifest.totals()).await?,
            missing: manifest.missing,
        }),
        Err(error) => {
            backups.fail(claim, id, error.to_string()).await?;
            Err(error)
        }
    }
}

/// The name that the backup's folder will have.
pub(super) fn name(request: &StoreBackupRequest) -> String {
    let (at, id) = (Timestamp::now(), request.id.as_str());
    match &request.encryption {
        Some(_) => sealed_name(at, id),
        None => folder_name(STEM, request.backup_type, at, id),
    }
}

pub(super) fn row(
    request: &StoreBackupRequest,
    target: &Location,
) -> Result<NewBackup, BackupError> {
    if target.to_path().to_str().is_none() {
        return Err(BackupError::Store(StoreError::InvalidValue {
            what: "the folder of a backup".to_owned(),
            value: target.to_string(),
            reason: "its path is not UTF-8; choose another folder".to_owned(),
        }));
    }
    Ok(NewBackup {
        id: request.id.clone(),
        project_id: None,
        backup_type: request.backup_type,
        location: target.to_string(),
        compressed: request.options.compress,
        with_data: !request.options.without_data,
        description: request.description.clone(),
    })
}

/// The backup as an earlier attempt has completed it, though the hub may not have heard. From here on no earlier attempt
/// can publish it.
async fn made_before(
    backups: &Backups,
    places: &Places,
    request: &StoreBackupRequest,
) -> Result<Option<MadeStore>, BackupError> {
    let row = match backups.find(request.id.as_str()).await {
        Ok(row) if row.id == request.id.as_str() => row,
        Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (reached, location) = (places.clone(), Location::from(row.location.as_str()));
    let (id, earlier) = (row.id.clone(), request.claim.lease_token - 1);
    let found = blocking(move || {
        if let Some(target) = location.as_folder() {
            remove_partials(target, &id, earlier)?;
        }
        match Opened::open_in(&reached, &location) {
            Ok(Opened::Store(found)) if found.manifest().id == id => {
                Ok(Some(found.manifest().clone()))
            }
            // It may be there.
            Err(error @ BackupError::Unreachable { .. }) => Err(error),
            _ => Ok(None),
        }
    });
    let Some(manifest) = found.await? else {
        return Ok(None);
    };
    let backup = match row.state {
        BackupState::Completed | BackupState::Deleting => row,
        BackupState::Running | BackupState::Failed => {
            let (claim, id) = (&request.claim, &request.id);
            backups.complete(claim, id, manifest.totals()).await?
        }
    };
    tidy(places, &backup).await;
    Ok(Some(MadeStore {
        backup,
        missing: manifest.missing,
    }))
}

/// Makes the backup appear at `target`, complete. Returns `watch` too, for what follows.
pub(super) async fn write(
    manager: &Arc<SqliteManager>,
    request: StoreBackupRequest,
    target: PathBuf,
    seal: Option<Seal>,
    mut watch: StoreWatch,
) -> Result<(StoreManifest, StoreWatch), BackupError> {
    fail_point!("store-backup-begun");
    let (known, files) = known(manager).await?;
    if !request.options.without_data {
        let folder = target.parent().unwrap_or(Path::new("."));
        room::check_for(files, folder).await?;
    }
    watch.expect(known.len(), known.values().map(|known| known.bytes).sum());
    let claim = request.claim.clone();
    let patience = request.patience;
    let mut making = blocking(move || {
        let folder = BackupFolder::create(
            target,
            &request.claim,
            request.id.as_str(),
            request.options.compress,
            seal,
        )?;
        Ok(Making::new(folder, request, known, watch))
    })
    .await?;
    let mut left: Vec<ProjectId> = making.known.keys().cloned().collect();
    left.sort();
    let mut left = VecDeque::from(left);
    let mut created_at = None;
    let mut busy = Vec::new();
    while created_at.is_none() || !left.is_empty() {
        let group: Vec<ProjectId> = left
            .drain(..left.len().min(manager.most_together()))
            .collect();
        let is_first = created_at.is_none();
        let taken = manager.freeze_together(&group, is_first);
        let taken = making.watch.clone().or_cancelled(taken).await?;
        fail_point!("store-backup-group-taken");
        created_at.get_or_insert(taken.at);
        busy.extend(taken.busy.into_iter().map(|(id, _)| id));
        making = blocking_behind_others(move || {
            for (id, error) in taken.failed {
                making.miss(&id, error.into())?;
            }
            if let Some(core) = taken.core {
                making.write_hub(&core)?;
            }
            making.write_group(taken.at, taken.projects, false)?;
            Ok(making)
        })
        .await?;
        // The next group needs the memory; whoever needs one of these opens it again.
        for id in &group {
            if let Err(error) = manager.close(id).await {
                tracing::debug!(project.id = %id, %error, "a project that was saved stays open");
            }
        }
        if is_first {
            // The hub may know projects by now that it did not before.
            for (id, more) in self::known(manager).await?.0 {
                if let Entry::Vacant(new) = making.known.entry(id) {
                    left.push_back(new.key().clone());
                    new.insert(more);
                }
            }
        }
    }
    making = write_busy(manager, making, busy, patience).await?;
    if !making.missing().is_empty() {
        tracing::warn!("{} of the projects are missing", making.missing().len());
    }
    // An attempt that comes later takes the hidden folder of this one away before it looks for what was published. So
    // either it finds what this one publishes, or this one has nothing to publish.
    Jobs::new(manager).hold(&claim).await?;
    making.watch.look()?;
    let created_at = created_at.unwrap_or_else(Timestamp::now);
    blocking(move || {
        let watch = making.watch.clone();
        let (folder, manifest) = making.finish(created_at)?;
        folder.publish_store(&manifest)?;
        Ok((manifest, watch))
    })
    .await
}

/// Saves the projects into which somebody imported, each by itself.
async fn write_busy(
    manager: &Arc<SqliteManager>,
    mut making: Making,
    busy: Vec<ProjectId>,
    patience: Duration,
) -> Result<Making, BackupError> {
    let since = Instant::now();
    for id in busy {
        let left = patience.saturating_sub(since.elapsed());
        let watch = making.watch.clone();
        let name = making.known.get(&id).map(|known| known.name.clone());
        let name = name.unwrap_or_else(|| id.to_string());
        let taken = manager.freeze_quiet(&id, left, |holder| {
            let who = holder.unwrap_or("another process");
            tracing::info!(project.id = %id, "waiting for {who}, which writes to project `{name}`");
            watch.waiting(Some(who));
        });
        let taken = making.watch.clone().or_cancelled(taken).await;
        making = blocking_behind_others(move || {
            match taken {
                Ok(taken) => {
                    let is_busy = taken.writer.is_some();
                    making.write_group(taken.at, vec![(id, taken.frozen)], is_busy)?;
                }
                Err(error) => making.miss(&id, error)?,
            }
            Ok(making)
        })
        .await?;
    }
    Ok(making)
}

/// The projects in use by id, and their files.
async fn known(
    manager: &Arc<SqliteManager>,
) -> Result<(HashMap<ProjectId, Known>, Vec<PathBuf>), BackupError> {
    let projects = Projects::new(manager);
    let listed = projects.list().await?;
    blocking(move || {
        let (mut known, mut files) = (HashMap::new(), Vec::new());
        for row in listed {
            let id = Projects::id(&row)?;
            let file = projects.file(&row);
            let bytes = file.size_bytes;
            files.push(file.path);
            known.insert(
                id,
                Known {
                    name: row.name,
                    bytes,
                },
            );
        }
        Ok((known, files))
    })
    .await
}
