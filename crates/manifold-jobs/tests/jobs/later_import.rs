//! Later imports into the same source.

use entity_project::snapshots;
use manifold_store::DatabaseManager as _;
use sea_orm::EntityTrait as _;

use crate::store::Store;

async fn snapshots(store: &Store) -> u64 {
    store
        .manager
        .project(&store.project)
        .await
        .unwrap()
        .count(snapshots::Entity::find())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_makes_no_snapshot() {
    let store = Store::new().await;
    let bytes = "a,b\n1,x\n2\n";
    let first = store.import(bytes).await;
    let path = store.write("other name.csv", bytes);
    let finished = store.run(store.import_of(&path)).await;
    let again = finished.outcome.unwrap();
    assert!(again.unchanged);
    assert_eq!((again.snapshot_id, again.number), (first.snapshot_id, 1));
    assert_eq!(
        (again.row_count, again.padded, again.added, again.removed),
        (2, 1, 0, 0)
    );
    assert_eq!(finished.job.result.unwrap()["unchanged"], true);
    assert_eq!(snapshots(&store).await, 1);

    let mut always = store.import_of(&path);
    always.target.always = true;
    let forced = store.run(always).await.outcome.unwrap();
    assert_eq!(
        (
            forced.unchanged,
            forced.number,
            forced.added,
            forced.removed
        ),
        (false, 2, 0, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_read_otherwise_are_another_snapshot() {
    let store = Store::new().await;
    let path = store.write("a.csv", "a;b,c\n1;x,2\n3;4\n");
    let mut job = store.import_of(&path);
    job.file.reading.delimiter = Some(',');
    let first = store.run(job.clone()).await.outcome.unwrap();
    job.file.reading.delimiter = Some(';');
    let second = store.run(job.clone()).await.outcome.unwrap();
    assert!(!second.unchanged && second.number == 2);
    assert_eq!(store.rows(&second.snapshot_id).await, ["1|x,2", "3|4"]);
    assert_eq!(
        store.rows(&first.snapshot_id).await,
        ["1;x|2", "3;4|-"],
        "the older snapshot is as it was"
    );
    assert!(store.run(job.clone()).await.outcome.unwrap().unchanged);
    job.file.reading.strict = true;
    assert_eq!(store.run(job).await.outcome.unwrap().number, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_counted_by_key() {
    let store = Store::with_key(&["id"]).await;
    let first = store.import("id,v\n1,a\n2,b\n3,c\n").await;
    assert_eq!(first.duplicate_keys, Some(0));
    let second = store.import("id,v\n1,a\n2,B\n4,d\n4,e\n").await;
    assert_eq!((second.number, second.row_count), (2, 4));
    assert_eq!((second.added, second.removed, second.changed), (2, 1, 1));
    assert_eq!(second.duplicate_keys, Some(1));
    assert_eq!(
        store.rows(&second.snapshot_id).await,
        ["1|a", "2|B", "4|d", "4|e"]
    );
    assert_eq!(store.rows(&first.snapshot_id).await, ["1|a", "2|b", "3|c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_import_leaves_the_latest_snapshot() {
    let store = Store::new().await;
    let first = store.import("a,b\n1,x\n2,y\n").await;
    let before = store.dump();
    let mut bytes = String::from("a,b\n");
    for n in 0..10_000 {
        bytes.push_str(&format!("{n},row\n"));
    }
    bytes.push_str(&format!("1,\"{}\"\n", "x".repeat(3_000)));
    let settings = manifold_store::Settings::new(store.manager.core());
    settings
        .set(manifold_store::Setting::ImportMaxCell, "2048")
        .await
        .unwrap();
    let finished = store
        .run(store.import_of(&store.write("big.csv", &bytes)))
        .await;
    let error = finished.outcome.unwrap_err();
    assert_eq!(error.code(), "cell_too_large");
    let message = error.to_string();
    for part in [
        "big.csv",
        "line 10002",
        "column 2",
        "2048",
        "import.max_cell",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert_eq!(
        finished.job.error_message.as_deref(),
        Some(message.as_str())
    );
    assert_eq!(store.dump(), before);
    assert_eq!(store.rows(&first.snapshot_id).await, ["1|x", "2|y"]);
}

/// A pipe can be read only once, so nothing may look at it first.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_is_read_once() {
    let store = Store::new().await;
    let bytes = "a,b\n1,x\n";
    let first = store.import(bytes).await;
    let pipe = store.folder.path().join("pipe.csv");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for (bytes, unchanged) in [(bytes, true), ("a,b\n1,x\n2,y\n", false)] {
        let writing = pipe.clone();
        let writer = std::thread::spawn(move || {
            use std::io::Write as _;
            let mut pipe = std::fs::File::options().write(true).open(writing).unwrap();
            pipe.write_all(bytes.as_bytes()).unwrap();
        });
        let imported = store.run(store.import_of(&pipe)).await.outcome.unwrap();
        writer.join().unwrap();
        assert_eq!(imported.unchanged, unchanged);
        assert_eq!(imported.snapshot_id == first.snapshot_id, unchanged);
    }
}
