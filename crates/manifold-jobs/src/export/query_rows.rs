//! The rows of one SELECT.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use manifold_format::ShownCell;
use manifold_store::sandbox::{Parameters, ResultColumn, RowColumn, RowSink, ValueRef};
use manifold_store::{OddCells, ProjectId, SqliteManager, UserQueries, UserQuery};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::row_flow::{Flown, RowFlow};
use super::{ExportError, ExportedColumn};

/// Sends the rows of a statement through `flow`, as the sandbox for users' SQL gives them. It may take as long as it
/// wants; the course of the flow stops it.
pub(super) async fn copy(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
    sql: &str,
    flow: RowFlow,
) -> Result<Flown, ExportError> {
    let queries = UserQueries::new(manager);
    let query = UserQuery {
        sql: sql.to_owned(),
        parameters: Parameters::default(),
        limit: None,
        timeout: None,
    };
    let types = queries.column_types(project).await?;
    let (flag, _watch) = flag_of(flow.cancel());
    let sink = FlowSink { flow, types };
    let (done, sink) = queries.run(project, query, flag, sink).await?;
    let mut flown = sink.flow.finish()?;
    for odd in &done.odd_cells {
        for column in &mut flown.columns {
            if column.name == odd.column {
                column.odd_cells += odd.count;
            }
        }
    }
    flown.warnings = done.odd_cells.iter().map(warning).collect();
    Ok(flown)
}

/// What people should know of a column with cells that are not of its type.
fn warning(odd: &OddCells) -> String {
    let cells = match odd.count {
        1 => "1 cell that is".to_owned(),
        count => format!("{count} cells that are"),
    };
    format!(
        "{}.{} has {cells} not {}; compared as text, they may change the result",
        odd.view, odd.column, odd.column_type
    )
}

/// A flag that is set when a token is cancelled, while what is returned beside it exists.
fn flag_of(cancel: &CancellationToken) -> (Arc<AtomicBool>, AbortOnDropHandle<()>) {
    let flag = Arc::new(AtomicBool::new(false));
    let (set, cancel) = (flag.clone(), cancel.clone());
    let watch = tokio::spawn(async move {
        cancel.cancelled().await;
        set.store(true, Ordering::Relaxed);
    });
    (flag, AbortOnDropHandle::new(watch))
}

struct FlowSink {
    flow: RowFlow,
    types: HashMap<RowColumn, String>,
}

impl FlowSink {
    fn column(&self, column: &ResultColumn) -> ExportedColumn {
        let origin = column.origin.as_ref();
        let column_type = origin.and_then(|origin| self.types.get(origin));
        ExportedColumn {
            name: column.name.clone(),
            column_type: column_type.cloned(),
            format: None,
            odd_cells: 0,
        }
    }
}

impl RowSink for FlowSink {
    fn columns(&mut self, columns: &[ResultColumn]) -> ControlFlow<()> {
        let columns = columns.iter().map(|column| self.column(column)).collect();
        self.flow.begin(columns, None)
    }

    fn row(&mut self, values: &[ValueRef<'_>]) -> ControlFlow<()> {
        for value in values {
            self.flow.cell(match *value {
                ValueRef::Null => ShownCell::Null,
                ValueRef::Integer(value) => ShownCell::Int(value),
                ValueRef::Real(value) => ShownCell::Real(value),
                ValueRef::Text(bytes) => ShownCell::text(bytes),
                ValueRef::Blob(bytes) => ShownCell::Blob(bytes),
            });
        }
        self.flow.end_row()
    }
}
