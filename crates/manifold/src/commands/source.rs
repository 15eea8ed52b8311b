//! `manifold source`

mod index;

use clap::{Subcommand, ValueEnum};
use entity_project::data_sources;
use entity_project::enums::SourceType;
use manifold_store::{DataSources, NewSource, ProjectId, Projects, Snapshots, StoreError};
use serde_json::{Value as Json, json};

use self::index::IndexCommand;
use crate::session::Session;
use crate::shapes::source::SourceShape;

/// What to do with sources.
#[derive(Debug, Subcommand)]
pub(crate) enum SourceCommand {
    /// Make a source
    #[command(after_help = "\
Examples:
  manifold source create aviation planes --type file --key tailnum
  manifold source create aviation weather --type http --config '{\"url\": \"https://example.com/w.csv\"}'

`manifold import` makes the sources of files by itself.")]
    Create {
        /// The project: its id, its name, or the beginning of its id
        project: String,
        /// The name of the source, unique in its project without regard to case
        name: String,
        /// Where its rows come from
        #[arg(long, value_name = "TYPE")]
        r#type: TypeArgument,
        /// How to reach them, as a JSON object; secrets only as ${env:NAME} or ${secret:NAME}
        #[arg(long, value_name = "JSON", value_parser = object, default_value = "{}", hide_default_value = true)]
        config: Json,
        /// The columns that together identify a row
        #[arg(long, value_name = "COL", value_delimiter = ',')]
        key: Vec<String>,
    },
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
    /// Indexes on the rows of a source: add, list, drop
    #[command(subcommand)]
    Index(IndexCommand),
}

/// Where the rows of a source come from.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum TypeArgument {
    /// Files that are imported
    File,
    /// An address
    Http,
    /// A database server
    Database,
    /// A SQLite file
    Sqlite,
}

impl SourceCommand {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::List { .. } | Self::Show { .. } | Self::Index(IndexCommand::List { .. })
        )
    }
}

/// Runs a verb.
pub(crate) async fn run(command: SourceCommand, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let (projects, sources, snapshots) = (
        Projects::new(&store),
        DataSources::new(store.clone()),
        Snapshots::new(store.clone()),
    );
    let output = session.output();
    match command {
        SourceCommand::Create {
            project,
            name,
            r#type,
            config,
            key,
        } => {
            let project = Projects::id(&projects.find(&project).await?)?;
            let new = NewSource {
                name,
                description: None,
                source_type: r#type.into(),
                config,
                key_columns: key,
            };
            let made =
                SourceShape::new(sources.create(&project, new).await?, project.as_str(), None);
            output.confirm(&json!({ "source": made }), || {
                format!("Made the source {} ({}).", made.name, made.id)
            })?;
        }
        SourceCommand::List { project } => {
            let project = Projects::id(&projects.find(&project).await?)?;
            let mut found = Vec::new();
            for row in sources.list(&project).await? {
                found.push(shape(row, &project, &snapshots).await?);
            }
            output.show(&json!({ "sources": found }), || SourceShape::table(&found))?;
            if found.is_empty() {
                output.note(
                    "There is no source yet; `manifold import FILE --project PROJECT` makes one.",
                );
            }
        }
        SourceCommand::Show { project, source } => {
            let project = Projects::id(&projects.find(&project).await?)?;
            let found = shape(sources.find(&project, &source).await?, &project, &snapshots).await?;
            output.show(&json!({ "source": found }), || found.fields())?;
        }
        SourceCommand::Index(command) => index::run(command, session).await?,
    }
    Ok(())
}

async fn shape(
    row: data_sources::Model,
    project: &ProjectId,
    snapshots: &Snapshots,
) -> Result<SourceShape, StoreError> {
    let latest = match snapshots.find(project, &format!("{}@latest", row.id)).await {
        Ok(latest) => Some(latest.snapshot.id),
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    Ok(SourceShape::new(row, project.as_str(), latest))
}

fn object(text: &str) -> Result<Json, String> {
    match serde_json::from_str(text) {
        Ok(object @ Json::Object(_)) => Ok(object),
        Ok(_) => Err("it is JSON, but no object".to_owned()),
        Err(error) => Err(format!("it is no JSON: {error}")),
    }
}

impl From<TypeArgument> for SourceType {
    fn from(argument: TypeArgument) -> Self {
        match argument {
            TypeArgument::File => Self::File,
            TypeArgument::Http => Self::Http,
            TypeArgument::Database => Self::Database,
            TypeArgument::Sqlite => Self::Sqlite,
        }
    }
}
