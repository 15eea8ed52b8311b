//! `manifold export`

mod destination;
mod meter;
mod snapshot;

use std::sync::Arc;

use clap::{Args, ValueEnum};
use manifold_store::sandbox::Parameters;
use manifold_store::{ProjectId, Projects, SqliteManager, UserQuery};
use serde_json::{Map, json};

use self::destination::Destination;
use self::meter::Metered;
use super::query;
use crate::command_error::CommandError;
use crate::results::{self, Columns, Format};
use crate::session::Session;
use crate::shapes::snapshot::SnapshotShape;
use crate::table::printable;
use crate::units::{count, size};

/// What to export, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold export aviation --source planes --to planes.csv
  manifold export aviation --source planes --snapshot planes@1 --original --to planes.csv
  manifold export aviation --sql 'SELECT * FROM flights WHERE dest = ''SFO''' --to sfo.csv
  manifold export aviation --source planes --to - | head

The file appears complete or not at all. --original writes the bytes that were imported, and checks that they are.")]
pub(crate) struct ExportArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The source to export: its id, its name, or the beginning of its id
    #[arg(long, required_unless_present = "sql", conflicts_with = "sql")]
    source: Option<String>,
    /// The snapshot of the source: SOURCE@N, its id, or the beginning of its id [default: the latest]
    #[arg(long, requires = "source", conflicts_with = "sql")]
    snapshot: Option<String>,
    /// One SELECT whose rows are exported
    #[arg(long, value_name = "SELECT")]
    sql: Option<String>,
    /// The file to write, or `-` for stdout
    #[arg(long, value_name = "PATH")]
    to: Destination,
    /// The format of the file
    #[arg(long, default_value = "csv")]
    format: ExportFormat,
    /// Write the very bytes that were imported
    #[arg(long, requires = "source", conflicts_with = "sql")]
    original: bool,
}

/// The formats that can be written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ExportFormat {
    /// RFC 4180: NULL is an empty cell, empty text is ""
    Csv,
}

/// What is exported.
enum Rows {
    Snapshot(SnapshotShape),
    Query(String),
}

/// Exports rows.
pub(crate) async fn run(arguments: ExportArgs, session: &Session) -> anyhow::Result<()> {
    let ExportFormat::Csv = arguments.format;
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(&arguments.project).await?)?;
    let wanted = match (arguments.source, arguments.sql) {
        (Some(source), _) => Rows::Snapshot(
            snapshot::find(&store, &project, &source, arguments.snapshot.as_deref()).await?,
        ),
        (None, sql) => Rows::Query(sql.unwrap_or_default()),
    };
    let to = arguments.to;
    to.confirm_replacing(session).await?;
    let work = session.stoppable();
    let (out, file) = to.open()?;
    let (out, meter) = Metered::new(out, work.token());
    let written = match &wanted {
        Rows::Snapshot(wanted) if arguments.original => {
            let written = snapshot::write_original(&store, &project, wanted, out, &meter).await;
            written.map(|()| wanted.row_count.unsigned_abs())
        }
        Rows::Snapshot(wanted) => {
            let written = snapshot::write_csv(&store, &project, wanted, out).await;
            written.map(|()| wanted.row_count.unsigned_abs())
        }
        Rows::Query(sql) => write_query(&store, &project, sql, out, session).await,
    };
    let rows = written.map_err(|error| {
        if work.token().is_cancelled() {
            CommandError::Stopped.into()
        } else {
            to.named(error)
        }
    })?;
    manifold_store::fail_point!("export-written");
    if let Some(file) = file {
        file.commit()?;
    }
    let (snapshot_id, what) = match &wanted {
        Rows::Snapshot(wanted) => (Some(wanted.id.as_str()), printable(&wanted.reference())),
        Rows::Query(_) => (None, "the query".to_owned()),
    };
    let Destination::File(path) = &to else {
        return Ok(());
    };
    let document = json!({ "export": {
        "path": path.display().to_string(),
        "format": "csv",
        "original": arguments.original,
        "snapshot_id": snapshot_id,
        "rows": rows,
        "size_bytes": meter.bytes(),
    }});
    session.output().confirm(&document, || {
        let rows = count(i64::try_from(rows).unwrap_or(i64::MAX), "row");
        let path = printable(&path.display().to_string());
        format!(
            "Exported {rows} of {what} to {path} ({}).",
            size(meter.bytes())
        )
    })?;
    Ok(())
}

/// Writes the rows of a query; returns how many.
async fn write_query(
    store: &Arc<SqliteManager>,
    project: &ProjectId,
    sql: &str,
    out: Metered,
    session: &Session,
) -> anyhow::Result<u64> {
    let statement = UserQuery {
        sql: sql.to_owned(),
        parameters: Parameters::default(),
        limit: None,
        timeout: None,
    };
    let writer = results::writer(Format::Csv, Columns::Names, Box::new(out));
    let (done, writer) = query::select(store, project, statement, writer, session).await?;
    writer.finish(Map::new())?;
    Ok(done.finished.rows)
}
