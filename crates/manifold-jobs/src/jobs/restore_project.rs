//! Restores a project from a backup.

use std::path::PathBuf;
use std::sync::Arc;

use entity_core::enums::{LogLevel, ProjectState};
use entity_core::projects;
use manifold_store::{
    Comparison, DatabaseManager as _, ProjectId, Projects, Restores, SqliteManager, Staged,
    StoreError, fail_point, name,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::backup::{self, BackupError, BackupPlace, Places, Room, SavedSource, Watch};
use crate::{CrashPolicy, Job, JobContext, JobError, PlanContext, Progress};

/// Restores a project from a backup. All of the backup is read back and compared before anything changes;
/// what fails, is cancelled or dies leaves the store as it was, or the project whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreProject {
    /// The backup.
    pub backup: BackupPlace,
    /// What becomes of it.
    pub target: RestoreTarget,
    /// Do everything but the change, and say what would be changed.
    #[serde(default)]
    pub dry_run: bool,
}

/// What becomes of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoreTarget {
    /// A project of its own, with a new id and this name, or the one it had.
    AsNew {
        /// Its name.
        name: Option<String>,
    },
    /// The content of the project that was saved, which keeps its id and its present name.
    InPlace,
}

/// What a restore did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The project that was made or replaced; in a dry run the one that would be replaced.
    pub project_id: Option<String>,
    /// The name that it has.
    pub project_name: String,
    /// The backup.
    pub backup_id: String,
    /// What was compared before anything changed; all of it was equal.
    pub tables: Vec<ComparedTable>,
    /// What was there before, as a database file. The last three of a project are kept.
    pub safety_copy: Option<PathBuf>,
    /// How large the safety copy is that was made, or would be, in bytes.
    #[serde(default)]
    pub safety_copy_bytes: Option<u64>,
    /// What the restore needs on the disk at least for a time, in bytes.
    #[serde(default)]
    pub needed_bytes: u64,
    /// What was free before it began, where the system says it, in bytes.
    #[serde(default)]
    pub free_bytes: Option<u64>,
    /// Nothing was changed.
    pub dry_run: bool,
}

/// A table that was saved and came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedTable {
    /// Its name.
    pub name: String,
    /// Rows that were saved.
    pub rows_expected: i64,
    /// Rows that came back.
    pub rows_restored: i64,
    /// Whether they are equal to the bit. A restore in which one is not fails before anything changes.
    pub hash_equal: bool,
}

impl Job for RestoreProject {
    const KIND: &'static str = "restore_project";
    const MAX_ATTEMPTS: i64 = 3;
    // The process may have died when the project was replaced already, and somebody may have worked in it since.
    const CRASH_POLICY: CrashPolicy = CrashPolicy::Fail;

    type Output = Restored;

    async fn run(&self, context: &JobContext) -> Result<Restored, JobError> {
        let watch = Watch::of(context);
        let Prepared {
            staged,
            replaces,
            mut restored,
        } = self
            .prepare(context.manager(), &Places::of(context), watch)
            .await?;
        context.check_cancelled()?;
        fail_point!("restore-staged");
        if !self.dry_run {
            change(context, staged, replaces, &mut restored).await?;
        }
        Ok(restored)
    }

    /// A [`Restored`], as a dry run gives it.
    async fn plan(&self, context: &PlanContext) -> Result<Json, JobError> {
        let observer = context.observer();
        let progress = observer.progress.clone();
        let watch = Watch::new(observer.cancel.clone(), move |latest| {
            progress.send_replace(latest);
        });
        let places = Places::new(context.manager().layout(), context.observer().environment);
        let Prepared { restored, .. } = self.prepare(context.manager(), &places, watch).await?;
        let restored = Restored {
            dry_run: true,
            ..restored
        };
        serde_json::to_value(&restored).map_err(|error| JobError::failed("defect", &error))
    }
}

/// A backup that was read back, and what will be changed.
struct Prepared {
    staged: Staged,
    replaces: Option<ProjectId>,
    restored: Restored,
}

/// What becomes of a backup in this store.
struct Found {
    name: String,
    replaces: Option<ProjectId>,
    /// The size of the file that is replaced.
    live_bytes: Option<u64>,
}

