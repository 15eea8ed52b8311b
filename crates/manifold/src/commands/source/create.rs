//! `manifold source create`

use clap::{Args, ValueEnum};
use entity_project::enums::SourceType;
use manifold_jobs::origin;
use manifold_store::{DataSources, NewSource, Projects};
use serde_json::{Value as Json, json};

use crate::session::Session;
use crate::shapes::source::SourceShape;

/// What the source is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold source create aviation planes --type file --key tailnum
  manifold source create aviation weather --type http --config '{\"url\": \"https://example.com/w.csv\"}'
  manifold source create shop orders --type http --key id --config \"$(cat orders.json)\"

docs/SOURCES.md says what a config may hold. `manifold import` makes the sources of files by itself.")]
pub(crate) struct CreateArgs {
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

/// Makes a source.
pub(super) async fn run(arguments: CreateArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::new(&store).find(&arguments.project).await?;
    let project = Projects::id(&project)?;
    let source_type = arguments.r#type.into();
    origin::check(&arguments.name, source_type, &arguments.config)?;
    let new = NewSource {
        name: arguments.name,
        description: None,
        source_type,
        config: arguments.config,
        key_columns: arguments.key,
    };
    let made = DataSources::new(store).create(&project, new).await?;
    let made = SourceShape::new(made, project.as_str(), None);
    session.output().confirm(&json!({ "source": made }), || {
        format!("Made the source {} ({}).", made.name, made.id)
    })?;
    Ok(())
}

pub(super) fn object(text: &str) -> Result<Json, String> {
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
