//! Makes a backup.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity_core::backups;
use entity_core::enums::{BackupState, BackupType};
use manifold_store::{
    BackupId, Backups, Claim, DatabaseId, DatabaseManager as _, Frozen, Jobs, NewBackup, ProjectId,
    Projects, SqliteManager, StoreError, TableKind, Timestamp, fail_point,
};

use super::folder::{folder_name, remove_partials};
use super::{
    BackupError, BackupFolder, BackupOptions, Manifest, SavedProject, Watch, leftovers, strategy,
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
    /// The folder in which the backup's own folder will be; by default the one of the data folder.
    pub parent: Option<PathBuf>,
    /// How it is made.
    pub options: BackupOptions,
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
/// latest by the project's next backup.
///
/// # Errors
/// [`BackupError`]; [`BackupError::Cancelled`] when `watch` says so.
pub async fn create(
    manager: &Arc<SqliteManager>,
    request: BackupRequest,
    watch: Watch,
) -> Result<backups::Model, BackupError> {
    strategy(request.backup_type)?;
    let backups = Backups::new(manager);
    leftovers::clear(manager, &request.project_id).await?;
    if let Some(done) = made_before(&backups, &request).await? {
        return Ok(done);
    }
    let project = Projects::new(manager)
        .find(request.project_id.as_str())
        .await?;
    let at = Timestamp::now();
    let target = place(manager, &request, &project.name, at)?;
    backups
        .begin(&request.claim, row(&request, &target))
        .await?;
    match write(manager, &request, target, at, watch).await {
        Ok(manifest) => {
            fail_point!("backup-published");
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
    backups: &Backups,
    request: &BackupRequest,
) -> Result<Option<backups::Model>, BackupError> {
    let row = match backups.find(request.id.as_str()).await {
        Ok(row) if row.id == request.id.as_str() => row,
        Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if row.state == BackupState::Completed {
        return Ok(Some(row));
    }
    let (target, earlier) = (PathBuf::from(&row.location), request.claim.lease_token - 1);
    let id = row.id.clone();
    let found = super::blocking(move || {
        remove_partials(&target, &id, earlier)?;
        Ok(Manifest::read(&target).ok().filter(|found| found.id == id))
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

fn place(
    manager: &SqliteManager,
    request: &BackupRequest,
    project: &str,
    at: DateTime<Utc>,
) -> Result<PathBuf, BackupError> {
    let parent = request
        .parent
        .clone()
        .unwrap_or_else(|| manager.layout().backups());
    // The hub must be able to find it from any working folder.
    let parent = std::path::absolute(&parent).map_err(BackupError::io("find", &parent))?;
    let name = folder_name(project, request.backup_type, at, request.id.as_str());
    let target = parent.join(name);
    if target.to_str().is_none() {
        return Err(BackupError::Store(StoreError::InvalidValue {
            what: "the folder of a backup".to_owned(),
            value: target.display().to_string(),
            reason: "its path is not UTF-8; choose another folder".to_owned(),
        }));
    }
    Ok(target)
}

fn row(request: &BackupRequest, target: &Path) -> NewBackup {
    NewBackup {
        id: request.id.clone(),
        project_id: request.project_id.clone(),
        backup_type: request.backup_type,
        location: target.display().to_string(),
        compressed: request.options.compress,
        with_data: !request.options.without_data,
        description: request.description.clone(),
    }
}

async fn write(
    manager: &Arc<SqliteManager>,
    request: &BackupRequest,
    target: PathBuf,
    at: DateTime<Utc>,
    watch: Watch,
) -> Result<Manifest, BackupError> {
    fail_point!("backup-begun");
    let frozen = manager
        .freeze(DatabaseId::Project(request.project_id.clone()))
        .await?;
    let writing = request.clone();
    let written = super::blocking(move || write_files(&frozen, &writing, target, at, watch));
    let (folder, manifest) = written.await?;
    // An attempt that comes later takes the hidden folder of this one away before it looks for what was published. So
    // either it finds what this one publishes, or this one has nothing to publish.
    Jobs::new(manager).hold(&request.claim).await?;
    super::blocking(move || {
        folder.publish(&manifest)?;
        Ok(manifest)
    })
    .await
}

fn write_files(
    frozen: &Frozen,
    request: &BackupRequest,
    target: PathBuf,
    at: DateTime<Utc>,
    mut watch: Watch,
) -> Result<(BackupFolder, Manifest), BackupError> {
    fail_point!("backup-frozen");
    let options = request.options;
    let mut folder = BackupFolder::create(
        target,
        &request.claim,
        request.id.as_str(),
        options.compress,
    )?;
    strategy(request.backup_type)?.write(frozen, &mut folder, options, &mut watch)?;
    fail_point!("backup-files-written");
    let manifest = describe(frozen, request, &folder, at, &mut watch)?;
    watch.look()?;
    Ok((folder, manifest))
}

fn describe(
    frozen: &Frozen,
    request: &BackupRequest,
    folder: &BackupFolder,
    at: DateTime<Utc>,
    watch: &mut Watch,
) -> Result<Manifest, BackupError> {
    let project = frozen.project().ok_or_else(|| {
        BackupError::from(StoreError::Decode(format!(
            "project {} names itself nowhere",
            request.project_id
        )))
    })?;
    let mut tables = Vec::new();
    let mut total_records = 0;
    for table in frozen.tables(request.options.contents())? {
        watch.step("counting")?;
        let count = frozen.hash(&table)?;
        watch.rows(u64::try_from(count.rows).unwrap_or_default())?;
        if table.kind == TableKind::Rows {
            total_records += count.rows;
        }
        tables.push(count);
    }
    let rows_of = |name: &str| {
        tables
            .iter()
            .find(|table| table.name == name)
            .map_or(0, |table| table.rows)
    };
    Ok(Manifest {
        id: request.id.to_string(),
        project: SavedProject {
            id: project.id.clone(),
            name: project.name.clone(),
        },
        backup_type: request.backup_type,
        schema_version: frozen.schema_version(),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        sqlite_version: frozen.sqlite_version().to_owned(),
        created_at: at,
        with_data: !request.options.without_data,
        compressed: request.options.compress,
        description: request.description.clone(),
        data_source_count: rows_of("data_sources"),
        snapshot_count: rows_of("snapshots"),
        total_records,
        files: folder.files().to_vec(),
        sequences: frozen.sequences()?,
        tables,
    })
}
