//! A store with a project, two backups of it that lie elsewhere, and files to import.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use entity_core::TableCount;
use entity_core::enums::BackupType;
use manifold_jobs::import::{ImportTarget, InputFile, TableNaming};
use manifold_jobs::jobs::{BackupProject, ImportFile};
use manifold_jobs::{Job, JobError, Observer, run_foreground};
use manifold_store::{
    Backups, DatabaseId, DatabaseManager as _, ImportSource, Layout, NewProject, ProjectId,
    Projects, SqliteManager, StoreOptions,
};

/// Rows of a file: more than pass between two looks of a backup whether it is to stop.
const ROWS: usize = 1_200;
/// Versions of the file.
pub const VERSIONS: usize = 4;

/// What a project holds, as far as anybody sees it.
pub type Contents = Vec<TableCount>;

pub struct Scene {
    pub folder: tempfile::TempDir,
    pub project: ProjectId,
    /// The two states that the backups hold.
    pub states: [Contents; 2],
}

pub async fn open(folder: &Path) -> Arc<SqliteManager> {
    let layout = Layout::new(folder.join("data"));
    SqliteManager::open(layout, StoreOptions::default())
        .await
        .unwrap()
}

impl Scene {
    /// The project is in the second state.
    pub async fn new() -> Self {
        // Nothing here loses power, and in memory more processes die in the same time.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let folder = folder.unwrap();
        let manager = open(folder.path()).await;
        for version in 0..VERSIONS {
            std::fs::write(file(folder.path(), version), csv(version)).unwrap();
        }
        let new = NewProject {
            name: "p".to_owned(),
            description: None,
        };
        let project = Projects::new(&manager).create(new).await.unwrap();
        let project = Projects::id(&project).unwrap();
        let mut states = Vec::new();
        for (place, backup_type) in [BackupType::Full, BackupType::Sqlite].iter().enumerate() {
            for version in [place, place + 1] {
                let import = import(folder.path(), &project, version);
                run(&manager, &project, import).await.unwrap();
            }
            let to = saved(folder.path(), place);
            let backup = BackupProject {
                to: Some(to.clone().into()),
                ..BackupProject::new(project.clone(), *backup_type)
            };
            let made = run(&manager, &project, backup).await.unwrap();
            // No policy takes it away.
            Backups::new(&manager).forget(&made).await.unwrap();
            states.push(contents(&manager, &project).await);
        }
        assert_ne!(states[0], states[1]);
        manager.shut_down().await.unwrap();
        Self {
            folder,
            project,
            states: states.try_into().unwrap(),
        }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

/// Does a job of the project in this process.
pub async fn run<J: Job>(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
    job: J,
) -> Result<J::Output, JobError> {
    run_foreground(manager, job, Some(project.clone()), Observer::default())
        .await
        .unwrap()
        .outcome
}

pub async fn contents(manager: &Arc<SqliteManager>, project: &ProjectId) -> Contents {
    let frozen = manager.freeze(DatabaseId::Project(project.clone())).await;
    frozen.unwrap().hash_published().unwrap()
}

/// The place of the backup of a state.
pub fn saved(folder: &Path, state: usize) -> PathBuf {
    folder.join(format!("saved {state}"))
}

pub fn import(folder: &Path, project: &ProjectId, version: usize) -> ImportFile {
    ImportFile {
        target: ImportTarget {
            project_id: project.clone(),
            source: ImportSource::Named("a".to_owned()),
            key_columns: Vec::new(),
            always: false,
            typing: Default::default(),
            renames: Vec::new(),
        },
        file: InputFile {
            path: file(folder, version),
            ..InputFile::default()
        },
        file_name: format!("{version}.csv"),
        naming: TableNaming::default(),
    }
}

fn file(folder: &Path, version: usize) -> PathBuf {
    folder.join(format!("{version}.csv"))
}

/// The rows of a version: some change from one to the next, some go, and one has a cell too many.
pub fn lines(version: usize) -> Vec<String> {
    let row = |row: &usize| {
        let changing = if row % 10 == version { version } else { 0 };
        format!("{row},name {row},{changing}")
    };
    let stays = |row: &usize| row % 97 != version;
    (0..ROWS).filter(stays).map(|number| row(&number)).collect()
}

fn csv(version: usize) -> String {
    let mut text = "id,name,n\n".to_owned();
    for line in lines(version) {
        writeln!(text, "{line}").unwrap();
    }
    text.push_str("1,rejected,2,3\n");
    text
}
