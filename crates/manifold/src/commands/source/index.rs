//! `manifold source index`

use clap::{Args, Subcommand};
use manifold_jobs::Progress;
use manifold_store::rows::SourceIndex;
use manifold_store::{DataSources, ProjectId, Projects, SourceId, SourceIndexes};
use serde_json::{Value as Json, json};
use tokio::sync::watch;

use crate::progress;
use crate::session::Session;
use crate::table::{self, Align, printable};

/// What to do with the indexes of a source.
#[derive(Debug, Subcommand)]
pub(crate) enum IndexCommand {
    /// Make an index on columns, which queries that compare them are answered by
    #[command(after_help = "\
Examples:
  manifold source index add aviation planes tailnum
  manifold source index add shop prices country,article

The index covers every snapshot and outlives imports, which take longer with it. When the type of a column changes it \
is made again. One on several columns serves conditions on the first of them, or on all.")]
    Add(IndexArgs),
    /// List the indexes of a source
    List {
        /// The project: its id, its name, or the beginning of its id
        project: String,
        /// The source: its id, its name, or the beginning of its id
        source: String,
    },
    /// Drop an index; queries take longer, nothing else changes
    Drop(IndexArgs),
}

/// Which index.
#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The source: its id, its name, or the beginning of its id
    source: String,
    /// Its columns, in their order
    #[arg(value_name = "COL[,COL]", value_delimiter = ',', required = true)]
    columns: Vec<String>,
}

/// Runs a verb.
pub(super) async fn run(command: IndexCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        IndexCommand::Add(arguments) => change(Change::Add, arguments, session).await,
        IndexCommand::Drop(arguments) => change(Change::Drop, arguments, session).await,
        IndexCommand::List { project, source } => list(&project, &source, session).await,
    }
}

/// What is done with an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Add,
    Drop,
}

async fn change(change: Change, arguments: IndexArgs, session: &Session) -> anyhow::Result<()> {
    let (project, source, name) = find(&arguments.project, &arguments.source, session).await?;
    let indexes = SourceIndexes::new(&session.store().await?);
    let work = session.stoppable();
    let (told, latest) = watch::channel(Progress::step("indexing"));
    let title = format!("index {name}");
    let shown = tokio::spawn(progress::show(title, latest, session.progress()));
    let waiting = |holder: Option<&str>| drop(told.send_replace(Progress::waiting(holder)));
    let (columns, stop) = (arguments.columns, work.token());
    let changed = match change {
        Change::Add => indexes.add(&project, &source, columns, stop, waiting).await,
        Change::Drop => {
            indexes
                .drop(&project, &source, columns, stop, waiting)
                .await
        }
    };
    drop(told);
    drop(shown.await); // it ends with the work; that it could not be shown is no failure
    let index = changed.map_err(|error| session.stopped_or(error))?;
    let document = json!({ "index": shape(&name, &index) });
    session.output().confirm(&document, || {
        let columns = printable(&index.columns.join(", "));
        let done = match change {
            Change::Add => "Made",
            Change::Drop => "Dropped",
        };
        format!("{done} the index of {} on {columns}.", printable(&name))
    })?;
    Ok(())
}

async fn list(project: &str, source: &str, session: &Session) -> anyhow::Result<()> {
    let (project, source, name) = find(project, source, session).await?;
    let indexes = SourceIndexes::new(&session.store().await?);
    let found = indexes.list(&project, &source).await?;
    let shapes: Vec<_> = found.iter().map(|index| shape(&name, index)).collect();
    session
        .output()
        .show(&json!({ "indexes": shapes }), || in_lines(&found))?;
    Ok(())
}

async fn find(
    project: &str,
    source: &str,
    session: &Session,
) -> anyhow::Result<(ProjectId, SourceId, String)> {
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(project).await?)?;
    let source = DataSources::new(store).find(&project, source).await?;
    Ok((project, source.id.parse()?, source.name))
}

fn shape(source: &str, index: &SourceIndex) -> Json {
    json!({ "source": source, "number": index.number, "columns": index.columns, "active": index.active })
}

fn in_lines(indexes: &[SourceIndex]) -> String {
    let header = [
        ("number", Align::Right),
        ("columns", Align::Left),
        ("state", Align::Left),
    ];
    let rows = indexes.iter().map(|index| {
        let state = if index.active {
            "in use"
        } else {
            "waits for its columns"
        };
        let columns = index.columns.join(", ");
        vec![index.number.to_string(), columns, state.to_owned()]
    });
    table::table(&header, rows)
}
