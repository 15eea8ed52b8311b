//! What was saved comes back, to the bit.

use entity_core::enums::{BackupState, BackupType};
use manifold_jobs::backup::{BackupOptions, BackupPlace, BackupSource};
use manifold_jobs::jobs::BackupProject;
use manifold_jobs::{Observer, run_foreground};
use tokio_util::sync::CancellationToken;

use crate::store::{Store, TYPES, as_new, id, place, without_identity};

#[tokio::test(flavor = "multi_thread")]
async fn how_many_rows_there_are_is_told_in_the_end() {
    let store = Store::rich().await;
    for backup_type in [BackupType::Sqlite, BackupType::Csv, BackupType::Full] {
        for without_data in [false, true] {
            let mut job = BackupProject::new(store.project.clone(), backup_type);
            job.options.without_data = without_data;
            let (observer, latest) = Observer::new(CancellationToken::new());
            let ran = run_foreground(&store.manager, job, None, observer);
            ran.await.unwrap().outcome.unwrap();
            let last = latest.borrow().clone();
            let what = format!("{backup_type} {without_data}: {last:?}");
            assert_eq!(last.unit, "rows", "{what}");
            assert_eq!(last.total, Some(last.done), "{what}");
            assert!(last.done > 0, "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_brings_back_every_table() {
    let store = Store::rich().await;
    let saved = store.tables(&store.project).await;
    assert!(
        saved
            .iter()
            .any(|table| table.name == "rejected_rows" && table.rows > 0)
    );
    assert!(
        saved
            .iter()
            .any(|table| table.name == "row_quirks" && table.rows > 1)
    );
    assert!(
        saved
            .iter()
            .any(|table| table.name == "original_parts" && table.rows > 0)
    );
    let (schema, views) = (
        store.schema(&store.project).await,
        store.views(&store.project).await,
    );
    assert!(views.len() > 4, "{views:?}");
    for backup_type in TYPES {
        for compress in [false, true] {
            let mut job = BackupProject::new(store.project.clone(), backup_type);
            job.options = BackupOptions {
                compress,
                without_data: false,
            };
            let backup = store.run(job).await.unwrap();
            assert_eq!(backup.state, BackupState::Completed);
            assert_eq!(backup.data_source_count, Some(3));
            assert_eq!(backup.snapshot_count, Some(3));
            assert_eq!(backup.tables.as_ref().unwrap().0, saved, "{backup_type}");

            let verified = store.verify(&backup).await;
            assert!(verified.ok, "{verified:?}");

            let name = format!("{backup_type} {compress}");
            let restored = store.restore(place(&backup), as_new(&name)).await.unwrap();
            assert_eq!(restored.project_name, name);
            assert_eq!(restored.tables.len(), saved.len());
            assert!(restored.tables.iter().all(|table| table.hash_equal));
            let project = id(&restored);
            let back = store.tables(&project).await;
            assert_eq!(without_identity(&back), without_identity(&saved), "{name}");
            assert_eq!(store.schema(&project).await, schema, "{name}");
            assert_eq!(store.views(&project).await, views, "{name}");

            // The versions go on where they stopped: 3 was deleted.
            let orders = store.sources().find(&project, "orders").await.unwrap();
            store
                .import_into(&project, "orders", "id,name,price,note\n1,new,1.00,\n")
                .await;
            let after = store.sources().find(&project, "orders").await.unwrap();
            assert_eq!((orders.next_number, after.next_number), (4, 5));
        }
    }
    assert!(store.staged().is_empty(), "{:?}", store.staged());
    assert_eq!(store.in_backups().len(), 6, "{:?}", store.in_backups());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_restored_from_its_folder_without_the_hub() {
    let store = Store::rich().await;
    for backup_type in TYPES {
        let backup = store.back_up(backup_type).await;
        let elsewhere = Store::new().await;
        let folder = BackupPlace::Folder(backup.location.into());
        let restored = elsewhere.restore(folder, as_new("guest")).await.unwrap();
        let back = elsewhere.tables(&id(&restored)).await;
        assert_eq!(
            without_identity(&back),
            without_identity(&store.tables(&store.project).await)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_have_names_that_people_know() {
    let store = Store::rich().await;
    let backup = store.back_up(manifold_store_type("csv")).await;
    let source = BackupSource::open(backup.location.as_ref()).unwrap();
    let names: Vec<_> = source
        .manifest()
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    assert!(
        names.contains(&"orders-d1.csv") && names.contains(&"___odd_-d2.csv"),
        "{names:?}"
    );
    let orders = std::fs::read(source.folder().join("orders-d1.csv")).unwrap();
    assert!(
        orders.starts_with(b"_rid,_to,_pos,id,name,price,note"),
        "{:?}",
        String::from_utf8_lossy(&orders)
    );
    let folder = source.folder().file_name().unwrap().to_str().unwrap();
    assert!(
        folder.starts_with("Ça_va_-__x_-csv-2") && folder.ends_with(&backup.id[24..]),
        "{folder}"
    );
    assert_eq!(
        source.manifest().total_records,
        backup.total_records.unwrap()
    );
}

fn manifold_store_type(name: &str) -> BackupType {
    name.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_attempt_finds_what_the_first_completed() {
    let store = Store::rich().await;
    let job = BackupProject::new(store.project.clone(), manifold_store_type("full"));
    let first = store.run(job.clone()).await.unwrap();
    let second = store.run(job).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(store.in_backups().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_number_of_a_rejected_record_is_given_again() {
    let store = Store::rich().await;
    store.sql("DELETE FROM rejected_rows WHERE id = (SELECT max(id) FROM rejected_rows)");
    let highest = "SELECT seq FROM sqlite_sequence WHERE name = 'rejected_rows'";
    let read = |file: &std::path::Path| -> i64 {
        let connection = rusqlite::Connection::open(file).unwrap();
        connection.query_row(highest, [], |row| row.get(0)).unwrap()
    };
    let given = read(&store.file());
    assert!(given > 0);
    for backup_type in TYPES {
        for without_data in [false, true] {
            let mut job = BackupProject::new(store.project.clone(), backup_type);
            job.options = BackupOptions {
                compress: false,
                without_data,
            };
            let backup = store.run(job).await.unwrap();
            let name = format!("{backup_type} {without_data}");
            let restored = store.restore(place(&backup), as_new(&name)).await.unwrap();
            let file = store.manager.layout().spoke(&id(&restored).namespace());
            assert_eq!(read(&file), given, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_holds_no_deleted_source() {
    let store = Store::rich().await;
    let orders = store
        .sources()
        .find(&store.project, "orders")
        .await
        .unwrap();
    let trash = manifold_store::SourceTrash::new(&store.manager);
    let source = orders.id.parse().unwrap();
    trash.delete(&store.project, &source, |_| {}).await.unwrap();
    let saved = store.tables(&store.project).await;
    assert!(
        saved
            .iter()
            .all(|table| !table.name.contains("trash") && table.name != "d1")
    );
    for backup_type in TYPES {
        let backup = store.back_up(backup_type).await;
        assert_eq!(backup.data_source_count, Some(2));
        assert!(store.verify(&backup).await.ok);
        let restored = store
            .restore(place(&backup), as_new(&backup_type.to_string()))
            .await
            .unwrap();
        let back = store.tables(&id(&restored)).await;
        assert_eq!(without_identity(&back), without_identity(&saved));
        assert!(trash.list(&id(&restored)).await.unwrap().is_empty());
    }
    trash
        .undelete(&store.project, "orders", None)
        .await
        .unwrap();
}
