//! Where files are imported to: a project, made if need be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use entity_core::projects;
use manifold_store::{
    DatabaseManager as _, NewProject, ProjectDatabase, ProjectDraft, ProjectId, Projects,
    Snapshots, SqliteManager, StoreError, name,
};

use super::ImportArgs;
use super::input::Input;

/// How long another process that makes the same project is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks at what it does.
const PAUSE: Duration = Duration::from_millis(20);

/// A project that exists.
#[derive(Debug, Clone)]
pub(super) struct Project {
    pub(super) id: ProjectId,
    pub(super) name: String,
}

/// The project that was named, if it exists.
#[derive(Debug)]
pub(super) enum Target {
    /// It exists.
    Project(Project),
    /// It is to be made, by this name.
    New(String),
}

impl Target {
    /// Looks for the project.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] unless it may be made; [`StoreError::InvalidName`] when it cannot be.
    pub(super) async fn find(
        store: &Arc<SqliteManager>,
        arguments: &ImportArgs,
    ) -> Result<Self, StoreError> {
        match Projects::new(store).find(&arguments.project).await {
            Ok(row) => Ok(Self::Project(Project::try_from(&row)?)),
            Err(StoreError::NotFound { .. }) if arguments.create_project => {
                Ok(Self::New(name::check("project", &arguments.project)?))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the file may be the one of the latest snapshot of its source: it is as large, and nothing new
    /// is said of how it is read.
    pub(super) async fn may_have(
        &self,
        input: &Input,
        arguments: &ImportArgs,
        store: &Arc<SqliteManager>,
    ) -> bool {
        let Self::Project(project) = self else {
            return false;
        };
        let is_read_anew = arguments.always || arguments.dry_run || arguments.detach;
        if is_read_anew || !arguments.typing.typing().is_empty() {
            return false;
        }
        let Ok(found) = std::fs::metadata(&input.file.path) else {
            return false;
        };
        let latest = format!("{}@latest", input.source);
        let snapshots = Snapshots::new(store.clone());
        let Ok(latest) = snapshots.find(&project.id, &latest).await else {
            return false;
        };
        let is_key = arguments.key.is_empty() || arguments.key == latest.source.key_columns.0;
        let size = u64::try_from(latest.snapshot.input_bytes);
        is_key && found.is_file() && size == Ok(found.len())
    }

    /// The project, made as a draft if it does not exist.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub(super) async fn open(self, store: &Arc<SqliteManager>) -> Result<Opened, StoreError> {
        let name = match self {
            Self::Project(project) => return Ok(Opened::existing(project)),
            Self::New(name) => name,
        };
        let begin = Instant::now();
        loop {
            match Opened::new(store, &name).await {
                // Another process was faster, and is not done yet or has just given up.
                Err(StoreError::NotFound { .. }) if begin.elapsed() < PATIENCE => {
                    tokio::time::sleep(PAUSE).await;
                }
                opened => return opened,
            }
        }
    }
}

/// A project that files are imported to.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) project: Project,
    /// What makes it stay, or go when nothing came into it; none for a project that existed.
    pub(super) draft: Option<ProjectDraft>,
    /// Keeps the draft of another process from going.
    _lease: Option<ProjectDatabase>,
}

impl Opened {
    fn existing(project: Project) -> Self {
        Self {
            project,
            draft: None,
            _lease: None,
        }
    }

    async fn new(store: &Arc<SqliteManager>, name: &str) -> Result<Self, StoreError> {
        let projects = Projects::new(store);
        let new = NewProject {
            name: name.to_owned(),
            description: None,
        };
        match projects.draft(new).await {
            Ok(draft) => Ok(Self {
                project: Project::try_from(draft.project())?,
                draft: Some(draft),
                _lease: None,
            }),
            Err(StoreError::NameTaken { id, .. }) => {
                let project = Project::try_from(&projects.find(&id).await?)?;
                Ok(Self {
                    _lease: Some(store.project(&project.id).await?),
                    ..Self::existing(project)
                })
            }
            Err(error) => Err(error),
        }
    }
}

impl TryFrom<&projects::Model> for Project {
    type Error = StoreError;

    fn try_from(row: &projects::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: Projects::id(row)?,
            name: row.name.clone(),
        })
    }
}
