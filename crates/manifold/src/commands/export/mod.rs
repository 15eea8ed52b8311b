//! `manifold export`

mod chosen;
pub(super) mod destination;
mod plan;
mod report;

use clap::{Args, ValueEnum};
use manifold_jobs::export::{
    Course, ExportError, ExportFormat, ExportRequest, FileExport, write_to,
};
use manifold_jobs::jobs::ExportData;
use manifold_store::blocking;
use serde_json::json;

use self::chosen::Chosen;
use self::destination::{Destination, open_stream};
use crate::command_error::CommandError;
use crate::output::{OutputError, data_stream};
use crate::session::Session;
use crate::shapes::job::JobShape;

/// What to export, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold export aviation --source planes --to planes.csv
  manifold export aviation --source planes --snapshot planes@1 --original --to planes.csv
  manifold export aviation --source planes --since planes@1 --to changes.jsonl
  manifold export aviation --sql 'SELECT * FROM flights WHERE dest = ''SFO''' --to s3://bucket/sfo.csv
  manifold export aviation --source planes --to - | head

The format is told by the extension: .csv, .tsv, .json, .jsonl, .sqlite. The file appears complete or not at all, and beside it \
what is in it, as a Frictionless data package: planes.csv.datapackage.json. Imported again it gives the same rows; docs/EXPORT.md \
says what each format keeps.

--since writes what has changed: op is + for a row that is new, - for one that is gone, ~ for one with the same key and other values. \
--original writes the bytes that were imported, and checks that they are.

--to takes a path, `-` for stdout, or an address: s3://bucket/name, gs://bucket/name, az://container/name. Its credentials are taken \
from variables such as AWS_ACCESS_KEY_ID where the job runs, or from secrets with these names.")]
pub(crate) struct ExportArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The source to export: its id, its name, or the beginning of its id
    #[arg(long, required_unless_present = "sql", conflicts_with = "sql")]
    source: Option<String>,
    /// The snapshot of the source: SOURCE@N, its id, or the beginning of its id [default: the latest]
    #[arg(long, requires = "source", conflicts_with = "sql")]
    snapshot: Option<String>,
    /// Only what has changed since this snapshot of the source
    #[arg(long, value_name = "SNAPSHOT", requires = "source", conflicts_with_all = ["sql", "original"])]
    since: Option<String>,
    /// One SELECT whose rows are exported
    #[arg(long, value_name = "SELECT")]
    sql: Option<String>,
    /// The file to write, an address, or `-` for stdout
    #[arg(long, value_name = "PATH|URL")]
    to: String,
    /// The format of the file [default: what its extension says; csv on stdout]
    #[arg(long)]
    format: Option<FormatArgument>,
    /// Write the very bytes that were imported
    #[arg(long, requires = "source", conflicts_with_all = ["sql", "format"])]
    original: bool,
    /// Write no description of the file beside it
    #[arg(long)]
    no_datapackage: bool,
    /// Say how many rows there are, and in which columns, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Only write the job down, for a worker to do
    #[arg(long, conflicts_with = "dry_run")]
    detach: bool,
}

/// The formats that can be written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArgument {
    /// RFC 4180: NULL is an empty cell, empty text is ""
    Csv,
    /// The same with tabs
    Tsv,
    /// One array of objects
    Json,
    /// A JSON object on each line
    Jsonl,
    /// A database with one table
    Sqlite,
}

/// Exports rows.
pub(crate) async fn run(arguments: ExportArgs, session: &Session) -> anyhow::Result<()> {
    let to = Destination::of(&arguments.to)?;
    let format = match arguments.format {
        Some(format) => format.into(),
        None if arguments.original => ExportFormat::Csv, // others are not kept
        None => to.format()?,
    };
    let store = session.store().await?;
    let chosen = Chosen::of(&store, &arguments).await?;
    let request = ExportRequest {
        project_id: chosen.project_id.clone(),
        rows: chosen.rows.clone(),
        format,
    };
    let described = !arguments.no_datapackage && !arguments.original;
    if arguments.dry_run {
        return plan::show(request, &to, &chosen, session).await;
    }
    match &to {
        Destination::Stdout => return to_stdout(&request, session).await,
        Destination::Stream(path) => {
            let out = open_stream(path)?;
            let work = session.stoppable();
            let course = Course::new(work.token(), |_| {});
            let written = write_to(&store, &request, out, &to.shown(), course).await;
            return written.map(drop).map_err(|error| session.stopped_or(error));
        }
        Destination::File(_) | Destination::Remote(_) => {}
    }
    to.confirm_replacing(session).await?;
    let job = ExportData {
        request,
        to: to.location()?,
        described,
        follows: None,
    };
    if session.is_read_only() && arguments.detach {
        return Err(CommandError::ReadOnly.into());
    }
    if session.is_read_only() {
        return without_a_job(job, &to, &chosen, session).await;
    }
    let project = Some(chosen.project_id.clone());
    if arguments.detach {
        let document = |job: &JobShape| json!({ "export": null, "job": job });
        return session.detach(&job, project, document).await;
    }
    let title = format!("export of {}", chosen.what);
    let ran = session.foreground(title, job, project).await?;
    match ran.outcome {
        Ok(exported) => report::done(exported, Some(&ran.job), &to, &chosen, session),
        Err(error) => {
            let document = json!({ "export": null, "job": ran.job });
            session.output().document(&document)?;
            Err(error)
        }
    }
}

/// Writes to stdout. That its reader has gone is no failure.
async fn to_stdout(request: &ExportRequest, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let work = session.stoppable();
    let course = Course::new(work.token(), |_| {});
    match write_to(&store, request, data_stream(), "stdout", course).await {
        Ok(_) => Ok(()),
        Err(ExportError::Output { source, .. }) => Err(OutputError::from(source).into()),
        Err(error) => Err(session.stopped_or(error)),
    }
}

/// Writes a file where no job can be written down.
async fn without_a_job(
    job: ExportData,
    to: &Destination,
    chosen: &Chosen,
    session: &Session,
) -> anyhow::Result<()> {
    let Some(path) = job.to.as_folder() else {
        return Err(CommandError::ReadOnly.into());
    };
    let store = session.store().await?;
    let work = session.stoppable();
    let course = Course::new(work.token(), |_| {});
    let made = FileExport::make(&store, &job.request, path, job.described, course).await;
    let made = made.map_err(|error| session.stopped_or(error))?;
    let exported = blocking(move || made.publish()).await?;
    report::done(exported, None, to, chosen, session)
}

impl From<FormatArgument> for ExportFormat {
    fn from(argument: FormatArgument) -> Self {
        match argument {
            FormatArgument::Csv => Self::Csv,
            FormatArgument::Tsv => Self::Tsv,
            FormatArgument::Json => Self::Json,
            FormatArgument::Jsonl => Self::Jsonl,
            FormatArgument::Sqlite => Self::Sqlite,
        }
    }
}
