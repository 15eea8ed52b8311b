//! A store in a temporary folder, and jobs to try it with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use entity_core::enums::{ExecutionState, JobState};
use entity_project::import_history;
use manifold_jobs::import::{ImportTarget, InputFile, TableNaming};
use manifold_jobs::jobs::{ImportFile, Imported};
use manifold_jobs::{Finished, Job, JobContext, JobError, Observer, run_foreground};
use manifold_store::{
    DataSources, DatabaseManager as _, ImportSource, JobId, Jobs, Layout, NewJob, NewProject,
    NewSource, ProjectId, Projects, RowLog, SourceId, SqliteManager, StoreOptions, rows,
};
use sea_orm::{EntityTrait as _, QueryOrder as _};
use serde::{Deserialize, Serialize};

pub struct Store {
    pub folder: tempfile::TempDir,
    pub manager: Arc<SqliteManager>,
    pub project: ProjectId,
    pub source: SourceId,
}

impl Store {
    /// A store with a project `p` and a source `s` of files.
    pub async fn new() -> Self {
        Self::with_key(&[]).await
    }

    pub async fn with_key(key: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let manager = open(folder.path()).await;
        let project = NewProject {
            name: "p".to_owned(),
            description: None,
        };
        let project = Projects::new(&manager).create(project).await.unwrap();
        let project = Projects::id(&project).unwrap();
        let key_columns = key.iter().map(|name| (*name).to_owned()).collect();
        let source = NewSource {
            key_columns,
            ..NewSource::file("s")
        };
        let source = DataSources::new(manager.clone())
            .create(&project, source)
            .await
            .unwrap();
        Self {
            folder,
            manager,
            project,
            source: source.id.parse().unwrap(),
        }
    }

    pub fn jobs(&self) -> Jobs {
        Jobs::new(&self.manager)
    }

    pub fn spoke(&self) -> PathBuf {
        self.manager.layout().spoke(&self.project.namespace())
    }

    /// Writes a file beside the store.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's input; no crash is simulated"
        )]
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn import_of(&self, path: &Path) -> ImportFile {
        ImportFile {
            target: ImportTarget {
                project_id: self.project.clone(),
                source: ImportSource::Id(self.source.clone()),
                key_columns: Vec::new(),
                always: false,
                typing: Default::default(),
                renames: Vec::new(),
            },
            file: InputFile {
                path: path.to_owned(),
                ..InputFile::default()
            },
            file_name: path.file_name().unwrap().to_string_lossy().into_owned(),
            naming: TableNaming::default(),
        }
    }

    pub async fn run(&self, job: ImportFile) -> Finished<Imported> {
        run_foreground(
            &self.manager,
            job,
            Some(self.project.clone()),
            Observer::default(),
        )
        .await
        .unwrap()
    }

    /// Imports a file with these bytes, which succeeds.
    pub async fn import(&self, bytes: impl AsRef<[u8]>) -> Imported {
        let path = self.write("input.csv", bytes);
        self.run(self.import_of(&path)).await.outcome.unwrap()
    }

    /// The rows of a snapshot as text, cells joined by `|`, NULL as `-`.
    pub async fn rows(&self, snapshot_id: &str) -> Vec<String> {
        let id = snapshot_id.to_owned();
        let read = move |connection: &rusqlite::Connection| {
            let snapshot = rows::snapshot(connection, &id)?;
            let mut found = Vec::new();
            rows::read(connection, &snapshot, None, None, |_, row, _| {
                let cells: Vec<String> = (0..snapshot.columns.len())
                    .map(|index| text(row.cell(index)))
                    .collect();
                found.push(cells.join("|"));
                std::ops::ControlFlow::Continue(())
            })?;
            Ok(found)
        };
        RowLog::new(&self.manager)
            .read(&self.project, read)
            .await
            .unwrap()
    }

    pub async fn history(&self) -> Vec<import_history::Model> {
        let by_time =
            import_history::Entity::find().order_by_asc(import_history::Column::StartedAt);
        self.manager
            .project(&self.project)
            .await
            .unwrap()
            .all(by_time)
            .await
            .unwrap()
    }

    /// Everything that a reader of the project could see, so that two states can be compared.
    pub fn dump(&self) -> Vec<String> {
        let connection = rusqlite::Connection::open_with_flags_and_vfs(
            self.spoke(),
            rusqlite::OpenFlags::default(),
            manifold_store::vfs(),
        )
        .unwrap();
        let mut tables: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let apart = ["job_cursors", "project", "import_history"];
        tables.retain(|name| !name.starts_with("sqlite_") && !apart.contains(&name.as_str()));
        let mut dump = Vec::new();
        for table in tables {
            let mut statement = connection
                .prepare(&format!("SELECT * FROM {table}"))
                .unwrap();
            let names = statement.column_names();
            // Counters rise, whatever is taken back; a status says how the last import went.
            let shown: Vec<usize> = (0..names.len())
                .filter(|index| !names[*index].starts_with("next_") && names[*index] != "status")
                .collect();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let cells: Vec<_> = shown
                    .iter()
                    .map(|index| format!("{:?}", row.get_ref(*index).unwrap()))
                    .collect();
                dump.push(format!("{table}: {}", cells.join(", ")));
            }
        }
        dump
    }
}

