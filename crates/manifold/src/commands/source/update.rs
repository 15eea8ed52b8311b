//! `manifold source update`

use clap::Args;
use manifold_jobs::origin;
use manifold_store::{DataSources, Projects, SourceChange};
use serde_json::{Value as Json, json};

use super::{create, shape};
use crate::session::Session;
use crate::table::printable;

/// Which source, and what changes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold source update aviation planes --name aircraft
  manifold source update aviation weather --config '{\"url\": \"https://example.com/w2.csv\"}'
  manifold source update aviation weather --description \"\"        take the description away
  manifold source update aviation planes --key tailnum
  manifold source update aviation planes --no-typing           the next import finds types again
  manifold source update aviation planes --disable             imports into it are refused

What is not named stays as it is, and so do the rows. The view in SQL has the new name at once. A later import of \
`planes.csv` goes into aircraft only with `--source aircraft`. A key says which rows of two versions are the same one: \
the next import compares by it, snapshots that are there stay as they are.")]
pub(crate) struct UpdateArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The source: its id, its name, or the beginning of its id
    source: String,
    #[command(flatten)]
    change: ChangeArgs,
}

/// What changes.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct ChangeArgs {
    /// Its name, unique in its project without regard to case
    #[arg(long)]
    name: Option<String>,
    /// What it is for; an empty one takes the description away
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// How to reach its rows, as a JSON object; secrets only as ${env:NAME} or ${secret:NAME}
    #[arg(long, value_name = "JSON", value_parser = create::object)]
    config: Option<Json>,
    /// The columns that together identify a row; they must tell all rows of the latest snapshot apart
    #[arg(long, value_name = "COL", value_delimiter = ',')]
    key: Vec<String>,
    /// Identify rows by their content
    #[arg(long, conflicts_with = "key")]
    no_key: bool,
    /// Forget what imports were told of its columns with --null, --type and --date-order
    #[arg(long)]
    no_typing: bool,
    /// Take imports again
    #[arg(long)]
    enable: bool,
    /// Take no imports; what is there stays and can be read
    #[arg(long, conflicts_with = "enable")]
    disable: bool,
}

/// Makes a source something else.
pub(super) async fn run(arguments: UpdateArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(&arguments.project).await?)?;
    let sources = DataSources::new(store.clone());
    let found = sources.find(&project, &arguments.source).await?;
    let ChangeArgs {
        name,
        description,
        config,
        key,
        no_key,
        no_typing,
        enable,
        disable,
    } = arguments.change;
    if let Some(config) = &config {
        origin::check(&found.name, found.r#type, config)?;
    }
    let change = SourceChange {
        name,
        description,
        config,
        key_columns: (no_key || !key.is_empty()).then_some(key),
        enabled: (enable || disable).then_some(enable),
        forget_typing: no_typing,
    };
    let updated = sources.update(&project, &found.id.parse()?, change).await?;
    let updated = shape(updated, &project, &store).await?;
    session
        .output()
        .confirm(&json!({ "source": updated }), || {
            let (before, now) = (printable(&found.name), printable(&updated.name));
            if before == now {
                format!("Updated the source {now}.")
            } else {
                format!("Renamed the source {before} to {now}.")
            }
        })?;
    Ok(())
}
