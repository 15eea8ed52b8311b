//! The rows of a snapshot, in their order.

use std::sync::Arc;

use manifold_format::{ShownColumn, UnknownEncoding};
use manifold_store::rows;
use manifold_store::{ProjectId, RowLog, SnapshotId, SqliteManager};

use super::column::shown;
use super::row_flow::{Flown, RowFlow};
use super::{ExportError, ExportedColumn};

/// Sends the rows of a snapshot through `flow`, in constant memory. All are of one state of the project, whatever is imported
/// or deleted meanwhile.
pub(super) async fn copy(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
    snapshot: &SnapshotId,
    mut flow: RowFlow,
) -> Result<Flown, ExportError> {
    let id = snapshot.to_string();
    let log = RowLog::new(manager);
    let copied = log.read(project, move |connection| {
        let snapshot = rows::snapshot(connection, &id)?;
        let shown: Result<Vec<ShownColumn>, UnknownEncoding> =
            snapshot.columns.iter().map(shown).collect();
        let shown = match shown {
            Ok(shown) => shown,
            Err(error) => return Ok(Err(error.into())),
        };
        let columns = snapshot.columns.iter().map(ExportedColumn::of).collect();
        let total = u64::try_from(snapshot.counts.row_count).ok();
        if flow.begin(columns, total).is_continue() {
            rows::read(connection, &snapshot, None, None, |_, row, _| {
                for (index, column) in shown.iter().enumerate() {
                    flow.stored(column, row.cell(index));
                }
                flow.end_row()
            })?;
        }
        Ok(flow.finish())
    });
    copied.await?
}
