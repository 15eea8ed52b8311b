//! `manifold query`

pub(super) mod sink;
mod text;
mod types;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use manifold_store::sandbox::{ParameterError, Parameters};
use manifold_store::{
    OddCells, ProjectId, Projects, QueryDone, SqliteManager, UserQueries, UserQuery,
};
use serde_json::{Map, Value as Json, json};
use tokio_util::task::AbortOnDropHandle;

use self::sink::QuerySink;
use crate::output::data_stream;
use crate::results::{Columns, Format, RowWriter, writer};
use crate::session::Session;
use crate::table::printable;
use crate::units::number;

/// What to ask.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold query aviation 'SELECT * FROM planes LIMIT 10'
  manifold query aviation 'SELECT count(*) FROM \"flights@1\" WHERE dest = :to' --param to=SFO
  manifold query aviation --file delays.sql --format csv > delays.csv
  echo 'SELECT 1' | manifold query aviation -

The sources of the project are tables: planes is its latest snapshot, \"planes@1\" its first, \
\"planes@2026-11-01\" the latest of that day (UTC). Text stands in 'single quotes', names in \"double quotes\".

One SELECT is run, and nothing can be changed by it. A value of --param that looks like a number is one; compare \
a column of text with CAST(:name AS TEXT). A table shows 200 rows unless --limit says otherwise.")]
pub(crate) struct QueryArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The statement, or `-` to read it from stdin
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    sql: Option<String>,
    /// A file with the statement
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A value for the parameter :NAME of the statement
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    param: Vec<(String, String)>,
    /// How to write the rows [default: table, or json with --json]
    #[arg(long)]
    format: Option<Format>,
    /// At most so many rows
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Stop it after so many seconds; 0 lets it run as long as it wants
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    timeout: Duration,
}

/// Runs the statement and writes its rows.
pub(crate) async fn run(arguments: QueryArgs, session: &Session) -> anyhow::Result<()> {
    let sql = text::read(arguments.sql, arguments.file).await?;
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(&arguments.project).await?)?;
    let format = Format::chosen(arguments.format, session.output());
    let query = UserQuery {
        sql,
        parameters: parameters(&arguments.param)?,
        limit: format.limit(arguments.limit),
        timeout: Some(arguments.timeout).filter(|timeout| !timeout.is_zero()),
    };
    let writer = writer(format, Columns::NamesAndTypes, data_stream());
    let (done, writer) = select(&store, &project, query, writer, session).await?;
    let warnings: Vec<_> = done.odd_cells.iter().map(warning).collect();
    let mut trailer = Map::new();
    trailer.insert("truncated".to_owned(), Json::from(done.finished.truncated));
    trailer.insert("warnings".to_owned(), json!(warnings));
    trailer.insert(
        "elapsed_ms".to_owned(),
        json!(done.finished.elapsed.as_millis()),
    );
    writer.finish(trailer)?;
    if done.finished.truncated {
        let rows = number(i64::try_from(done.finished.rows).unwrap_or(i64::MAX));
        session.output().note(&format!(
            "There are more rows than these {rows}; --limit N shows more of them."
        ));
    }
    for warning in &warnings {
        session
            .output()
            .note(&format!("warning: {}", printable(warning)));
    }
    Ok(())
}

/// Runs a statement; its rows go to `writer`, which is not finished yet.
pub(super) async fn select(
    store: &Arc<SqliteManager>,
    project: &ProjectId,
    query: UserQuery,
    writer: Box<dyn RowWriter>,
    session: &Session,
) -> anyhow::Result<(QueryDone, Box<dyn RowWriter>)> {
    let types = types::of_columns(store, project).await?;
    let work = session.stoppable();
    let cancel = Arc::new(AtomicBool::new(false));
    let (token, flag) = (work.token(), cancel.clone());
    let _watch = AbortOnDropHandle::new(tokio::spawn(async move {
        token.cancelled().await;
        flag.store(true, Ordering::Relaxed);
    }));
    let ran = UserQueries::new(store)
        .run(project, query, cancel, QuerySink::new(writer, types))
        .await;
    let (done, sink) = ran.map_err(|error| session.stopped_or(error))?;
    Ok((done, sink.writer()?))
}

fn parameters(given: &[(String, String)]) -> Result<Parameters, ParameterError> {
    let mut parameters = Parameters::default();
    for (name, value) in given {
        parameters.insert(name, value)?;
    }
    Ok(parameters)
}

fn warning(odd: &OddCells) -> String {
    let cells = if odd.count == 1 {
        "1 cell that is".to_owned()
    } else {
        format!("{} cells that are", number(odd.count))
    };
    format!(
        "{}.{} has {cells} not {}; compared as text, they may change the result",
        odd.view, odd.column, odd.column_type
    )
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse::<f64>()
        .map_err(|_| "it is a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
