//! `manifold snapshot rows`

use std::ops::ControlFlow;

use clap::Args;
use manifold_format::UnknownEncoding;
use manifold_store::RowLog;
use manifold_store::rows::{self, Position, Snapshot};
use serde_json::{Map, Value as Json};

use crate::command_error::CommandError;
use crate::output::{OutputError, data_stream};
use crate::results::{Columns, Format, Heading, RowWriter, StoredCells, writer};
use crate::session::Session;

/// Which rows, and how.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold snapshot rows aviation planes@latest
  manifold snapshot rows aviation planes@1 --format csv > planes.csv
  manifold snapshot rows aviation planes@1 --json --limit 100 --after CURSOR

A table shows 200 rows unless --limit says otherwise; the other formats have all of them. \
What comes behind a limit is read with --after and the `next_after` of the page before.")]
pub(crate) struct RowsArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The snapshot: SOURCE@latest, SOURCE@N, its id, or the beginning of its id
    snapshot: String,
    /// At most so many rows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Go on behind this place, which an earlier page ended with
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    after: Option<Position>,
    /// How to write them [default: table, or json with --json]
    #[arg(long)]
    format: Option<Format>,
}

/// Why writing rows ended before the last one.
enum Stopped {
    /// The output is gone or broken.
    Output(OutputError),
    /// The rows were written by a newer version.
    Encoding(UnknownEncoding),
}

/// Writes the rows.
pub(super) async fn run(arguments: RowsArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let (project, found) = super::find(&store, &arguments.project, &arguments.snapshot).await?;
    let format = Format::chosen(arguments.format, session.output());
    let limit = format.limit(arguments.limit);
    let (id, after) = (found.id.clone(), arguments.after);
    let written = RowLog::new(&store)
        .read(&project, move |connection| {
            let snapshot = rows::snapshot(connection, &id)?;
            let mut page = match Page::begin(&snapshot, format, limit) {
                Ok(page) => page,
                Err(stopped) => return Ok(Err(stopped)),
            };
            // One row more than is shown tells whether there is one.
            let wanted = limit.map(|limit| limit.saturating_add(1));
            rows::read(connection, &snapshot, after, wanted, |position, row, _| {
                page.row(position, row)
            })?;
            Ok(page.end())
        })
        .await?;
    let next = match written {
        Ok(next) => next,
        Err(Stopped::Output(error)) => return Err(error.into()),
        Err(Stopped::Encoding(error)) => return Err(CommandError::NewerRows(error).into()),
    };
    if let Some(next) = next {
        session.output().note(&format!(
            "There are more rows; --after {next} shows what comes next."
        ));
    }
    Ok(())
}

/// The rows being written.
struct Page {
    writer: Box<dyn RowWriter>,
    cells: StoredCells,
    left: Option<u64>,
    last: Option<Position>,
    more: bool,
    failed: Option<OutputError>,
}

impl Page {
    fn begin(snapshot: &Snapshot, format: Format, limit: Option<u64>) -> Result<Self, Stopped> {
        let cells =
            StoredCells::new(&snapshot.columns, format.is_text()).map_err(Stopped::Encoding)?;
        let mut writer = writer(format, Columns::Names, data_stream());
        let headings = snapshot.columns.iter().map(|column| Heading {
            name: column.name.clone(),
            kind: Some(column.column_type.clone()),
        });
        writer
            .columns(headings.collect())
            .map_err(Stopped::Output)?;
        Ok(Self {
            writer,
            cells,
            left: limit,
            last: None,
            more: false,
            failed: None,
        })
    }

    fn row(&mut self, position: Position, row: &rows::StoredRow<'_>) -> ControlFlow<()> {
        if self.left == Some(0) {
            self.more = true;
            return ControlFlow::Break(());
        }
        self.left = self.left.map(|left| left - 1);
        self.last = Some(position);
        match self.writer.row(&self.cells.values(row.cells())) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Ends the output; returns where the next page begins, if there is one.
    fn end(self) -> Result<Option<Position>, Stopped> {
        if let Some(error) = self.failed {
            return Err(Stopped::Output(error));
        }
        let next = self.last.filter(|_| self.more);
        let mut trailer = Map::new();
        trailer.insert(
            "next_after".to_owned(),
            next.map_or(Json::Null, |next| next.to_string().into()),
        );
        self.writer.finish(trailer).map_err(Stopped::Output)?;
        Ok(next)
    }
}
