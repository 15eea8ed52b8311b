//! Rows that are exported and imported again, and what an export leaves when it does not end well.

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

/// Leading zeros, 64-bit integers, more than those, decimals, dates of a country, tokens, NULL and empty text, cells that are not of
/// their column's type, and letters that mean something to formats.
const HOSTILE: &str = "\u{feff}id,code,\"a \"\"name\"\"\",big,bigger,price,day,yes,speed,at,empty,a.b\r\n\
    1,007,\"x, \"\"y\"\"\r\nz\",9223372036854775807,9223372036854775808,1.50,31/12/2024,yes,NA,2024-01-31 10:00:00,,{}\r\n\
    2,01,\"\",-9223372036854775808,1,0.10,01/02/2024,no,12,2024-02-29 23:59:59,,\"[1, 2]\"\r\n\
    3,10,,9007199254740993,2,-3.00,28/02/2023,yes,,2024-01-01 00:00:00,,null\r\n\
    4,a,\u{feff}ü\u{1}\\ 東,0,3,1234567.89,30/06/2024,no,NA,2024-01-01 00:00:01,,true\r\n\
    5,b,'quoted',1,4,0.00,15/07/2024,no,7,2024-01-01 00:00:02,,-\r\n\
    6,c, spaces ,2,5,7.25,16/07/2024,yes,8,2024-01-01 00:00:03,,=1+1\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn every_format_comes_back_equal() {
    let store = Store::new().await;
    let folder = tempfile::tempdir().unwrap();
    let imported = store.import(HOSTILE).await;
    let found = seen(&store, &imported.snapshot_id).await;
    let types: Vec<&str> = found
        .columns
        .iter()
        .map(|(_, found)| found.as_str())
        .collect();
    let expected = [
        "integer",
        "text",
        "text",
        "integer",
        "text",
        "decimal",
        "date",
        "boolean",
        "integer",
        "timestamp",
        "empty",
        "text",
    ];
    assert_eq!(types, expected);
    comes_back(&store, folder.path(), "hostile", &imported.snapshot_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_tables_come_back_equal() {
    let store = Store::new().await;
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let planes = import_back(
        &store,
        &root.join("../../examples/data/planes.csv"),
        "planes",
    )
    .await;
    comes_back(&store, folder.path(), "planes", &planes.snapshot_id).await;
    let chinook = root.join("tests/fixtures/chinook/chinook.sqlite");
    let copy = store.write("chinook.sqlite", std::fs::read(chinook).unwrap());
    import_back(&store, &copy, "chinook").await;
    let snapshots = Snapshots::new(store.manager.clone());
    for table in ["Customer", "Employee", "Invoice", "Track"] {
        let reference = format!("chinook.{table}@latest");
        let snapshot = snapshots.find(&store.project, &reference).await.unwrap();
        comes_back(&store, folder.path(), table, &snapshot.snapshot.id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_cells_and_bytes_stay_what_they_are() {
    let store = Store::new().await;
    let folder = tempfile::tempdir().unwrap();
    let mut file = b"n,day,yes,t\n".to_vec();
    for number in 0..100 {
        let line = format!(
            "{number},{:02}/01/2024,{},x\n",
            1 + number % 28,
            ["no", "yes"][number % 2]
        );
        file.extend_from_slice(line.as_bytes());
    }
    file.extend_from_slice(b"n/a!,31/02/2024,maybe,\xff\xfe\n");
    let path = store.write("odd.csv", file);
    let mut job = store.import_of(&path);
    job.file.reading.encoding = Some("utf-8".parse().unwrap());
    let imported = store.run(job).await.outcome.unwrap();
    let expected = seen(&store, &imported.snapshot_id).await;
    let types: Vec<&str> = expected
        .columns
        .iter()
        .map(|(_, found)| found.as_str())
        .collect();
    assert_eq!(types, ["integer", "date", "boolean", "text"]);
    for format in ExportFormat::ALL {
        let file = folder.path().join(format!("odd.{format}"));
        let rows = of_snapshot(&imported.snapshot_id);
        let exported = run(&store, export(&store, rows, format, &file))
            .await
            .unwrap();
        let odd: Vec<i64> = exported
            .columns
            .iter()
            .map(|column| column.odd_cells)
            .collect();
        assert!(odd[..3].iter().all(|odd| *odd == 1), "{odd:?}");
        let mut job = store.import_of(&file);
        job.target.source = ImportSource::Named(format!("odd {format}"));
        if matches!(format, ExportFormat::Csv | ExportFormat::Tsv) {
            job.file.reading.encoding = Some("utf-8".parse().unwrap());
        }
        let back = store.run(job).await.outcome.unwrap();
        let found = seen(&store, &back.snapshot_id).await.through(format);
        let expected = seen(&store, &imported.snapshot_id).await.through(format);
        assert_eq!(found, expected, "{format}");
    }
}

/// A cell of a column of each kind.
fn cells(kind: usize) -> BoxedStrategy<String> {
    let letter = proptest::sample::select(vec![
        "a", "ü", "東", "\u{feff}", "\"", "\"\"", ",", "\t", ";", "\n", "\r\n", "\\", "'", " ",
        "007", "-", "{", "}", "[", "null", "=", "#", "true", "1e5", "\u{1}", "|",
    ]);
    match kind {
        0 => any::<i64>().prop_map(|number| number.to_string()).boxed(),
        1 => (-9_999_999_i64..9_999_999)
            .prop_map(|cents| {
                format!(
                    "{}{}.{:02}",
                    if cents < 0 { "-" } else { "" },
                    cents.abs() / 100,
                    cents.abs() % 100
                )
            })
            .boxed(),
        2 => (1900..2100, 1..13, 1..29)
            .prop_map(|(y, m, d)| format!("{d:02}.{m:02}.{y}"))
            .boxed(),
        3 => any::<bool>()
            .prop_map(|value| if value { "t" } else { "f" }.to_owned())
            .boxed(),
        4 => (0_u64..u64::MAX)
            .prop_map(|number| format!("{number:025}"))
            .boxed(),
        _ => proptest::collection::vec(letter, 0..6)
            .prop_map(|letters| letters.concat())
            .boxed(),
    }
}

/// The first row has a cell of each kind that tells what the column is, and needs no quotes.
const FIRST: [&str; 6] = [
    "12",
    "-1.25",
    "31.12.2024",
    "t",
    "0000000000000000000000007",
    "plain",
];

fn file() -> impl Strategy<Value = String> {
    let cell = |kind| prop_oneof![1 => Just(None), 6 => cells(kind).prop_map(Some)];
    let row = (cell(0), cell(1), cell(2), cell(3), cell(4), cell(5));
    proptest::collection::vec(row, 1..20).prop_map(|rows| {
        let mut text = "i,d,day,b,code,t\n".to_owned();
        for more in [FIRST, ["0", "2.50", "13.01.2024", "f", "0", "other"]] {
            text.push_str(&more.join(","));
            text.push('\n');
        }
        for (a, b, c, d, e, f) in rows {
            let cells = [a, b, c, d, e, f].map(|cell| match cell {
                None => String::new(),
                Some(cell) => format!("\"{}\"", cell.replace('"', "\"\"")),
            });
            text.push_str(&cells.join(","));
            text.push('\n');
        }
        text
    })
}

#[test]
fn hostile_cells_come_back_equal() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(Store::new());
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::new(Config {
        cases: Config::default().cases.min(24),
        failure_persistence: None,
        ..Config::default()
    });
    let number = std::cell::Cell::new(0);
    let asked = |job: &mut ImportFile, delimiter| {
        job.file.reading.encoding = Some("utf-8".parse().unwrap());
        job.file.reading.delimiter = Some(delimiter);
        job.file.reading.quote = Some(manifold_jobs::import::Mark::Char('"'));
        job.file.reading.header_rows = Some(1);
        job.file.reading.skip_lines = Some(0);
    };
    let ran = runner.run(&file(), |text| {
        runtime.block_on(async {
            number.set(number.get() + 1);
            let number = number.get();
            let path = store.write(&format!("{number}.csv"), text);
            let mut job = store.import_of(&path);
            job.target.source = ImportSource::Named(format!("{number}"));
            asked(&mut job, ',');
            let imported = store.run(job).await.outcome.unwrap();
            for format in ExportFormat::ALL {
                let file = folder.path().join(format!("{number}.{format}"));
                let rows = of_snapshot(&imported.snapshot_id);
                run(&store, export(&store, rows, format, &file))
                    .await
                    .unwrap();
                let mut job = store.import_of(&file);
                job.target.source = ImportSource::Named(format!("{number} {format}"));
                match format {
                    ExportFormat::Csv => asked(&mut job, ','),
                    ExportFormat::Tsv => asked(&mut job, '\t'),
                    _ => {}
                }
                let back = store.run(job).await.outcome.unwrap();
                assert_eq!(back.rejected, 0, "{format}");
                let found = seen(&store, &back.snapshot_id).await.through(format);
                let expected = seen(&store, &imported.snapshot_id).await.through(format);
                assert_eq!(found, expected, "{format}");
            }
        });
        Ok(())
    });
    ran.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_say_what_happened() {
    let store = Store::with_key(&["id"]).await;
    let folder = tempfile::tempdir().unwrap();
    let first = store.import("id,v,gone\n1,a,x\n2,b,\n3,c,z\n").await;
    let second = store.import("id,v,op\n1,A,\n3,c,1\n4,d,\n").await;
    let changes = |since: &Imported, to: &Imported| ExportedRows::Changes {
        since_id: since.snapshot_id.parse().unwrap(),
        snapshot_id: to.snapshot_id.parse().unwrap(),
    };
    let path = folder.path().join("changes.csv");
    let rows = changes(&first, &second);
    let exported = run(
        &store,
        export(&store, rows.clone(), ExportFormat::Csv, &path),
    )
    .await
    .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.remove(0), "_op,id,v,op,gone");
    lines.sort_unstable();
    assert_eq!(lines, ["+,4,d,,", "-,2,b,,", "~,1,A,,"]);
    assert_eq!(exported.rows, 3);
    assert_eq!(exported.since_id.as_deref(), Some(&*first.snapshot_id));

    let job = export(&store, rows, ExportFormat::Jsonl, &path);
    let plan = Plan::of(&store.manager, &job, None, Observer::default())
        .await
        .unwrap();
    assert_eq!(plan.changes["rows"], 3);
    assert_eq!(plan.changes["columns"].as_array().unwrap().len(), 5);

    let none = export(&store, changes(&second, &second), ExportFormat::Csv, &path);
    assert_eq!(run(&store, none).await.unwrap().rows, 0);
    let newer = export(&store, changes(&second, &first), ExportFormat::Csv, &path);
    assert_eq!(run(&store, newer).await.unwrap_err().code(), "since_newer");
    let mut other = store.import_of(&store.write("other.csv", "id\n1\n"));
    other.target.source = ImportSource::Named("other".to_owned());
    let other = store.run(other).await.outcome.unwrap();
    let apart = export(&store, changes(&other, &second), ExportFormat::Csv, &path);
    assert_eq!(
        run(&store, apart).await.unwrap_err().code(),
        "different_sources"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_exported_with_what_is_known_of_its_columns() {
    let store = Store::new().await;
    let folder = tempfile::tempdir().unwrap();
    store.import("id,v\n1,a\n2,\n").await;
    let query = |sql: &str| ExportedRows::Query {
        sql: sql.to_owned(),
    };
    let path = folder.path().join("q.json");
    let sql = "SELECT id, v, id * 1.5 AS v, 9e999 AS inf, x'00ff' AS bytes FROM s ORDER BY id";
    let exported = run(
        &store,
        export(&store, query(sql), ExportFormat::Json, &path),
    )
    .await
    .unwrap();
    let types: Vec<_> = exported
        .columns
        .iter()
        .map(|column| column.column_type.as_deref())
        .collect();
    assert_eq!(types, [Some("integer"), Some("text"), None, None, None]);
    let read: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let tagged = (json!({ "$real": "inf" }), json!({ "$blob": "00ff" }));
    assert_eq!(
        read[1],
        json!({ "id": 2, "v": null, "v_2": 3.0, "inf": tagged.0, "bytes": tagged.1 })
    );
    assert_eq!(exported.snapshot_id, None);
    for (sql, code) in [
        ("DELETE FROM s", "not_one_select"),
        ("SELECT no_such FROM s", "unknown_column"),
        ("SELECT json_extract('{', '$') FROM s", "query"),
    ] {
        let failed = run(&store, export(&store, query(sql), ExportFormat::Csv, &path)).await;
        assert_eq!(failed.unwrap_err().code(), code, "{sql}");
    }
    assert!(
        !std::fs::read(&path).unwrap().is_empty(),
        "what was there stays"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_says_what_is_in_the_file() {
    let store = Store::with_key(&["id"]).await;
    let folder = tempfile::tempdir().unwrap();
    let imported = store
        .import("id,day,ok,boss\n1,31/12/2024,yes,\n2,30/12/2024,no,1\n")
        .await;
    let path = folder.path().join("My staff.csv");
    let rows = of_snapshot(&imported.snapshot_id);
    let exported = run(
        &store,
        export(&store, rows.clone(), ExportFormat::Csv, &path),
    )
    .await
    .unwrap();
    let beside = folder.path().join("My staff.csv.datapackage.json");
    assert_eq!(exported.datapackage, Some(Location::Folder(beside.clone())));
    let read: Json = serde_json::from_slice(&std::fs::read(&beside).unwrap()).unwrap();
    let resource = &read["resources"][0];
    assert_eq!(
        (&read["name"], &resource["path"]),
        (&json!("my-staff"), &json!("My staff.csv"))
    );
    assert_eq!(resource["bytes"], exported.size_bytes);
    assert_eq!(resource["hash"], exported.hash);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&std::fs::read(&path).unwrap());
    assert_eq!(
        exported.hash,
        format!("blake3:{}", hasher.finalize().to_hex())
    );
    assert_eq!(
        resource["schema"]["fields"],
        json!([
            { "name": "id", "type": "integer" },
            { "name": "day", "type": "date" },
            { "name": "ok", "type": "boolean", "trueValues": ["yes"], "falseValues": ["no"] },
            { "name": "boss", "type": "integer" },
        ])
    );
    assert_eq!(resource["schema"]["primaryKey"], json!(["id"]));
    assert_eq!(read["manifold"]["snapshot"]["number"], 1);
    assert_eq!(read["manifold"]["source"]["name"], "s");

    let bare = ExportData {
        described: false,
        ..export(
            &store,
            rows,
            ExportFormat::Csv,
            &folder.path().join("bare.csv"),
        )
    };
    assert_eq!(run(&store, bare).await.unwrap().datapackage, None);
    assert!(!folder.path().join("bare.csv.datapackage.json").exists());
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_or_refused_leaves_nothing() {
    let store = Store::new().await;
    let folder = tempfile::tempdir().unwrap();
    let imported = store.import("id\n1\n2\n").await;
    let rows = of_snapshot(&imported.snapshot_id);
    for format in ExportFormat::ALL {
        let job = export(&store, rows.clone(), format, &folder.path().join("out"));
        let cancel = CancellationToken::new();
        cancel.cancel();
        let (observer, _) = Observer::new(cancel);
        let finished = run_foreground(&store.manager, job, None, observer)
            .await
            .unwrap();
        assert!(
            matches!(finished.outcome, Err(JobError::Cancelled)),
            "{format}"
        );
        assert_eq!(names(folder.path()), Vec::<PathBuf>::new(), "{format}");
    }
    let inside = store.manager.layout().root().join("out.csv");
    for (path, code) in [
        (folder.path().to_owned(), "file_is_folder"),
        (folder.path().join("none/out.csv"), "io"),
        (inside, "invalid_value"),
    ] {
        let failed = run(
            &store,
            export(&store, rows.clone(), ExportFormat::Csv, &path),
        )
        .await;
        assert_eq!(failed.unwrap_err().code(), code, "{}", path.display());
    }
    let gone = export(
        &store,
        of_snapshot("0198f3c1d2e47a6b8c9d0e1f2a3b4c5d"),
        ExportFormat::Csv,
        &folder.path().join("out.csv"),
    );
    assert_eq!(run(&store, gone).await.unwrap_err().code(), "not_found");
    assert_eq!(names(folder.path()), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_not_needed_to_export_what_was_imported_before() {
    let store = Store::new().await;
    let folder = tempfile::tempdir().unwrap();
    let first = store.import("id\n1\n").await;
    let second = store.import("id\n2\n").await;
    let path = folder.path().join("s.csv");
    for (imported, text) in [(&first, "id\n1\n"), (&second, "id\n2\n")] {
        let rows = of_snapshot(&imported.snapshot_id);
        run(&store, export(&store, rows, ExportFormat::Csv, &path))
            .await
            .unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    let original = ExportedRows::Original {
        snapshot_id: first.snapshot_id.parse().unwrap(),
    };
    let exported = run(&store, export(&store, original, ExportFormat::Csv, &path))
        .await
        .unwrap();
    assert_eq!((exported.rows, exported.original), (1, true));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "id\n1\n");
    let sources = DataSources::new(store.manager.clone());
    assert_eq!(sources.list(&store.project).await.unwrap().len(), 1);
}
