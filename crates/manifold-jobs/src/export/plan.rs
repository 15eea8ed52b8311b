//! What an export would write.

use std::ops::ControlFlow;
use std::sync::Arc;

use manifold_format::{ShownCell, WriteError, Writer};
use manifold_store::rows::{self, Change, Changes, Diff};
use manifold_store::{RowLog, SqliteManager};
use serde_json::{Value as Json, json};

use super::changed_rows::{self, LISTED};
use super::row_flow::RowFlow;
use super::subject::Subject;
use super::{Course, ExportError, ExportRequest, ExportedColumn, ExportedRows, write};

/// How many rows would be written, and in which columns. A statement is run for that, and changes are compared; the rows
/// of a snapshot are known.
pub(crate) async fn plan(
    manager: &Arc<SqliteManager>,
    request: &ExportRequest,
    course: Course,
) -> Result<Json, ExportError> {
    let subject = Subject::of(manager, request).await?;
    let snapshot = subject.snapshot.as_ref().map(|(_, snapshot)| snapshot);
    let (log, project) = (RowLog::new(manager), &request.project_id);
    let (columns, rows) = match &request.rows {
        ExportedRows::Snapshot { snapshot_id } | ExportedRows::Original { snapshot_id } => {
            let id = snapshot_id.to_string();
            let found = log.read(project, move |connection| rows::snapshot(connection, &id));
            let found = found.await?;
            let columns = found.columns.iter().map(ExportedColumn::of).collect();
            (columns, found.counts.row_count.unsigned_abs())
        }
        ExportedRows::Changes {
            since_id,
            snapshot_id,
        } => {
            let (since, snapshot) = (since_id.to_string(), snapshot_id.to_string());
            let counted = log.read(project, move |connection| {
                let from = rows::snapshot(connection, &since)?;
                let to = rows::snapshot(connection, &snapshot)?;
                let mut counted = Counted::default();
                rows::each_change(connection, &from, &to, LISTED, None, &mut counted)?;
                Ok(counted)
            });
            let Counted { columns, rows } = counted.await?;
            (columns, rows)
        }
        ExportedRows::Query { .. } => {
            let flow = RowFlow::new("nothing", Box::new(|_| Ok(Box::new(Nowhere))), course);
            let flown = write::rows(manager, request, flow).await?;
            (flown.columns, flown.rows)
        }
    };
    Ok(json!({
        "format": request.format,
        "original": request.rows.is_original(),
        "snapshot_id": snapshot.map(|snapshot| &snapshot.id),
        "snapshot_number": snapshot.map(|snapshot| snapshot.number),
        "since_id": subject.since.as_ref().map(|since| &since.id),
        "rows": rows,
        "columns": columns,
    }))
}

/// Counts changes without reading their rows.
#[derive(Default)]
struct Counted {
    columns: Vec<ExportedColumn>,
    rows: u64,
}

impl Changes for Counted {
    fn begin(&mut self, diff: &Diff, listed: u64) -> ControlFlow<()> {
        (self.columns, self.rows) = (changed_rows::columns(diff), listed);
        ControlFlow::Break(())
    }

    fn change(&mut self, _: Change) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

/// Where rows go that are only counted.
struct Nowhere;

impl Writer for Nowhere {
    fn cell(&mut self, _: ShownCell<'_>) {}

    fn end_row(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), WriteError> {
        Ok(())
    }
}
