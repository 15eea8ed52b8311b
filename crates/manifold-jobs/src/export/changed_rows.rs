//! What a snapshot has more, less or otherwise than an older one.

use std::ops::ControlFlow;
use std::sync::Arc;

use manifold_format::{ShownCell, ShownColumn, UnknownEncoding};
use manifold_store::rows::{self, Cell, Change, Changes, Diff, Listing, Row};
use manifold_store::{ProjectId, RowLog, SnapshotId, SqliteManager};

use super::column::shown;
use super::row_flow::{Flown, RowFlow};
use super::{ExportError, ExportedColumn};

/// The name of the column that says what happened to a row.
const OP: &str = "op";

/// Sends what has changed from `since` to `snapshot` through `flow`: first what happened to the row (`+` it is new, `-` it
/// is gone, `~` it is another), then the row as it is now, or was. Rows that only stand elsewhere are no change.
///
/// The memory that it takes is about 100 bytes for each change.
pub(super) async fn copy(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
    since: &SnapshotId,
    snapshot: &SnapshotId,
    flow: RowFlow,
) -> Result<Flown, ExportError> {
    let (since, snapshot) = (since.to_string(), snapshot.to_string());
    let log = RowLog::new(manager);
    let copied = log.read(project, move |connection| {
        let from = rows::snapshot(connection, &since)?;
        let to = rows::snapshot(connection, &snapshot)?;
        let mut changed = ChangedRows {
            flow,
            before: Vec::new(),
            after: Vec::new(),
        };
        rows::each_change(connection, &from, &to, LISTED, None, &mut changed)?;
        Ok(changed.flow.finish())
    });
    copied.await?
}

/// All changes, without rows that only moved.
pub(super) const LISTED: Listing = Listing {
    limit: u64::MAX,
    moved: false,
};

/// The columns of changes.
pub(super) fn columns(diff: &Diff) -> Vec<ExportedColumn> {
    let of_rows = diff.columns.iter().filter_map(|column| {
        let newest = column.to.as_ref().or(column.from.as_ref())?;
        let odd_before = column.from.as_ref().map_or(0, |from| from.odd_cells);
        let mut exported = ExportedColumn::of(newest);
        // A row that is gone may have cells of another type.
        let same_type = column.from.as_ref().is_none_or(|from| {
            (&from.column_type, &from.format) == (&newest.column_type, &newest.format)
        });
        exported.odd_cells = exported.odd_cells.max(odd_before);
        if !same_type {
            exported.column_type = None;
        }
        Some(exported)
    });
    let of_rows: Vec<_> = of_rows.collect();
    let is_taken = |name: &str| {
        of_rows
            .iter()
            .any(|column| column.name.eq_ignore_ascii_case(name))
    };
    let mut name = OP.to_owned();
    while is_taken(&name) {
        name.insert(0, '_');
    }
    let op = ExportedColumn {
        name,
        column_type: Some("text".to_owned()),
        format: None,
        odd_cells: 0,
    };
    std::iter::once(op).chain(of_rows).collect()
}

struct ChangedRows {
    flow: RowFlow,
    before: Vec<ShownColumn>,
    after: Vec<ShownColumn>,
}

impl ChangedRows {
    fn learn(&mut self, diff: &Diff) -> Result<(), UnknownEncoding> {
        for column in &diff.columns {
            if let Some(column) = column.from.as_ref().or(column.to.as_ref()) {
                self.before.push(shown(column)?);
            }
            if let Some(column) = column.to.as_ref().or(column.from.as_ref()) {
                self.after.push(shown(column)?);
            }
        }
        Ok(())
    }

    fn row(&mut self, op: &'static str, row: &Row, is_before: bool) -> ControlFlow<()> {
        let columns = if is_before { &self.before } else { &self.after };
        self.flow.cell(ShownCell::Text(op.as_bytes()));
        for (index, column) in columns.iter().enumerate() {
            let cell = if index < row.len() {
                row.cell(index)
            } else {
                Cell::Null
            };
            self.flow.stored(column, cell);
        }
        self.flow.end_row()
    }
}

impl Changes for ChangedRows {
    fn begin(&mut self, diff: &Diff, listed: u64) -> ControlFlow<()> {
        if let Err(error) = self.learn(diff) {
            return self.flow.keep(Err(error.into()));
        }
        self.flow.begin(columns(diff), Some(listed))
    }

    fn change(&mut self, change: Change) -> ControlFlow<()> {
        match &change {
            Change::Added { after } => self.row("+", after, false),
            Change::Removed { before } => self.row("-", before, true),
            Change::Changed { after, .. } => self.row("~", after, false),
            Change::Moved { .. } => ControlFlow::Continue(()), // none is listed
        }
    }
}
