//! `manifold import-history`

use clap::Args;
use manifold_store::{DataSources, ImportFilter, ImportHistory, Projects, StoreError};
use serde_json::json;

use crate::session::Session;
use crate::shapes::import::ImportShape;

/// Lines shown if nobody says how many.
const LINES: u64 = 100;

/// Which imports.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold import-history
  manifold import-history aviation --source planes --limit 5")]
pub(crate) struct ImportHistoryArgs {
    /// Only imports into this project: its id, its name, or the beginning of its id
    project: Option<String>,
    /// Only imports into this source: its id, its name, or the beginning of its id
    #[arg(long)]
    source: Option<String>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = LINES)]
    limit: u64,
}

/// Lists imports, newest first.
pub(crate) async fn run(arguments: ImportHistoryArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = match &arguments.project {
        Some(project) => Some(Projects::id(&Projects::new(&store).find(project).await?)?),
        None => None,
    };
    let source = match (&project, arguments.source) {
        (Some(project), Some(source)) => {
            match DataSources::new(store.clone()).find(project, &source).await {
                Ok(found) => Some(found.id),
                // A source that was deleted still has a history.
                Err(StoreError::NotFound { .. }) => Some(source),
                Err(error) => return Err(error.into()),
            }
        }
        (_, source) => source,
    };
    let filter = ImportFilter {
        project,
        source,
        limit: Some(arguments.limit),
    };
    let found = ImportHistory::new(store).list(&filter).await?;
    let found: Vec<_> = found.into_iter().map(ImportShape::from).collect();
    let output = session.output();
    output.show(&json!({ "imports": found }), || ImportShape::table(&found))?;
    if found.is_empty() {
        output.note("Nothing was imported yet; `manifold import FILE --project PROJECT` does.");
    }
    Ok(())
}
