//! Files in every format, imported again.

use super::*;

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
