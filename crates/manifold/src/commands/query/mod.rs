//! `manifold query`

mod sink;
mod text;
mod union;

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
use crate::command_error::CommandError;
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
  manifold query --all-projects 'SELECT count(*) AS planes FROM planes'

The sources of the project are tables: planes is its latest snapshot, \"planes@1\" its first, \
\"planes@2026-11-01\" the latest of that day (UTC). Text stands in 'single quotes', names in \"double quotes\".

One SELECT is run, and nothing can be changed by it. A value of --param that looks like a number is one; compare \
a column of text with CAST(:name AS TEXT). A table shows 200 rows unless --limit says otherwise.

With --all-projects the statement runs on every project, and each row begins with the name of its project. The rows \
come project by project, in the order of their names; --limit and --timeout are those of the whole. A project that \
cannot answer, or answers with other columns than the first one, is left out with a warning.")]
#[command(
    override_usage = "manifold query [OPTIONS] <PROJECT> <SQL>\n       manifold query [OPTIONS] --all-projects <SQL>"
)]
pub(crate) struct QueryArgs {
    /// The project: its id, its name, or the beginning of its id
    #[arg(required_unless_present = "all_projects")]
    project: Option<String>,
    /// The statement, or `-` to read it from stdin
    #[arg(required_unless_present_any = ["file", "all_projects"], conflicts_with = "file")]
    sql: Option<String>,
    /// Run it on every project
    #[arg(long)]
    all_projects: bool,
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

/// How a query ended, on one project or all.
struct Ended {
    rows: u64,
    truncated: bool,
    elapsed: Duration,
    warnings: Vec<String>,
}

/// Warnings on a terminal; `--json` has all of them.
const SHOWN_WARNINGS: usize = 20;

/// Runs the statement and writes its rows.
pub(crate) async fn run(arguments: QueryArgs, session: &Session) -> anyhow::Result<()> {
    let (project, sql) = arguments.project_and_sql()?;
    let sql = text::read(sql, arguments.file).await?;
    let store = session.store().await?;
    let format = Format::chosen(arguments.format, session.output());
    let query = UserQuery {
        sql,
        parameters: parameters(&arguments.param)?,
        limit: format.limit(arguments.limit),
        timeout: Some(arguments.timeout).filter(|timeout| !timeout.is_zero()),
    };
    let writer = writer(format, Columns::NamesAndTypes, data_stream());
    let (ended, writer) = match project {
        Some(project) => {
            let project = Projects::id(&Projects::new(&store).find(&project).await?)?;
            let (done, writer) = select(&store, &project, query, writer, session).await?;
            (Ended::of(&done), writer)
        }
        None => {
            let (done, writer) = union::select(&store, query, writer, session).await?;
            let ended = Ended {
                rows: done.rows,
                truncated: done.truncated,
                elapsed: done.elapsed,
                warnings: union::warnings(&done),
            };
            (ended, writer)
        }
    };
    ended.finish(writer, session)
}

impl QueryArgs {
    /// The project, none for all, and the statement, if it is not in a file. The first argument is the
    /// statement when no project is to be named.
    fn project_and_sql(&self) -> Result<(Option<String>, Option<String>), CommandError> {
        if !self.all_projects {
            return Ok((self.project.clone(), self.sql.clone()));
        }
        let message = match (&self.project, &self.sql, &self.file) {
            (Some(_), Some(_), _) => "with --all-projects no project is named",
            (Some(_), None, Some(_)) => "with --all-projects and --file there is no other argument",
            (None, _, None) => "--all-projects needs a statement",
            (statement, ..) => return Ok((None, statement.clone())),
        };
        Err(CommandError::Usage {
            message: message.to_owned(),
        })
    }
}

impl Ended {
    fn of(done: &QueryDone) -> Self {
        Self {
            rows: done.finished.rows,
            truncated: done.finished.truncated,
            elapsed: done.finished.elapsed,
            warnings: done.odd_cells.iter().map(odd_cells).collect(),
        }
    }

    /// Writes what follows the rows, and says what people should know of them.
    fn finish(self, writer: Box<dyn RowWriter>, session: &Session) -> anyhow::Result<()> {
        let mut trailer = Map::new();
        trailer.insert("truncated".to_owned(), Json::from(self.truncated));
        trailer.insert("warnings".to_owned(), json!(self.warnings));
        trailer.insert("elapsed_ms".to_owned(), json!(self.elapsed.as_millis()));
        writer.finish(trailer)?;
        let output = session.output();
        if self.truncated {
            let rows = number(i64::try_from(self.rows).unwrap_or(i64::MAX));
            output.note(&format!(
                "There are more rows than these {rows}; --limit N shows more of them."
            ));
        }
        for warning in self.warnings.iter().take(SHOWN_WARNINGS) {
            output.note(&format!("warning: {}", printable(warning)));
        }
        match self.warnings.len().saturating_sub(SHOWN_WARNINGS) {
            0 => {}
            more => output.note(&format!("warning: {more} more; --json lists them all")),
        }
        Ok(())
    }
}

/// Runs a statement; its rows go to `writer`, which is not finished yet.
async fn select(
    store: &Arc<SqliteManager>,
    project: &ProjectId,
    query: UserQuery,
    writer: Box<dyn RowWriter>,
    session: &Session,
) -> anyhow::Result<(QueryDone, Box<dyn RowWriter>)> {
    let queries = UserQueries::new(store);
    let types = queries.column_types(project).await?;
    let (cancel, _watch) = cancel_on_interrupt(session);
    let ran = queries
        .run(project, query, cancel, QuerySink::new(writer, types))
        .await;
    let (done, sink) = ran.map_err(|error| session.stopped_or(error))?;
    Ok((done, sink.writer()?))
}

/// A flag that the first Ctrl-C sets, while what is returned beside it exists.
fn cancel_on_interrupt(session: &Session) -> (Arc<AtomicBool>, AbortOnDropHandle<()>) {
    let cancel = Arc::new(AtomicBool::new(false));
    let flag = cancel.clone();
    let work = session.stoppable();
    let watch = tokio::spawn(async move {
        work.token().cancelled().await;
        flag.store(true, Ordering::Relaxed);
    });
    (cancel, AbortOnDropHandle::new(watch))
}

fn parameters(given: &[(String, String)]) -> Result<Parameters, ParameterError> {
    let mut parameters = Parameters::default();
    for (name, value) in given {
        parameters.insert(name, value)?;
    }
    Ok(parameters)
}

fn odd_cells(odd: &OddCells) -> String {
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
