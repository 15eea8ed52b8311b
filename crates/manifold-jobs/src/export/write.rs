//! Writes what is exported to whatever takes it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use manifold_format::{CsvWriter, JsonLinesWriter, JsonWriter, LineEnd, WriteError, Writer};
use manifold_store::{SqliteManager, TableFile, blocking};

use super::meter::{Meter, Metered, identity};
use super::row_flow::{Flown, OpenWriter, RowFlow};
use super::sqlite_writer::{SqliteWriter, table_columns};
use super::subject::Subject;
use super::{
    Course, ExportError, ExportFormat, ExportRequest, ExportedColumn, ExportedRows, changed_rows,
    original, query_rows, snapshot_rows,
};

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) flown: Flown,
    pub(super) bytes: u64,
    /// `blake3:..`
    pub(super) hash: String,
}

/// Writes what is exported to `out`, in constant memory, and flushes it; returns how many rows there were. `target` is what
/// errors call it.
///
/// # Errors
/// [`ExportError`]; `out` may hold a part then. [`ExportError::NoStream`] for a database.
pub async fn write_to<W: Write + Send + 'static>(
    manager: &Arc<SqliteManager>,
    request: &ExportRequest,
    out: W,
    target: &str,
    course: Course,
) -> Result<u64, ExportError> {
    let subject = Subject::of(manager, request).await?;
    let written = stream(manager, request, &subject, out, target, course).await?;
    Ok(written.flown.rows)
}

/// Writes what is exported into the empty file at `path`, which errors call `target`.
pub(super) async fn write_file(
    manager: &Arc<SqliteManager>,
    request: &ExportRequest,
    subject: &Subject,
    path: &Path,
    target: &str,
    course: Course,
) -> Result<Written, ExportError> {
    if request.format == ExportFormat::Sqlite && !request.rows.is_original() {
        return database(manager, request, subject, path, target, course).await;
    }
    let opened = OpenOptions::new().write(true).open(path);
    let file = opened.map_err(|source| ExportError::of_output(target, source))?;
    stream(manager, request, subject, file, target, course).await
}

async fn stream<W: Write + Send + 'static>(
    manager: &Arc<SqliteManager>,
    request: &ExportRequest,
    subject: &Subject,
    out: W,
    target: &str,
    course: Course,
) -> Result<Written, ExportError> {
    let cancel = course.cancel().clone();
    if let ExportedRows::Original { snapshot_id } = &request.rows {
        let total = subject
            .snapshot
            .as_ref()
            .map(|(_, snapshot)| snapshot.input_bytes.unsigned_abs());
        let follow = course.clone();
        let (out, meter) = Metered::new(out, cancel, move |bytes| {
            drop(follow.bytes("writing", bytes, total)); // the meter stops it
        });
        let written = original(manager, &request.project_id, snapshot_id, out).await;
        let written = written.map_err(|error| ExportError::of_original(target, error));
        let mut out = written.map_err(|error| course.stopped_or(error))?;
        let flushed = blocking(move || out.flush()).await;
        flushed.map_err(|source| ExportError::of_output(target, source))?;
        return original_written(subject, &meter);
    }
    if request.format == ExportFormat::Sqlite {
        let target = target.to_owned();
        return Err(ExportError::NoStream { target });
    }
    let (out, meter) = Metered::new(out, cancel, |_| {});
    let format = request.format;
    let open: OpenWriter = Box::new(move |columns| text_writer(format, out, columns));
    let flow = RowFlow::new(target, open, course);
    let flown = rows(manager, request, flow).await?;
    Ok(Written {
        flown,
        bytes: meter.bytes(),
        hash: meter.hash(),
    })
}

/// What was written of the bytes that were imported, once it is known that it is those.
fn original_written(subject: &Subject, meter: &Meter) -> Result<Written, ExportError> {
    let mut rows = 0;
    if let Some((source, snapshot)) = &subject.snapshot {
        if meter.hash() != snapshot.input_hash {
            let snapshot = format!("{}@{}", source.name, snapshot.number);
            return Err(ExportError::NotOriginal { snapshot });
        }
        rows = snapshot.row_count.unsigned_abs();
    }
    Ok(Written {
        flown: Flown {
            columns: Vec::new(),
            rows,
            warnings: Vec::new(),
        },
        bytes: meter.bytes(),
        hash: meter.hash(),
    })
}

async fn database(
    manager: &Arc<SqliteManager>,
    request: &ExportRequest,
    subject: &Subject,
    path: &Path,
    target: &str,
    course: Course,
) -> Result<Written, ExportError> {
    let (table, file) = (subject.table_name().to_owned(), path.to_owned());
    let open: OpenWriter = Box::new(move |columns| {
        let file = TableFile::create(&file, &table, &table_columns(columns));
        let file = file.map_err(|error| WriteError::Other(Box::new(error)))?;
        Ok(Box::new(SqliteWriter::new(file, columns.len())))
    });
    let flow = RowFlow::new(target, open, course);
    let flown = rows(manager, request, flow).await?;
    let (path, target) = (path.to_owned(), target.to_owned());
    let (bytes, hash) = blocking(move || weigh(&path))
        .await
        .map_err(|source| ExportError::of_output(&target, source))?;
    Ok(Written { flown, bytes, hash })
}

/// The size of a file, in bytes, and the identity of its bytes.
fn weigh(path: &Path) -> std::io::Result<(u64, String)> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok((hasher.count(), identity(&hasher)))
}

/// Sends the rows through `flow`.
pub(super) async fn rows(
    manager: &Arc<SqliteManager>,
    request: &ExportRequest,
    flow: RowFlow,
) -> Result<Flown, ExportError> {
    let project = &request.project_id;
    match &request.rows {
        ExportedRows::Snapshot { snapshot_id } | ExportedRows::Original { snapshot_id } => {
            snapshot_rows::copy(manager, project, snapshot_id, flow).await
        }
        ExportedRows::Changes {
            since_id,
            snapshot_id,
        } => changed_rows::copy(manager, project, since_id, snapshot_id, flow).await,
        ExportedRows::Query { sql } => query_rows::copy(manager, project, sql, flow).await,
    }
}

fn text_writer<W: Write + Send + 'static>(
    format: ExportFormat,
    out: W,
    columns: &[ExportedColumn],
) -> Result<Box<dyn Writer>, WriteError> {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    Ok(match format {
        ExportFormat::Json => Box::new(JsonWriter::new(out, &names)),
        ExportFormat::Jsonl => Box::new(JsonLinesWriter::new(out, &names)),
        ExportFormat::Tsv => delimited(out, b'\t', &names)?,
        ExportFormat::Csv | ExportFormat::Sqlite => delimited(out, b',', &names)?,
    })
}

fn delimited<W: Write + Send + 'static>(
    out: W,
    delimiter: u8,
    names: &[&str],
) -> Result<Box<dyn Writer>, WriteError> {
    let mut writer = CsvWriter::new(out, delimiter, LineEnd::Lf);
    writer.write_header(names)?;
    Ok(Box::new(writer))
}
