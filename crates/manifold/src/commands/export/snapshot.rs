//! Exports the rows of a snapshot, as CSV or as the bytes that were imported.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use manifold_format::{CsvWriter, Encoding, LineEnd, Value, WriteError};
use manifold_jobs::export::original;
use manifold_store::rows::{self, Snapshot};
use manifold_store::{DataSources, ProjectId, RowLog, SnapshotId, Snapshots, SqliteManager};

use super::meter::{Meter, Metered};
use crate::command_error::CommandError;
use crate::output::OutputError;
use crate::results::stored_value;
use crate::shapes::snapshot::SnapshotShape;

/// The snapshot to export: the one that was named, or the latest of the source.
///
/// # Errors
/// [`CommandError::Usage`] when the snapshot is one of another source; others by meaning.
pub(super) async fn find(
    store: &Arc<SqliteManager>,
    project: &ProjectId,
    source: &str,
    snapshot: Option<&str>,
) -> anyhow::Result<SnapshotShape> {
    let source = DataSources::new(store.clone())
        .find(project, source)
        .await?;
    let latest = format!("{}@latest", source.id);
    let found = Snapshots::new(store.clone())
        .find(project, snapshot.unwrap_or(&latest))
        .await?;
    let found = SnapshotShape::from(found);
    if found.source_id != source.id {
        let message = format!(
            "{} is no snapshot of the source {}",
            found.reference(),
            source.name
        );
        return Err(CommandError::Usage { message }.into());
    }
    Ok(found)
}

/// Writes the very bytes that were imported.
///
/// # Errors
/// [`CommandError::NotOriginal`] when other bytes were written.
pub(super) async fn write_original(
    store: &Arc<SqliteManager>,
    project: &ProjectId,
    wanted: &SnapshotShape,
    out: Metered,
    meter: &Meter,
) -> anyhow::Result<()> {
    let id: SnapshotId = wanted.id.parse()?;
    let mut out = original(store, project, &id, out).await?;
    out.flush().map_err(OutputError::from)?;
    if meter.hash() == wanted.input_hash {
        Ok(())
    } else {
        Err(CommandError::NotOriginal {
            snapshot: wanted.reference(),
        }
        .into())
    }
}

/// Writes the rows as CSV.
///
/// # Errors
/// What reading and writing fail with.
pub(super) async fn write_csv(
    store: &Arc<SqliteManager>,
    project: &ProjectId,
    wanted: &SnapshotShape,
    out: Metered,
) -> anyhow::Result<()> {
    let id = wanted.id.clone();
    let rows = RowLog::new(store);
    let written = rows.read(project, move |connection| {
        let snapshot = rows::snapshot(connection, &id)?;
        let mut export = match Export::begin(&snapshot, out) {
            Ok(export) => export,
            Err(error) => return Ok(Err(error)),
        };
        rows::read(connection, &snapshot, None, None, |_, row, _| {
            let values: Vec<_> = row.cells().map(stored_value).collect();
            export.row(&values)
        })?;
        Ok(export.end())
    });
    written.await?
}

/// Rows on their way into a file.
struct Export {
    writer: CsvWriter<Metered>,
    encodings: Vec<Encoding>,
    failed: Option<WriteError>,
}

impl Export {
    fn begin(snapshot: &Snapshot, out: Metered) -> anyhow::Result<Self> {
        let encodings = snapshot
            .columns
            .iter()
            .map(|column| column.encoding.parse());
        let encodings = encodings
            .collect::<Result<_, _>>()
            .map_err(CommandError::NewerRows)?;
        let names: Vec<_> = snapshot
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        let mut writer = CsvWriter::new(out, b',', LineEnd::Lf);
        writer.write_header(&names)?;
        Ok(Self {
            writer,
            encodings,
            failed: None,
        })
    }

    fn row(&mut self, values: &[Value<'_>]) -> ControlFlow<()> {
        match self.writer.write_row(values, &self.encodings) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn end(self) -> anyhow::Result<()> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        Ok(self.writer.finish()?.flush().map_err(OutputError::from)?)
    }
}