impl RestoreProject {
    /// Reads the backup back and compares it, and changes nothing.
    async fn prepare(
        &self,
        manager: &Arc<SqliteManager>,
        places: &Places,
        watch: Watch,
    ) -> Result<Prepared, JobError> {
        let found = self.backup.find(manager).await?;
        let source = backup::open(places, &found.folder, found.id.as_deref()).await?;
        let backup_id = source.manifest().id.clone();
        let saved = source.manifest().project.clone();
        if let (RestoreTarget::InPlace, Some(sources)) = (&self.target, &source.manifest().sources)
        {
            return Err(in_place(&backup_id, sources).into());
        }
        // What cannot work is said before gigabytes are read.
        let found = self.find(manager, &saved.id, &saved.name).await?;
        let room = Room::of(source.manifest(), manager.layout(), found.live_bytes);
        room.check()?;
        let (staged, _) = backup::stage(manager, source, watch).await?;
        let tables = staged.compared().iter().map(ComparedTable::from).collect();
        let restored = Restored {
            project_id: found.replaces.as_ref().map(ToString::to_string),
            project_name: found.name,
            backup_id,
            tables,
            safety_copy: None,
            safety_copy_bytes: room.safety_copy_bytes,
            needed_bytes: room.needed_bytes,
            free_bytes: room.free_bytes,
            dry_run: self.dry_run,
        };
        Ok(Prepared {
            staged,
            replaces: found.replaces,
            restored,
        })
    }

    async fn find(
        &self,
        manager: &Arc<SqliteManager>,
        saved_id: &str,
        saved_name: &str,
    ) -> Result<Found, JobError> {
        let core = manager.core();
        match &self.target {
            RestoreTarget::AsNew { name: wanted } => {
                let name = name::check("project", wanted.as_deref().unwrap_or(saved_name))?;
                let same_name = projects::Entity::find()
                    .filter(projects::Column::NameFold.eq(name::fold(&name)))
                    .filter(projects::Column::State.ne(ProjectState::Trashed));
                match core.one(same_name).await? {
                    Some(taken) => Err(StoreError::NameTaken {
                        what: "project",
                        name,
                        id: taken.id,
                    }
                    .into()),
                    None => Ok(Found {
                        name,
                        replaces: None,
                        live_bytes: None,
                    }),
                }
            }
            RestoreTarget::InPlace => {
                let row = core.one(projects::Entity::find_by_id(saved_id)).await?;
                let row = row.filter(|row| row.state == ProjectState::Active);
                let row = row.ok_or_else(|| StoreError::NotFound {
                    what: "project",
                    name: saved_id.to_owned(),
                })?;
                let id = row
                    .id
                    .parse()
                    .map_err(|error| JobError::failed("decode", &error))?;
                Ok(Found {
                    live_bytes: Some(Projects::new(manager).file(&row).size_bytes),
                    name: row.name,
                    replaces: Some(id),
                })
            }
        }
    }
}

/// A project is not replaced by some of its sources.
fn in_place(backup_id: &str, sources: &[SavedSource]) -> BackupError {
    let names = sources.iter().map(|source| source.name.as_str());
    BackupError::OfSources {
        id: backup_id.to_owned(),
        sources: names.collect::<Vec<_>>().join(", "),
    }
}

async fn change(
    context: &JobContext,
    staged: Staged,
    replaces: Option<ProjectId>,
    restored: &mut Restored,
) -> Result<(), JobError> {
    let restores = Restores::new(context.manager());
    match replaces {
        None => {
            context.hold().await?;
            let project = restores.as_new(staged, &restored.project_name).await?;
            restored.project_id = Some(project.id);
        }
        Some(id) => {
            context.report(Progress::step("replacing"));
            let waiting = |holder: Option<&str>| {
                let holder = holder.unwrap_or("another process").to_owned();
                context.log(LogLevel::Info, format!("waiting for {holder}"));
                context.report(Progress {
                    waiting_for: Some(holder),
                    ..Progress::step("waiting")
                });
            };
            let alone = tokio::select! {
                () = context.cancel().cancelled() => return Err(JobError::Cancelled),
                alone = restores.alone(&id, waiting) => alone?,
            };
            // No other attempt can have the project alone as well, and nobody can change it.
            context.hold().await?;
            context.hold_plan().await?;
            let replaced = restores.in_place(alone, staged).await?;
            restored.project_name = replaced.project.name;
            restored.safety_copy = replaced.safety_copy;
        }
    }
    Ok(())
}

impl From<&Comparison> for ComparedTable {
    fn from(compared: &Comparison) -> Self {
        Self {
            name: compared.name.clone(),
            rows_expected: compared.rows_expected,
            rows_restored: compared.rows_restored,
            hash_equal: true,
        }
    }
}
