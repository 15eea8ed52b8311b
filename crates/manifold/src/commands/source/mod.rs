//! `manifold source`

mod create;
mod delete;
mod index;
mod secret;
mod trash;
mod undelete;
mod update;

use std::sync::Arc;

use clap::Subcommand;
use entity_project::data_sources;
use manifold_store::{DataSources, ProjectId, Projects, Snapshots, SqliteManager, StoreError};
use serde_json::json;

use self::create::CreateArgs;
use self::delete::DeleteArgs;
use self::index::IndexCommand;
use self::secret::SecretCommand;
use self::trash::TrashCommand;
use self::undelete::UndeleteArgs;
use self::update::UpdateArgs;
use crate::session::Session;
use crate::shapes::source::SourceShape;

/// What to do with sources.
#[derive(Debug, Subcommand)]
pub(crate) enum SourceCommand {
    /// Make a source
    Create(CreateArgs),
    /// List the sources of a project
    List {
        /// The project: its id, its name, or the beginning of its id
        project: String,
    },
    /// Show a source
    Show {
        /// The project: its id, its name, or the beginning of its id
        project: String,
        /// The source: its id, its name, or the beginning of its id
        source: String,
    },
    /// Change a source: its name, description, config or key; enable or disable it
    Update(UpdateArgs),
    /// Move a source into the trash of its project
    Delete(DeleteArgs),
    /// Take a source out of the trash of its project
    Undelete(UndeleteArgs),
    /// What was deleted: list, empty
    #[command(subcommand)]
    Trash(TrashCommand),
    /// Indexes on the rows of a source: add, list, drop
    #[command(subcommand)]
    Index(IndexCommand),
    /// Secrets that the configs of sources refer to: set, unset, list
    #[command(subcommand)]
    Secret(SecretCommand),
}

impl SourceCommand {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::List { .. }
                | Self::Show { .. }
                | Self::Index(IndexCommand::List { .. })
                | Self::Trash(TrashCommand::List { .. })
                | Self::Secret(SecretCommand::List)
        )
    }
}

/// Runs a verb.
pub(crate) async fn run(command: SourceCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        SourceCommand::Create(arguments) => create::run(arguments, session).await,
        SourceCommand::List { project } => list(&project, session).await,
        SourceCommand::Show { project, source } => show(&project, &source, session).await,
        SourceCommand::Index(command) => index::run(command, session).await,
        SourceCommand::Update(arguments) => update::run(arguments, session).await,
        SourceCommand::Delete(arguments) => delete::run(arguments, session).await,
        SourceCommand::Undelete(arguments) => undelete::run(arguments, session).await,
        SourceCommand::Trash(command) => trash::run(command, session).await,
        SourceCommand::Secret(command) => secret::run(command, session).await,
    }
}

async fn list(project: &str, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(project).await?)?;
    let mut found = Vec::new();
    for row in DataSources::new(store.clone()).list(&project).await? {
        found.push(shape(row, &project, &store).await?);
    }
    let output = session.output();
    output.show(&json!({ "sources": found }), || SourceShape::table(&found))?;
    if found.is_empty() {
        output.note("There is no source yet; `manifold import FILE --project PROJECT` makes one.");
    }
    Ok(())
}

async fn show(project: &str, source: &str, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(project).await?)?;
    let found = DataSources::new(store.clone())
        .find(&project, source)
        .await?;
    let found = shape(found, &project, &store).await?;
    session
        .output()
        .show(&json!({ "source": found }), || found.fields())?;
    Ok(())
}

async fn shape(
    row: data_sources::Model,
    project: &ProjectId,
    store: &Arc<SqliteManager>,
) -> Result<SourceShape, StoreError> {
    let snapshots = Snapshots::new(store.clone());
    let latest = match snapshots.find(project, &format!("{}@latest", row.id)).await {
        Ok(latest) => Some(latest.snapshot.id),
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    Ok(SourceShape::new(row, project.as_str(), latest))
}
