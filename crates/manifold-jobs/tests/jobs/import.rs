//! The first import of a file.

use std::io::Write as _;

use entity_core::enums::{JobState, LogLevel};
use entity_project::{original_parts, rejected_rows, row_quirks, snapshots};
use manifold_jobs::import::Reading;
use manifold_jobs::{Observer, run_foreground};
use manifold_store::{DatabaseManager as _, Projects};
use sea_orm::EntityTrait as _;
use tokio_util::sync::CancellationToken;

use crate::store::Store;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_becomes_a_snapshot() {
    let store = Store::new().await;
    let path = store.write(
        "trips.csv",
        "id,name,price\n1,\"a, b\",2.50\n2,,3.00\n3,c,1.25\n",
    );
    let finished = store.run(store.import_of(&path)).await;
    let imported = finished.outcome.unwrap();
    assert_eq!(
        (imported.number, imported.row_count, imported.added),
        (1, 3, 3)
    );
    assert_eq!(
        (
            imported.unchanged,
            imported.removed,
            imported.rejected,
            imported.padded
        ),
        (false, 0, 0, 0)
    );
    let columns: Vec<_> = imported
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.column_type.as_str()))
        .collect();
    assert_eq!(
        columns,
        [("id", "integer"), ("name", "text"), ("price", "decimal")]
    );
    assert_eq!(imported.columns[2].format.as_deref(), Some("2"));
    assert_eq!(
        store.rows(&imported.snapshot_id).await,
        ["1|a, b|2.5", "2|-|3", "3|c|1.25"]
    );

    let job = finished.job;
    assert_eq!(
        (job.kind.as_str(), job.state),
        ("import_file", JobState::Completed)
    );
    assert_eq!(job.project_id.as_deref(), Some(store.project.as_str()));
    let result = job.result.unwrap();
    assert_eq!(result["snapshot_id"], imported.snapshot_id);
    assert_eq!(
        (&result["row_count"], &result["unchanged"]),
        (&3.into(), &false.into())
    );
    assert_eq!(job.payload["file_name"], "trips.csv");

    let snapshot = store.manager.project(&store.project).await.unwrap();
    let snapshot = snapshot
        .one(snapshots::Entity::find())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(snapshot.job_id.as_deref(), Some(job.id.as_str()));
    assert!(snapshot.input_hash.starts_with("blake3:"));
    assert_eq!(
        snapshot.input_bytes,
        std::fs::metadata(&path).unwrap().len() as i64
    );
    let project = Projects::new(&store.manager).find("p").await.unwrap();
    assert_eq!((project.snapshot_count, project.row_count), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_and_quirks_are_kept() {
    let store = Store::new().await;
    let bytes = "a,b\r\n1,x\r\n\r\n2\r\n3,y,z\r\n\"4\",w\n5,\"open\r\n6,v\r\n";
    let finished = store
        .run(store.import_of(&store.write("odd.csv", bytes)))
        .await;
    let imported = finished.outcome.unwrap();
    assert_eq!(
        (imported.row_count, imported.rejected, imported.padded),
        (3, 2, 1)
    );
    let reasons: Vec<_> = imported
        .rejects
        .iter()
        .map(|reject| (reject.line, reject.reason.as_str()))
        .collect();
    assert_eq!(reasons[0], (5, "3 fields for 2 columns"));
    assert_eq!(reasons[1].0, 7);
    assert!(reasons[1].1.contains("not closed"), "{}", reasons[1].1);
    assert_eq!(
        store.rows(&imported.snapshot_id).await,
        ["1|x", "2|-", "4|w"]
    );

    let spoke = store.manager.project(&store.project).await.unwrap();
    let rejected = spoke.all(rejected_rows::Entity::find()).await.unwrap();
    let kept: Vec<_> = rejected
        .iter()
        .map(|reject| (reject.line, reject.raw.as_slice()))
        .collect();
    assert_eq!(
        kept,
        [(5, b"3,y,z\r\n".as_slice()), (7, b"5,\"open\r\n6,v\r\n")]
    );
    // Most rows are special, so the input is kept instead of what is special about them.
    assert_eq!(
        spoke.count(original_parts::Entity::find()).await.unwrap(),
        1
    );
    assert_eq!(spoke.count(row_quirks::Entity::find()).await.unwrap(), 0);
    let logs = store
        .jobs()
        .logs(&finished.job.id.parse().unwrap())
        .await
        .unwrap();
    assert!(
        logs.iter()
            .any(|line| line.level == LogLevel::Warn && line.message.contains("2 records"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_file_reads_like_the_file() {
    let store = Store::new().await;
    let bytes = b"a,b\n1,x\n2,y\n";
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).unwrap();
    let path = store.write("packed.csv.gz", packed.finish().unwrap());
    let imported = store.run(store.import_of(&path)).await.outcome.unwrap();
    assert_eq!(store.rows(&imported.snapshot_id).await, ["1|x", "2|y"]);

    let again = store.run(store.import_of(&path)).await.outcome.unwrap();
    assert!(again.unchanged && again.snapshot_id == imported.snapshot_id);
    let plain = store.import(bytes).await;
    assert!(plain.unchanged, "it is known by its unpacked bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_as_told() {
    let store = Store::new().await;
    let mut job = store.import_of(&store.write("a.txt", "1;x\n2;y\n3\n"));
    job.file.reading = Reading {
        delimiter: Some(';'),
        header_rows: Some(0),
        strict: true,
        ..Reading::default()
    };
    let imported = store.run(job).await.outcome.unwrap();
    let names: Vec<_> = imported
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names, ["column_1", "column_2"]);
    assert_eq!(store.rows(&imported.snapshot_id).await, ["1|x", "2|y"]);
    assert_eq!((imported.rejected, imported.padded), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_names_and_dates_lack_is_said() {
    let store = Store::new().await;
    let finished = store
        .run(store.import_of(&store.write("n.csv", "a,a,,when\n1,2,3,01/02/2024\n")))
        .await;
    let imported = finished.outcome.unwrap();
    let names: Vec<_> = imported
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.renamed_from.as_deref()))
        .collect();
    assert_eq!(
        names,
        [
            ("a", None),
            ("a_2", Some("a")),
            ("column_3", Some("")),
            ("when", None)
        ]
    );
    assert!(imported.columns[3].ambiguous_date);
    let logs = store
        .jobs()
        .logs(&finished.job.id.parse().unwrap())
        .await
        .unwrap();
    assert!(
        logs.iter()
            .any(|line| line.message.contains("`a` is shown as `a_2`"))
    );
    assert!(
        logs.iter()
            .any(|line| line.message.contains("`when` stays text"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_bytes_stay_what_they_are() {
    let store = Store::new().await;
    let imported = store.import(b"\xef\xbb\xbfa,b\n1,\xff\xfe\n2,x\0y\n").await;
    assert_eq!(imported.columns[0].name, "a");
    assert_eq!(
        store.rows(&imported.snapshot_id).await,
        ["1|[ff, fe]", "2|x\0y"]
    );
    assert_eq!(imported.odd_cells, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_alone_is_a_snapshot_without_rows() {
    let store = Store::new().await;
    let imported = store.import("a,b\n").await;
    assert_eq!((imported.row_count, imported.columns.len()), (0, 2));
    assert!(store.rows(&imported.snapshot_id).await.is_empty());
}

/// A column that looks like one type in the sample and turns out to be another is encoded anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_surprise_loses_nothing() {
    let store = Store::new().await;
    let mut bytes = String::from("n,m\n");
    let mut expected = Vec::new();
    for n in 0..6_000 {
        // Behind the sample of 4,096 rows the integers become decimals, and the others texts.
        let (a, b) = if n < 5_000 {
            (n.to_string(), n.to_string())
        } else {
            (format!("{n}.5"), format!("00{n}"))
        };
        bytes.push_str(&format!("{a},{b}\n"));
        expected.push(format!("{a}|{b}"));
    }
    let imported = store.import(&bytes).await;
    let types: Vec<_> = imported
        .columns
        .iter()
        .map(|column| column.column_type.as_str())
        .collect();
    assert_eq!(types[1], "text");
    assert_eq!(store.rows(&imported.snapshot_id).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_seen_and_cancel_takes_everything_back() {
    let store = Store::new().await;
    let mut bytes = String::from("a,b\n");
    for n in 0..300_000 {
        bytes.push_str(&format!("{n},row number {n}\n"));
    }
    let path = store.write("long.csv", &bytes);
    let before = store.dump();
    let token = CancellationToken::new();
    let (observer, mut progress) = Observer::new(token.clone());
    let running = run_foreground(
        &store.manager,
        store.import_of(&path),
        Some(store.project.clone()),
        observer,
    );
    let stop = async {
        // More than one batch is on the disk by then.
        let seen = progress
            .wait_for(|latest| latest.rows.is_some_and(|rows| rows > 120_000))
            .await
            .unwrap()
            .clone();
        token.cancel();
        seen
    };
    let (finished, seen) = tokio::join!(running, stop);
    assert_eq!((seen.unit, seen.total), ("bytes", Some(bytes.len() as u64)));
    assert!(seen.done > 0 && seen.step == "reading");
    let finished = finished.unwrap();
    assert_eq!(finished.outcome.unwrap_err().code(), "cancelled");
    assert_eq!(finished.job.state, JobState::Cancelled);
    assert_eq!(finished.job.unit.as_deref(), Some("bytes"));
    assert_eq!(store.dump(), before, "nothing is left of it");

    let imported = store.run(store.import_of(&path)).await.outcome.unwrap();
    assert_eq!((imported.row_count, imported.number), (300_000, 1));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_to_which_nothing_happened_is_not_read_again() {
    use std::os::unix::fs::MetadataExt as _;

    let store = Store::new().await;
    let text = "id,name\n".to_owned() + &"1,anna\n".repeat(20_000);
    let path = store.write("people.csv", &text);
    // A time of a file is trusted only when it is some seconds old.
    let fresh = store.run(store.import_of(&path)).await.outcome.unwrap();
    assert_eq!(fresh.seen, None);
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    let mut again = store.import_of(&path);
    again.target.always = true;
    let finished = store.run(again).await;
    let imported = finished.outcome.unwrap();
    assert!(imported.seen.is_some());
    let inode = std::fs::metadata(&path).unwrap().ino();
    assert_eq!(finished.job.result.unwrap()["seen"]["inode"], inode);
    // What is read gets another hash: this one is believed without being read.
    let change = |from: &str, to: &str| {
        let hub = rusqlite::Connection::open(store.manager.layout().core()).unwrap();
        let sql = "UPDATE jobs SET result = json_replace(result, '$.seen.' || ?1, ?2) WHERE result ->> '$.seen.inode' IS NOT NULL";
        assert_eq!(hub.execute(sql, [from, to]).unwrap(), 1);
    };
    let spoke = rusqlite::Connection::open(store.spoke()).unwrap();
    let hash = |to: &str| {
        let sql = "UPDATE snapshots SET input_hash = ?1 WHERE number = 2";
        assert_eq!(spoke.execute(sql, [to]).unwrap(), 1);
    };
    hash("blake3:of another file");
    let same = store.run(store.import_of(&path)).await.outcome.unwrap();
    assert!(same.unchanged);
    // Where its beginning is another, its bytes are not compared at all.
    change("head_hash", "blake3:of another beginning");
    let other = store.run(store.import_of(&path)).await.outcome.unwrap();
    assert!(!other.unchanged);
}