pub async fn open(folder: &Path) -> Arc<SqliteManager> {
    SqliteManager::open(Layout::new(folder.join("data")), StoreOptions::default())
        .await
        .unwrap()
}

fn text(cell: rows::Cell<'_>) -> String {
    match cell {
        rows::Cell::Null => "-".to_owned(),
        rows::Cell::Int(value) => value.to_string(),
        rows::Cell::Real(value) => value.to_string(),
        rows::Cell::Text(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        rows::Cell::Blob(bytes) => format!("{bytes:x?}"),
    }
}

/// A job that does what a test wants.
#[derive(Debug, Serialize, Deserialize)]
pub enum Try {
    Answer(i64),
    Fail,
    Panic,
    /// Waits until it is to stop.
    Wait,
    /// Says so many lines.
    Say(usize),
}

impl Job for Try {
    const KIND: &'static str = "try";

    type Output = i64;

    async fn run(&self, context: &JobContext) -> Result<i64, JobError> {
        match self {
            Self::Answer(number) => Ok(*number),
            Self::Fail => Err(JobError::Failed {
                code: "tried",
                message: "it was tried".to_owned(),
            }),
            Self::Panic => panic!("number {}", 7),
            Self::Wait => {
                context.cancel().cancelled().await;
                Err(JobError::Cancelled)
            }
            Self::Say(lines) => {
                for line in 0..*lines {
                    context.log(entity_core::enums::LogLevel::Info, format!("line {line}"));
                }
                Ok(0)
            }
        }
    }
}

pub fn new_job(project: Option<&ProjectId>) -> NewJob {
    NewJob {
        project_id: project.cloned(),
        ..NewJob::new("try", serde_json::json!({ "n": 1 }))
    }
}

/// Writes a job down, without doing it.
pub async fn enqueue(manager: &Arc<SqliteManager>) -> JobId {
    let new = new_job(None);
    let id = new.id.clone();
    let transaction = manager.core().begin().await.unwrap();
    Jobs::new(manager).enqueue(&transaction, new).await.unwrap();
    transaction.commit().await.unwrap();
    id
}

/// The states of a job and of its attempts.
pub async fn states(jobs: &Jobs, id: &JobId) -> (JobState, Vec<ExecutionState>) {
    let executions = jobs.executions(id).await.unwrap();
    let states = executions
        .into_iter()
        .map(|execution| execution.state)
        .collect();
    (jobs.find(id.as_str()).await.unwrap().state, states)
}
