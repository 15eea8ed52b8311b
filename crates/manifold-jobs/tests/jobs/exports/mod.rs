//! Rows that are exported and imported again, and what an export leaves when it does not end well.

mod hostile;
mod round_trips;
mod said;
mod stopped;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use manifold_format::{ColumnType, ShownColumn, Value};
use manifold_jobs::backup::Location;
use manifold_jobs::export::{ExportFormat, ExportRequest, Exported, ExportedRows};
use manifold_jobs::jobs::{ExportData, ImportFile, Imported};
use manifold_jobs::{JobError, Observer, Plan, run_foreground};
use manifold_store::rows::{self, Cell};
use manifold_store::{DataSources, ImportSource, ProjectId, RowLog, Snapshots};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// A snapshot as people see it: names and types of its columns, and the cells of its rows.
#[derive(Debug, PartialEq)]
struct Seen {
    columns: Vec<(String, String)>,
    rows: Vec<Vec<String>>,
}

async fn seen(store: &Store, snapshot: &str) -> Seen {
    let id = snapshot.to_owned();
    let log = RowLog::new(&store.manager);
    let read = log.read(&store.project, move |connection| {
        let snapshot = rows::snapshot(connection, &id)?;
        let shown: Vec<ShownColumn> = snapshot
            .columns
            .iter()
            .map(|column| {
                let column_type = ColumnType::from_code(&column.column_type);
                let encoding = column.encoding.parse().unwrap();
                let format = column.format.as_deref();
                ShownColumn::new(encoding, column_type, format, &column.null_tokens)
            })
            .collect();
        let columns = snapshot.columns.iter();
        let columns = columns.map(|column| (column.name.clone(), column.column_type.clone()));
        let mut found = Seen {
            columns: columns.collect(),
            rows: Vec::new(),
        };
        rows::read(connection, &snapshot, None, None, |_, row, _| {
            let mut scratch = Vec::new();
            let cells = shown.iter().zip(row.cells());
            let cells = cells.map(|(column, cell)| {
                let value = column.show(value(cell), &mut scratch).value();
                match value {
                    Value::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    other => format!("{other:?}"),
                }
            });
            found.rows.push(cells.collect());
            ControlFlow::Continue(())
        })?;
        Ok(found)
    });
    read.await.unwrap()
}

fn value(cell: Cell<'_>) -> Value<'_> {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(value) => Value::Int(value),
        Cell::Real(value) => Value::Real(value),
        Cell::Text(bytes) => Value::Text(bytes),
        Cell::Blob(bytes) => Value::Blob(bytes),
    }
}

impl Seen {
    /// As it comes back: SQLite knows neither booleans nor decimals of so many digits.
    fn through(mut self, format: ExportFormat) -> Self {
        if format == ExportFormat::Sqlite {
            for (_, column_type) in &mut self.columns {
                match column_type.as_str() {
                    "decimal" => "real",
                    "boolean" => "integer",
                    _ => continue,
                }
                .clone_into(column_type);
            }
        }
        self
    }
}

fn of_snapshot(snapshot: &str) -> ExportedRows {
    ExportedRows::Snapshot {
        snapshot_id: snapshot.parse().unwrap(),
    }
}

fn export(store: &Store, rows: ExportedRows, format: ExportFormat, path: &Path) -> ExportData {
    ExportData {
        request: ExportRequest {
            project_id: store.project.clone(),
            rows,
            format,
        },
        to: Location::Folder(path.to_owned()),
        described: true,
        follows: None,
    }
}

async fn run(store: &Store, job: ExportData) -> Result<Exported, JobError> {
    let project: Option<ProjectId> = Some(store.project.clone());
    let finished = run_foreground(&store.manager, job, project, Observer::default());
    finished.await.unwrap().outcome
}

/// Imports a file as a new source, as anybody would.
async fn import_back(store: &Store, file: &Path, source: &str) -> Imported {
    let mut job: ImportFile = store.import_of(file);
    job.target.source = ImportSource::Named(source.to_owned());
    store.run(job).await.outcome.unwrap()
}

/// Exports a snapshot in each format, imports the files, and compares.
async fn comes_back(store: &Store, folder: &Path, name: &str, snapshot: &str) {
    for format in ExportFormat::ALL {
        let file = folder.join(format!("{name}.{format}"));
        let exported = run(store, export(store, of_snapshot(snapshot), format, &file));
        let exported = exported.await.unwrap();
        let back = import_back(store, &file, &format!("{name} from {format}")).await;
        let expected = seen(store, snapshot).await;
        assert_eq!(exported.rows, expected.rows.len() as u64);
        assert_eq!(exported.size_bytes, std::fs::metadata(&file).unwrap().len());
        let found = seen(store, &back.snapshot_id).await.through(format);
        let expected = expected.through(format);
        assert_eq!(found.columns, expected.columns, "{name} as {format}");
        for (found, expected) in found.rows.iter().zip(&expected.rows) {
            assert_eq!(found, expected, "{name} as {format}");
        }
        assert_eq!(found.rows.len(), expected.rows.len(), "{name} as {format}");
        if format != ExportFormat::Sqlite {
            let log = RowLog::new(&store.manager);
            let read = log.read(&store.project, move |connection| {
                rows::snapshot(connection, &back.snapshot_id)
            });
            assert_eq!(
                read.await.unwrap().input_hash,
                exported.hash,
                "{name} as {format}"
            );
        }
    }
}
