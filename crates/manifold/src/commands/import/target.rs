//! Where files are imported to: a project and its sources, made if need be.

use std::sync::Arc;

use entity_project::data_sources;
use manifold_store::{
    DataSources, NewProject, NewSource, ProjectId, Projects, SourceId, SqliteManager, StoreError,
    name,
};

use super::ImportArgs;

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
            Ok(row) => Ok(Self::Project(Project {
                id: Projects::id(&row)?,
                name: row.name,
            })),
            Err(StoreError::NotFound { .. }) if arguments.create_project => {
                Ok(Self::New(name::check("project", &arguments.project)?))
            }
            Err(error) => Err(error),
        }
    }

    /// The project, made if it does not exist.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub(super) async fn project_or_create(
        self,
        store: &Arc<SqliteManager>,
    ) -> Result<Project, StoreError> {
        let new = match self {
            Self::Project(project) => return Ok(project),
            Self::New(name) => NewProject {
                name,
                description: None,
            },
        };
        let projects = Projects::new(store);
        let row = match projects.create(new).await {
            // Another process was faster.
            Err(StoreError::NameTaken { id, .. }) => projects.find(&id).await?,
            made => made?,
        };
        Ok(Project {
            id: Projects::id(&row)?,
            name: row.name,
        })
    }
}

impl Project {
    /// The source with this exact name, the only one with it in another case, or the one with it as its id.
    /// (Not the one whose id begins with it: a file called `0.csv` is no version of whatever that is.)
    ///
    /// # Errors
    /// [`StoreError::Ambiguous`]; others by meaning.
    pub(super) async fn source(
        &self,
        store: &Arc<SqliteManager>,
        wanted: &str,
    ) -> Result<Option<data_sources::Model>, StoreError> {
        let all = DataSources::new(store.clone()).list(&self.id).await?;
        let named = |test: &dyn Fn(&data_sources::Model) -> bool| -> Vec<_> {
            all.iter().filter(|source| test(source)).cloned().collect()
        };
        let mut found = named(&|source| source.name == wanted);
        if found.is_empty() {
            found = named(&|source| source.name_fold == name::fold(wanted));
        }
        if found.is_empty() {
            found = named(&|source| source.id == wanted);
        }
        if found.len() > 1 {
            let candidates = found
                .iter()
                .map(|source| format!("{} ({})", source.id, source.name))
                .collect();
            return Err(StoreError::Ambiguous {
                what: "source",
                name: wanted.to_owned(),
                candidates,
            });
        }
        Ok(found.pop())
    }

    /// The source by this name, made if it does not exist.
    ///
    /// # Errors
    /// As [`Self::source`].
    pub(super) async fn source_or_create(
        &self,
        store: &Arc<SqliteManager>,
        wanted: &str,
        key: &[String],
    ) -> anyhow::Result<SourceId> {
        let source = match self.source(store, wanted).await? {
            Some(source) => source,
            None => self.create_source(store, wanted, key).await?,
        };
        Ok(source.id.parse()?)
    }

    async fn create_source(
        &self,
        store: &Arc<SqliteManager>,
        wanted: &str,
        key: &[String],
    ) -> Result<data_sources::Model, StoreError> {
        let sources = DataSources::new(store.clone());
        let new = NewSource {
            key_columns: key.to_owned(),
            ..NewSource::file(wanted)
        };
        match sources.create(&self.id, new).await {
            // Another process was faster.
            Err(StoreError::NameTaken { id, .. }) => sources.find(&self.id, &id).await,
            made => made,
        }
    }
}
