//! Finding out what is taken back, and making the input of it.

use std::fs::File;
use std::io::{BufReader, Seek as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use manifold_format::{
    ByteProgress, CsvInput, CsvReader, CsvReading, Dialect, Reader as _, Typing,
};
use manifold_store::rows::Snapshot;
use manifold_store::{
    DatabaseManager as _, ProjectId, RowLog, Settings, SnapshotId, SourceId, SqliteManager,
};
use serde::Deserialize as _;
use tokio_util::sync::CancellationToken;

use super::chosen::{Chosen, choose};
use super::expected::Expected;
use super::list::read_list;
use super::places::find_places;
use super::spliced::{Spliced, spliced_len};
use super::{Readmission, ReadmitError};
use crate::JobError;
use crate::export::{OriginalError, original};
use crate::import::{ImportFileError, KeptInput, Stoppable, TableInput};

/// What is taken back, and the input that it makes.
pub(crate) struct Prepared {
    /// The snapshot that the records were rejected from.
    pub(crate) latest: Snapshot,
    pub(crate) readmission: Readmission,
    /// The mended input; none when no record can be taken back.
    pub(crate) input: Option<TableInput>,
}

/// Finds out which records of the list at `path` can be taken back into their source, which is `source` if that is said.
pub(crate) async fn prepare(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
    source: Option<&SourceId>,
    path: &Path,
    cancel: &CancellationToken,
) -> Result<Prepared, JobError> {
    let list = path.to_owned();
    let listed = manifold_store::blocking(move || read_list(&list)).await?;
    let chosen = choose(&RowLog::new(manager), project, path, listed, source).await?;
    let latest = chosen.latest.clone();
    if let Some(format) = latest.dialect["format"].as_str() {
        let sources = manifold_store::DataSources::new(manager.clone());
        let error = ReadmitError::Format {
            name: sources.find(project, &latest.source_id).await?.name,
            format: format.to_owned(),
        };
        return Err(error.into());
    }
    let (chosen, input) = if chosen.mended.is_empty() {
        (chosen, None)
    } else {
        let max_cell = Settings::new(manager.core()).import_max_cell().await?;
        let original = write_original(manager, project, &latest, cancel).await?;
        let cancel = cancel.clone();
        let folder = manager.layout().temporary();
        let mend = move || mend(chosen, original, max_cell, &folder, &cancel);
        manifold_store::blocking(mend).await?
    };
    let (rejected, left) = (chosen.marks.len(), input.as_ref().map(|input| input.1));
    Ok(Prepared {
        latest,
        readmission: Readmission {
            taken: left.map_or(0, |left| rejected as u64 - left),
            still_rejected: chosen.still_rejected,
            unedited: chosen.unedited,
            gone: chosen.gone,
        },
        input: input.map(|(input, _)| input),
    })
}

/// Writes the bytes that a snapshot was imported from into a temporary file, which is gone when nobody has it open.
async fn write_original(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
    snapshot: &Snapshot,
    cancel: &CancellationToken,
) -> Result<File, JobError> {
    let made = tempfile::tempfile_in(manager.layout().temporary());
    let file = made.map_err(ReadmitError::Temporary)?;
    let id: SnapshotId = (snapshot.id.parse())
        .map_err(|error: manifold_store::IdError| JobError::failed("defect", &error))?;
    let out = std::io::BufWriter::with_capacity(
        1 << 18,
        Stoppable {
            inner: file,
            cancel: cancel.clone(),
        },
    );
    let written = original(manager, project, &id, out).await;
    let out = written.map_err(|error| match (cancel.is_cancelled(), error) {
        (true, _) => ReadmitError::Stopped,
        (false, OriginalError::Write(manifold_format::WriteError::Io { source, .. })) => {
            ReadmitError::Temporary(source)
        }
        (false, error) => error.into(),
    })?;
    let out = out.into_inner();
    Ok(out
        .map_err(|error| ReadmitError::Temporary(error.into_error()))?
        .inner)
}

/// The input with the mended records in their places, and how many records of it are rejected; none if no record can be
/// taken back. Blocks.
fn mend(
    mut chosen: Chosen,
    mut original: File,
    max_cell: u64,
    temporary_folder: &Path,
    cancel: &CancellationToken,
) -> Result<(Chosen, Option<(TableInput, u64)>), ReadmitError> {
    let recorded = &chosen.latest.dialect;
    let not_understood = |error: serde_json::Error| ReadmitError::ReadOtherwise {
        snapshot: chosen.latest.id.clone(),
        reason: error.to_string(),
    };
    let reading = CsvReading::deserialize(recorded).map_err(not_understood)?;
    let header = Dialect::deserialize(recorded)
        .map_err(not_understood)?
        .header;
    let mut options = reading.options(max_cell);
    if let Some(typing) = recorded.get("typing") {
        let typing = Typing::deserialize(typing).map_err(not_understood)?;
        options.null_tokens = typing.tokens().into();
    }
    let temporary = ReadmitError::Temporary;
    let size = original.metadata().map_err(temporary)?.len();
    original.rewind().map_err(temporary)?;
    let patches = find_places(&original, &header.0, &options, &mut chosen, cancel)?;
    if patches.is_empty() {
        return Ok((chosen, None));
    }
    let rejected = (chosen.marks.len() - patches.len()) as u64;
    let progress = ByteProgress {
        total: Some(spliced_len(size, &patches)),
        ..ByteProgress::default()
    };
    let original = Arc::new(original);
    let open = move || {
        let mut file = &*original;
        file.rewind()?;
        let whole = BufReader::with_capacity(1 << 18, original.try_clone()?);
        Ok(Spliced::new(whole, patches.clone()))
    };
    let input = Counted {
        inner: open().map_err(temporary)?,
        progress: progress.clone(),
    };
    // It is opened again when all of it was read: both share one place in the file.
    let again = Arc::new(move || Ok(Box::new(open()?) as Box<dyn std::io::Read + Send>));
    let kept = KeptInput::again(again, Some(temporary_folder));
    let unreadable = |error| {
        let shown = format!("snapshot {} with the mended records", chosen.latest.id);
        ReadmitError::File(ImportFileError::read(shown.as_ref(), error))
    };
    let reader = CsvReader::open(input, options).map_err(unreadable)?;
    let mut reader = CsvInput::new(reader, progress.clone());
    let table = reader.tables()[0].clone();
    let rows = reader.rows(0).map_err(unreadable)?;
    let input = TableInput {
        table,
        rows: Box::new(Expected { rows, rejected }),
        decisions: Vec::new(),
        progress,
        kept: Some(kept),
    };
    Ok((chosen, Some((input, rejected))))
}

/// Counts what is read, for those who watch.
struct Counted<R> {
    inner: R,
    progress: ByteProgress,
}

impl<R: std::io::Read> std::io::Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(out)?;
        self.progress.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
