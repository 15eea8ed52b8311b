//! A store with five projects.

use std::path::Path;
use std::sync::Arc;

use entity_core::backups;
use entity_core::enums::BackupType;
use manifold_jobs::backup::{BackupPlace, Location, Opened, Places, StoreManifest, StorePart};
use manifold_jobs::import::{ImportTarget, InputFile, TableNaming};
use manifold_jobs::jobs::{BackupStore, ImportFile, RestoreStore};
use manifold_jobs::{Environment, Job, JobError, Observer, run_foreground};
use manifold_store::{
    Contents, DataSources, DatabaseId, DatabaseManager as _, ImportSource, Layout, NewProject,
    NewSource, ProjectId, Projects, SqliteManager, StoreOptions,
};

pub const NAMES: [&str; 5] = ["alpha", "beta", "gamma", "delta", "epsilon"];

pub struct Whole {
    pub folder: tempfile::TempDir,
    pub manager: Arc<SqliteManager>,
    /// The projects, by id.
    pub projects: Vec<ProjectId>,
}

impl Whole {
    pub async fn new() -> Self {
        Self::with(StoreOptions::default()).await
    }

    pub async fn with(options: StoreOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let manager = SqliteManager::open(Layout::new(folder.path()), options)
            .await
            .unwrap();
        let mut projects = Vec::new();
        for name in NAMES {
            let new = NewProject {
                name: name.to_owned(),
                description: None,
            };
            let row = Projects::new(&manager).create(new).await.unwrap();
            let id = Projects::id(&row).unwrap();
            import(&manager, &id, folder.path(), &csv(200)).await;
            projects.push(id);
        }
        projects.sort();
        Self {
            folder,
            manager,
            projects,
        }
    }

    pub async fn import(&self, project: &ProjectId, csv: &str) {
        import(&self.manager, project, self.folder.path(), csv).await;
    }

    pub async fn id(&self, name: &str) -> ProjectId {
        let row = Projects::new(&self.manager).find(name).await.unwrap();
        Projects::id(&row).unwrap()
    }

    pub async fn back_up(&self) -> backups::Model {
        let job = BackupStore::new(BackupType::Sqlite);
        run(&self.manager, job).await.unwrap()
    }

    pub fn places(&self) -> Places {
        Places::new(self.manager.layout(), Environment::none())
    }

    pub fn manifest(&self, backup: &backups::Model) -> StoreManifest {
        manifest(&self.places(), &backup.location)
    }
}

pub fn manifest(places: &Places, location: &str) -> StoreManifest {
    match Opened::open_in(places, &Location::from(location)).unwrap() {
        Opened::Store(source) => source.manifest().clone(),
        Opened::Project(_) => panic!("{location} is of a project"),
    }
}

pub fn csv(rows: usize) -> String {
    let lines = (0..rows).map(|row| format!("{row},name {row},{}.5\n", row % 7));
    format!("id,name,price\n{}", lines.collect::<String>())
}

/// Imports into the source `t`, which is made when it does not exist.
pub async fn import(manager: &Arc<SqliteManager>, project: &ProjectId, folder: &Path, csv: &str) {
    let sources = DataSources::new(manager.clone());
    let source = match sources.find(project, "t").await {
        Ok(found) => found,
        Err(_) => sources.create(project, NewSource::file("t")).await.unwrap(),
    };
    let path = folder.join(format!("{project}.csv"));
    std::fs::write(&path, csv).unwrap();
    let import = ImportFile {
        target: ImportTarget {
            project_id: project.clone(),
            source: ImportSource::Id(source.id.parse().unwrap()),
            key_columns: Vec::new(),
            always: false,
            typing: Default::default(),
            renames: Vec::new(),
        },
        file: InputFile {
            path,
            ..InputFile::default()
        },
        file_name: "t.csv".to_owned(),
        naming: TableNaming::default(),
    };
    let project = Some(project.clone());
    let ran = run_foreground(manager, import, project, Observer::default());
    ran.await.unwrap().outcome.unwrap();
}

pub async fn run<J: Job>(manager: &Arc<SqliteManager>, job: J) -> Result<J::Output, JobError> {
    run_foreground(manager, job, None, Observer::default())
        .await
        .unwrap()
        .outcome
}

/// A job that restores all that a backup holds.
pub fn everything(backup: &backups::Model, in_place: bool) -> RestoreStore {
    RestoreStore {
        backup: BackupPlace::Folder(Location::from(backup.location.as_str())),
        in_place,
        dry_run: false,
    }
}

pub fn code(error: &JobError) -> String {
    match error {
        JobError::Failed { code, .. } | JobError::Retryable { code, .. } => code.to_string(),
        other => format!("{other:?}"),
    }
}

/// Each table of a project with its rows and their hash, but for what a restore changes on purpose.
pub async fn tables(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
) -> Vec<(String, i64, String)> {
    let which = DatabaseId::Project(project.clone());
    let frozen = manager.freeze(which).await.unwrap();
    let tables = frozen.tables(Contents::WithData).unwrap();
    let tables = tables.iter().map(|table| frozen.hash(table).unwrap());
    of_content(tables.map(|table| (table.name, table.rows, table.hash)))
}

/// The same, as the backup of a project says that it was.
pub fn saved_tables(
    places: &Places,
    backup: &backups::Model,
    part: &StorePart,
) -> Vec<(String, i64, String)> {
    let location = Location::from(backup.location.as_str()).join(&part.folder);
    let Opened::Project(source) = Opened::open_in(places, &location).unwrap() else {
        panic!("{location} is of a store");
    };
    let tables = source.manifest().tables.clone().into_iter();
    of_content(tables.map(|table| (table.name, table.rows, table.hash)))
}

fn of_content(tables: impl Iterator<Item = (String, i64, String)>) -> Vec<(String, i64, String)> {
    tables
        .filter(|(name, ..)| name != "project" && name != "import_history")
        .collect()
}
