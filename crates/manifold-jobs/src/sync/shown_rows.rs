//! The rows of a snapshot as their columns show them, set aside for another source.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use manifold_format::{ShownCell, ShownColumn, TypedCell, UnknownEncoding, Value};
use manifold_store::rows::{self, Snapshot};
use manifold_store::{ProjectId, RowLog, StoreError};
use serde_json::json;

use super::SyncError;
use crate::export::shown_column;
use crate::import::{Fetching, value};
use crate::spool::{PackedCells, RowSpool, SpooledTable, pack};
use crate::{JobError, Progress};

/// After how many rows it is said how far this is.
const SAY_EVERY: u64 = 4_096;

/// Sets the rows of a snapshot aside, all of one state of the project. `name`: what the snapshot is called.
pub(crate) async fn shown_rows(
    fetching: &Fetching<'_>,
    project: &ProjectId,
    snapshot: &Snapshot,
    name: &Path,
    null_tokens: Arc<[String]>,
) -> Result<SpooledTable, JobError> {
    (fetching.report)(Progress::step("reading the other source"));
    let shown: Result<Vec<ShownColumn>, UnknownEncoding> =
        snapshot.columns.iter().map(shown_column).collect();
    let shown = shown.map_err(|error| StoreError::Decode(error.to_string()))?;
    let width = snapshot.columns.len();
    let folder = fetching.manager.layout().temporary();
    let names = snapshot.columns.iter().map(|column| column.name.clone());
    let (names, id) = (names.collect::<Vec<_>>(), snapshot.id.clone());
    let cancel = fetching.cancel.clone();
    let log = RowLog::new(fetching.manager);
    let set_aside = log.read(project, move |connection| {
        let snapshot = rows::snapshot(connection, &id)?;
        let mut spool = match RowSpool::create(&folder, width, null_tokens) {
            Ok(spool) => spool,
            Err(error) => return Ok(Err(SyncError::from(error))),
        };
        let (mut text, mut scratch, mut packed) = (Vec::new(), Vec::new(), Vec::new());
        let (mut done, mut count) = (Ok(()), 0_u64);
        rows::read(connection, &snapshot, None, None, |_, row, _| {
            packed.clear();
            for (index, column) in shown.iter().enumerate() {
                let cell = column.show(value(row.cell(index)), &mut scratch);
                pack(typed(cell, &mut text), &mut packed);
            }
            count += 1;
            done = match spool.push(PackedCells(&packed)) {
                Ok(_) if count.is_multiple_of(SAY_EVERY) && cancel.is_cancelled() => {
                    Err(SyncError::Stopped)
                }
                Ok(_) => return ControlFlow::Continue(()),
                Err(error) => Err(error.into()),
            };
            ControlFlow::Break(())
        })?;
        Ok(done.map(|()| spool))
    });
    let spool = set_aside.await??;
    let reading = json!({ "source": name.display().to_string() });
    Ok(spool
        .finish("source", names, reading, json!({}))
        .map_err(SyncError::from)?)
}

/// A cell as it is shown; `text` is scratch space.
fn typed<'a>(cell: ShownCell<'a>, text: &'a mut Vec<u8>) -> TypedCell<'a> {
    text.clear();
    match cell {
        ShownCell::Null => TypedCell::Null,
        ShownCell::Text(bytes) => TypedCell::Text(bytes),
        ShownCell::Blob(bytes) => TypedCell::Blob(bytes),
        ShownCell::Bool { token, .. } => TypedCell::Number(token.as_bytes()),
        ShownCell::Int(number) => {
            text.extend_from_slice(number.to_string().as_bytes());
            TypedCell::Number(text)
        }
        ShownCell::Decimal { value, digits } => {
            digits.render(Value::Real(value), text);
            TypedCell::Number(text)
        }
        ShownCell::Real(number) => {
            text.extend_from_slice(format!("{number:?}").as_bytes());
            TypedCell::Number(text)
        }
    }
}
