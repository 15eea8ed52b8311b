//! `manifold query --all-projects`

use std::ops::ControlFlow;
use std::sync::Arc;

use manifold_format::Value;
use manifold_store::{
    LeftOut, SqliteManager, UnionColumn, UnionDone, UnionSink, UserQueries, UserQuery, WhyLeftOut,
};

use super::sink::{RowValue, value};
use super::{cancel_on_interrupt, odd_cells};
use crate::output::OutputError;
use crate::results::{Heading, RowWriter};
use crate::session::Session;
use crate::units::count;

/// Writes rows with the name of their project before them; keeps the error when the output fails.
struct ProjectRows {
    writer: Box<dyn RowWriter>,
    begun: bool,
    failed: Option<OutputError>,
}

impl ProjectRows {
    fn begin(&mut self, columns: &[UnionColumn]) -> Result<(), OutputError> {
        self.begun = true;
        let project = Heading {
            name: "project".to_owned(),
            kind: Some("text".to_owned()),
        };
        let others = columns.iter().map(|column| Heading {
            name: column.name.clone(),
            kind: column.column_type.clone(),
        });
        self.writer
            .columns(std::iter::once(project).chain(others).collect())
    }

    fn keep(&mut self, written: Result<(), OutputError>) -> ControlFlow<()> {
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

impl UnionSink for ProjectRows {
    fn columns(&mut self, columns: &[UnionColumn]) -> ControlFlow<()> {
        let written = self.begin(columns);
        self.keep(written)
    }

    fn row(&mut self, project: &str, values: &[RowValue<'_>]) -> ControlFlow<()> {
        let project = std::iter::once(Value::Text(project.as_bytes()));
        let row: Vec<_> = project.chain(values.iter().map(value)).collect();
        let written = self.writer.row(&row);
        self.keep(written)
    }
}

/// Runs a statement on every project; its rows go to `writer`, which is not finished yet.
pub(super) async fn select(
    store: &Arc<SqliteManager>,
    query: UserQuery,
    writer: Box<dyn RowWriter>,
    session: &Session,
) -> anyhow::Result<(UnionDone, Box<dyn RowWriter>)> {
    let (cancel, _watch) = cancel_on_interrupt(session);
    let sink = ProjectRows {
        writer,
        begun: false,
        failed: None,
    };
    let ran = UserQueries::new(store).run_all(query, cancel, sink).await;
    let (done, mut sink) = ran.map_err(|error| session.stopped_or(error))?;
    if !sink.begun {
        sink.begin(&[])?; // there is no project
    }
    match sink.failed {
        Some(error) => Err(error.into()),
        None => Ok((done, sink.writer)),
    }
}

/// What people should know of the result, in sentences.
pub(super) fn warnings(done: &UnionDone) -> Vec<String> {
    let left_out = done.left_out.iter().map(left_out);
    let odd = done
        .odd_cells
        .iter()
        .map(|(project, odd)| format!("project {project}: {}", odd_cells(odd)));
    left_out.chain(odd).collect()
}

fn left_out(LeftOut { project, rows, why }: &LeftOut) -> String {
    match (rows, why) {
        (0, WhyLeftOut::Failed(error)) => format!("project {project} is left out: {error}"),
        (0, why) => format!("project {project} is left out: {why}"),
        (rows, why) => {
            let rows = count(i64::try_from(*rows).unwrap_or(i64::MAX), "row");
            format!("project {project} failed after {rows}, which stand in the result: {why}")
        }
    }
}
