//! A snapshot as the bytes that were imported.

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use manifold_format::{Dialect, Encoding, OriginalWriter, Value, WriteError};
use manifold_store::rows::{self, Cell, Snapshot};
use manifold_store::{ProjectId, RowLog, RowLogError, SnapshotId, SqliteManager};

use crate::import::PART;

/// Why the bytes of a snapshot could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OriginalError {
    /// The rows could not be read.
    #[error(transparent)]
    Rows(#[from] RowLogError),
    /// The output could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The snapshot was imported from a format whose bytes are not kept.
    #[error(
        "snapshot {snapshot} was imported from {format}, whose bytes are not kept; export it without --original"
    )]
    NotKept {
        /// The snapshot.
        snapshot: SnapshotId,
        /// The format.
        format: String,
    },
    /// The bytes that are kept are damaged.
    #[error(
        "the kept bytes of snapshot {snapshot} are damaged: {source}; restore the project from a backup, or export it without --original"
    )]
    Damaged {
        /// The snapshot.
        snapshot: SnapshotId,
        /// What is wrong with them.
        source: std::io::Error,
    },
    /// What the snapshot says about its bytes is not understood.
    #[error(
        "how snapshot {snapshot} was written is not understood ({reason}); use the version of manifold that imported it"
    )]
    Dialect {
        /// The snapshot.
        snapshot: SnapshotId,
        /// What is not understood.
        reason: String,
    },
}

impl OriginalError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rows(error) => error.code(),
            Self::Write(_) => "output",
            Self::NotKept { .. } => "original_not_kept",
            Self::Damaged { .. } => "corrupt",
            Self::Dialect { .. } => "newer_rows",
        }
    }
}

/// Writes the very bytes that were imported as a snapshot, byte for byte, in constant memory, and returns
/// the output. All rows are of one state of the project, whatever is imported or deleted meanwhile.
///
/// # Errors
/// [`OriginalError`]; the output then holds a part.
pub async fn original<W: Write + Send + 'static>(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
    snapshot: &SnapshotId,
    out: W,
) -> Result<W, OriginalError> {
    let id = snapshot.clone();
    let rows = RowLog::new(manager);
    let written = rows.read(project, move |connection| {
        let snapshot = rows::snapshot(connection, id.as_str())?;
        let (mut out, mut failed) = (out, None);
        let parts = rows::original_parts(connection, id.as_str(), |part| {
            match unpack(part, &id, &mut out) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        if parts > 0 {
            let flush = |mut out: W| match out.flush() {
                Ok(()) => Ok(out),
                Err(source) => Err(write_error(source)),
            };
            return Ok(failed.map_or_else(|| flush(out), Err));
        }
        let mut writer = match writer_of(&snapshot, &id, out) {
            Ok(writer) => writer,
            Err(error) => return Ok(Err(error)),
        };
        let mut failed = None;
        rows::read(connection, &snapshot, None, None, |_, row, quirk| {
            let values: Vec<Value<'_>> = row.cells().map(value).collect();
            match writer.write_row(&values, quirk) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        Ok(match failed {
            Some(error) => Err(error.into()),
            None => writer.finish().map_err(OriginalError::from),
        })
    });
    written.await?
}

/// Writes a part of the bytes that are kept.
fn unpack(part: &[u8], id: &SnapshotId, out: &mut impl Write) -> Result<(), OriginalError> {
    let plain = zstd::bulk::decompress(part, PART).map_err(|source| OriginalError::Damaged {
        snapshot: id.clone(),
        source,
    })?;
    out.write_all(&plain).map_err(write_error)
}

fn write_error(source: std::io::Error) -> OriginalError {
    WriteError::Io { row: 0, source }.into()
}

/// The writer for the dialect and the encodings of a snapshot.
fn writer_of<W: Write>(
    snapshot: &Snapshot,
    id: &SnapshotId,
    out: W,
) -> Result<OriginalWriter<W>, OriginalError> {
    let unknown = |reason: String| OriginalError::Dialect {
        snapshot: id.clone(),
        reason,
    };
    if let Some(format) = snapshot.dialect["format"].as_str() {
        return Err(OriginalError::NotKept {
            snapshot: id.clone(),
            format: format.to_owned(),
        });
    }
    let dialect: Dialect = serde_json::from_value(snapshot.dialect.clone())
        .map_err(|error| unknown(error.to_string()))?;
    let encodings = snapshot
        .columns
        .iter()
        .map(|column| column.encoding.parse::<Encoding>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unknown(error.to_string()))?;
    Ok(OriginalWriter::new(out, dialect, &encodings)?)
}

fn value(cell: Cell<'_>) -> Value<'_> {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(number) => Value::Int(number),
        Cell::Real(number) => Value::Real(number),
        Cell::Text(bytes) => Value::Text(bytes),
        Cell::Blob(bytes) => Value::Blob(bytes),
    }
}
