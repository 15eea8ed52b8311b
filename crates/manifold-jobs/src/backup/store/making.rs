//! The folder of a backup of a whole store while it is being made.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use entity_core::TableCount;
use manifold_store::{BackupId, Contents, Frozen, ProjectId, StoreError, fail_point};

use super::manifest::Scope;
use super::{MissingProject, SavedGroup, StoreBackupRequest, StoreManifest, StorePart, StoreWatch};
use crate::backup::describe::describe;
use crate::backup::file_sink::measure;
use crate::backup::names::{folder_name, sealed_name};
use crate::backup::{BackupError, BackupFolder, BackupRequest, Manifest, ManifestFile, strategy};

/// What is known of a project before it is opened.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) name: String,
    /// The size of its file.
    pub(super) bytes: u64,
}

/// What was written so far. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Making {
    pub(super) folder: BackupFolder,
    pub(super) request: StoreBackupRequest,
    pub(super) known: HashMap<ProjectId, Known>,
    pub(super) watch: StoreWatch,
    hub: Option<SavedHub>,
    groups: Vec<SavedGroup>,
    missing: Vec<MissingProject>,
}

#[derive(Debug)]
struct SavedHub {
    schema_version: i64,
    sqlite_version: &'static str,
    files: Vec<ManifestFile>,
    names: BTreeMap<String, String>,
    tables: Vec<TableCount>,
}

impl Making {
    pub(super) fn new(
        folder: BackupFolder,
        request: StoreBackupRequest,
        known: HashMap<ProjectId, Known>,
        watch: StoreWatch,
    ) -> Self {
        Self {
            folder,
            request,
            known,
            watch,
            hub: None,
            groups: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Writes the hub. Blocks.
    pub(super) fn write_hub(&mut self, frozen: &Frozen) -> Result<(), BackupError> {
        self.watch.step("copying the hub")?;
        self.folder.take_file(StoreManifest::HUB, |path| {
            Ok(frozen.copy_measured(path, Contents::WithData, |_| true)?)
        })?;
        let mut tables = Vec::new();
        for table in frozen.tables(Contents::WithData)? {
            self.watch.look()?;
            tables.push(frozen.hash(&table)?);
        }
        self.hub = Some(SavedHub {
            schema_version: frozen.schema_version(),
            sqlite_version: frozen.sqlite_version(),
            files: self.folder.files().to_vec(),
            names: self.folder.names().clone(),
            tables,
        });
        fail_point!("store-backup-hub-written");
        Ok(())
    }

    /// Writes projects whose states are of one moment; each state is let go once it is written. Blocks.
    pub(super) fn write_group(
        &mut self,
        at: DateTime<Utc>,
        projects: Vec<(ProjectId, Frozen)>,
        busy: bool,
    ) -> Result<(), BackupError> {
        let mut parts = Vec::with_capacity(projects.len());
        for (id, frozen) in projects {
            match self.write_part(&id, &frozen, at, busy) {
                Ok(part) => parts.push(part),
                Err(error) => self.miss(&id, error)?,
            }
        }
        if !parts.is_empty() || self.groups.is_empty() {
            self.groups.push(SavedGroup {
                at,
                projects: parts,
            });
        }
        Ok(())
    }

    fn write_part(
        &mut self,
        id: &ProjectId,
        frozen: &Frozen,
        at: DateTime<Utc>,
        busy: bool,
    ) -> Result<StorePart, BackupError> {
        let name = frozen.project().map(|project| project.name.clone());
        let known = self.known.get(id);
        let name = name
            .or_else(|| known.map(|known| known.name.clone()))
            .unwrap_or_else(|| id.to_string());
        let bytes = known.map_or(0, |known| known.bytes);
        let mut watch = self.watch.next("copying", &name, bytes);
        let StoreBackupRequest {
            backup_type,
            options,
            description,
            claim,
            ..
        } = self.request.clone();
        let seal = self.folder.seal().cloned();
        let (request, target) = loop {
            let backup_id = BackupId::new();
            let folder = match &seal {
                Some(_) => sealed_name(at, backup_id.as_str()),
                None => folder_name(&name, backup_type, at, backup_id.as_str()),
            };
            let target = self.folder.hidden().join(folder);
            if !target.exists() {
                let request = BackupRequest {
                    id: backup_id,
                    project_id: id.clone(),
                    backup_type,
                    parent: None,
                    options,
                    sources: None,
                    encryption: None,
                    description,
                    claim,
                };
                break (request, target);
            }
        };
        let mut folder = BackupFolder::create(
            target.clone(),
            &request.claim,
            request.id.as_str(),
            options.compress,
            seal,
        )?;
        let saved = strategy(backup_type).write(frozen, &mut folder, &request, &mut watch)?;
        let manifest = describe(frozen, &request, &folder, &saved, at, &mut watch)?;
        watch.look()?;
        folder.publish(&manifest)?;
        let (_, manifest_hash) = measure(&target.join(Manifest::NAME))?;
        let named = target.file_name().map(|name| name.to_string_lossy());
        fail_point!("store-backup-part-written");
        Ok(StorePart {
            id: manifest.project.id.clone(),
            name: manifest.project.name.clone(),
            folder: named.map(String::from).unwrap_or_default(),
            backup_id: manifest.id.clone(),
            manifest_hash,
            size_bytes: manifest.own_bytes(),
            data_source_count: manifest.data_source_count,
            snapshot_count: manifest.snapshot_count,
            total_records: manifest.total_records,
            busy,
        })
    }

    /// Takes note that a project cannot be saved. One that was deleted meanwhile is no loss; an error that says nothing of
    /// the project stops the backup.
    pub(super) fn miss(&mut self, id: &ProjectId, error: BackupError) -> Result<(), BackupError> {
        if matches!(&error, BackupError::Store(StoreError::NotFound { .. })) {
            tracing::info!(project.id = %id, "project {id} was deleted while the store was saved");
            return Ok(());
        }
        if !is_of_project(&error) {
            return Err(error);
        }
        let name = self.known.get(id).map(|known| known.name.clone());
        let missing = MissingProject {
            id: id.to_string(),
            name: name.unwrap_or_else(|| id.to_string()),
            code: error.code().to_owned(),
            reason: error.to_string(),
        };
        tracing::error!(project.id = %id, "project `{}` cannot be saved: {}", missing.name, missing.reason);
        self.missing.push(missing);
        Ok(())
    }

    /// Whether projects are missing.
    pub(super) fn missing(&self) -> &[MissingProject] {
        &self.missing
    }

    /// The folder, and what its manifest will say.
    pub(super) fn finish(
        self,
        created_at: DateTime<Utc>,
    ) -> Result<(BackupFolder, StoreManifest), BackupError> {
        let hub = self.hub.ok_or_else(|| {
            BackupError::from(StoreError::Decode("the hub was not saved".to_owned()))
        })?;
        let sum = |of: fn(&StorePart) -> i64| -> i64 {
            self.groups
                .iter()
                .flat_map(|group| &group.projects)
                .map(of)
                .sum()
        };
        let manifest = StoreManifest {
            id: self.request.id.to_string(),
            scope: Scope::Store,
            backup_type: self.request.backup_type,
            schema_version: hub.schema_version,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            sqlite_version: hub.sqlite_version.to_owned(),
            created_at,
            with_data: !self.request.options.without_data,
            compressed: self.request.options.compress,
            description: self.request.description,
            data_source_count: sum(|part| part.data_source_count),
            snapshot_count: sum(|part| part.snapshot_count),
            total_records: sum(|part| part.total_records),
            tables: hub.tables,
            files: hub.files,
            names: hub.names,
            groups: self.groups,
            missing: self.missing,
        };
        Ok((self.folder, manifest))
    }
}

/// Whether the error is one of the project, and others can still be saved.
pub(super) fn is_of_project(error: &BackupError) -> bool {
    let BackupError::Store(error) = error else {
        return false;
    };
    matches!(
        error,
        StoreError::Busy { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Decode(_)
            | StoreError::Gone { .. }
            | StoreError::MigrationPending { .. }
            | StoreError::Migration { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::NotOurs { .. }
            | StoreError::Quarantined { .. }
            | StoreError::WrongProject { .. }
    )
}
