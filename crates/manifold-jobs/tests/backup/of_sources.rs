//! Backups with the rows of some sources alone.

use std::path::Path;

use entity_core::TableCount;
use entity_core::enums::{BackupState, BackupType};
use manifold_jobs::backup::{BackupSource, Extent};
use manifold_jobs::jobs::{BackupProject, RestoreTarget, VerifyBackup};
use manifold_store::{Backups, Contents, DatabaseId, DatabaseManager as _, Doctor, Projects};

use crate::store::{Store, as_new, id, place, without_identity};

/// Those that save some sources.
const TYPES: [BackupType; 2] = [BackupType::Csv, BackupType::Full];

const ODD: &str = "🚀 \"odd\"";

async fn source_id(store: &Store, name: &str) -> String {
    let found = store.sources().find(&store.project, name).await.unwrap();
    found.id
}

async fn of_sources(store: &Store, backup_type: BackupType, names: &[&str]) -> BackupProject {
    let mut sources = Vec::new();
    for name in names {
        sources.push(source_id(store, name).await);
    }
    BackupProject {
        sources: Some(sources),
        ..BackupProject::new(store.project.clone(), backup_type)
    }
}

/// What a project holds of some sources, table by table.
async fn held(store: &Store, sources: &[String]) -> Vec<TableCount> {
    let project = DatabaseId::Project(store.project.clone());
    let frozen = store.manager.freeze(project).await.unwrap();
    let tables = frozen.tables(Contents::OfSources(sources)).unwrap();
    let hashes = tables.iter().map(|table| frozen.hash(table).unwrap());
    hashes.collect()
}

fn rows(tables: &[TableCount], name: &str) -> i64 {
    let found = tables.iter().find(|table| table.name == name);
    found.map_or(0, |table| table.rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_back_to_the_bit_and_the_others_are_empty() {
    let store = Store::rich().await;
    let orders = [source_id(&store, "orders").await];
    let (whole, saved) = (
        store.tables(&store.project).await,
        held(&store, &orders).await,
    );
    assert_eq!(
        (rows(&whole, "snapshots"), rows(&saved, "snapshots")),
        (3, 2)
    );
    assert!(rows(&saved, "d1") > 60 && rows(&saved, "rejected_rows") > 0);
    let mut shown = store.views(&store.project).await;
    shown.retain(|row| row.starts_with("orders"));
    for backup_type in TYPES {
        for compress in [false, true] {
            let mut job = of_sources(&store, backup_type, &["orders"]).await;
            job.options.compress = compress;
            let backup = store.run(job).await.unwrap();
            assert_eq!(backup.tables.as_ref().unwrap().0, saved, "{backup_type}");
            assert_eq!(
                (
                    backup.with_data,
                    backup.data_source_count,
                    backup.snapshot_count
                ),
                (false, Some(3), Some(2))
            );
            assert_eq!(backup.total_records, Some(rows(&saved, "d1")));
            let of_orders = Extent::Tables(["d1".to_owned()].into());
            assert_eq!(Extent::of(&backup), of_orders);
            let source = BackupSource::open(Path::new(&backup.location)).unwrap();
            let named = source.manifest().sources.as_ref().unwrap();
            assert_eq!((named.len(), named[0].name.as_str()), (1, "orders"));
            assert!(store.verify(&backup).await.ok);
            let drilled = store
                .run(VerifyBackup {
                    depth: manifold_jobs::jobs::Depth::Drill,
                    ..VerifyBackup::new(place(&backup))
                })
                .await
                .unwrap();
            assert!(drilled.ok, "{drilled:?}");

            let name = format!("{backup_type} {compress}");
            let restored = store.restore(place(&backup), as_new(&name)).await.unwrap();
            let project = id(&restored);
            let back = store.tables(&project).await;
            let mut back = without_identity(&back);
            back.retain(|table| table.rows > 0 || table.name != "job_cursors");
            assert_eq!(back, without_identity(&saved), "{name}");
            assert_eq!(store.views(&project).await, shown, "{name}");

            // No number of a version is given again, and no row of one that was not saved is in the way.
            let before = store.sources().find(&project, ODD).await.unwrap();
            store.import_into(&project, ODD, "a,b\n7,8\n").await;
            let after = store.sources().find(&project, ODD).await.unwrap();
            assert_eq!(after.next_number, before.next_number + 1);
            store
                .import_into(&project, "orders", "id,name,price,note\n1,new,1.00,\n")
                .await;
        }
    }
    let projects = Projects::new(&store.manager);
    let project = projects.find(store.project.as_str()).await.unwrap();
    let proven = project.last_proven_restore_at;
    assert!(proven.is_none(), "all of the project was never restored");
    let examined = Doctor::new(&store.manager).examine().await.unwrap();
    assert!(examined.findings.is_empty(), "{:?}", examined.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_every_source_holds_what_a_whole_one_does() {
    let store = Store::rich().await;
    let names = ["empty", ODD, "orders", "orders"];
    for backup_type in TYPES {
        let job = of_sources(&store, backup_type, &names).await;
        let backup = store.run(job).await.unwrap();
        let mut whole = store.tables(&store.project).await;
        whole.retain(|table| table.name != "job_cursors");
        assert_eq!(backup.tables.as_ref().unwrap().0, whole);
        let source = BackupSource::open(Path::new(&backup.location)).unwrap();
        assert_eq!(source.manifest().sources.as_ref().unwrap().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cell_of_another_source_is_in_its_files() {
    let store = Store::rich().await;
    let secret = "a-very-secret-cell";
    store
        .import("hidden", &format!("id\n{secret}\n\"{secret}\n"))
        .await;
    for backup_type in TYPES {
        let job = of_sources(&store, backup_type, &["orders", ODD]).await;
        let backup = store.run(job).await.unwrap();
        for name in crate::store::names(backup.location.as_ref()) {
            let bytes = std::fs::read(Path::new(&backup.location).join(&name)).unwrap();
            let mut windows = bytes.windows(secret.len());
            let found = windows.any(|window| window == secret.as_bytes());
            assert!(!found, "{backup_type}: {name} holds a cell");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_replaces_no_project_in_place() {
    let store = Store::rich().await;
    let before = store.tables(&store.project).await;
    for names in [&["orders"][..], &["orders", ODD, "empty"]] {
        let job = of_sources(&store, TYPES[0], names).await;
        let backup = store.run(job).await.unwrap();
        let refused = store.restore(place(&backup), RestoreTarget::InPlace).await;
        let error = refused.unwrap_err();
        assert_eq!(error.code(), "backup_of_sources", "{error}");
        assert!(error.to_string().contains("orders"), "{error}");
    }
    assert_eq!(store.tables(&store.project).await, before);
    assert!(store.staged().is_empty(), "{:?}", store.staged());
}

#[tokio::test(flavor = "multi_thread")]
async fn types_that_hold_all_sources_are_refused() {
    let store = Store::rich().await;
    for backup_type in [BackupType::Sqlite, BackupType::Incremental] {
        let job = of_sources(&store, backup_type, &["orders"]).await;
        let error = store.run(job).await.unwrap_err();
        assert_eq!(error.code(), "unsupported_backup_type", "{error}");
    }
    let listed = Backups::new(&store.manager).list(None).await.unwrap();
    assert!(listed.is_empty() && store.in_backups().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_gone_is_an_error_and_not_left_out() {
    let store = Store::rich().await;
    let job = of_sources(&store, TYPES[1], &["orders", ODD]).await;
    let odd = source_id(&store, ODD).await.parse().unwrap();
    let trash = manifold_store::SourceTrash::new(&store.manager);
    trash.delete(&store.project, &odd, |_| {}).await.unwrap();
    let error = store.run(job).await.unwrap_err();
    assert_eq!(error.code(), "not_found", "{error}");
    assert!(error.to_string().contains(odd.as_str()), "{error}");
    let listed = Backups::new(&store.manager).list(None).await.unwrap();
    assert!(listed.iter().all(|row| row.state == BackupState::Failed));
    assert!(store.in_backups().is_empty(), "{:?}", store.in_backups());
}

/// The store writes the same as a database file.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_some_sources_is_a_project_by_itself() {
    let store = Store::rich().await;
    let orders = [source_id(&store, "orders").await];
    let saved = held(&store, &orders).await;
    let project = DatabaseId::Project(store.project.clone());
    let frozen = store.manager.freeze(project).await.unwrap();
    let path = store.folder.path().join("orders.db");
    frozen.copy_to(&path, Contents::OfSources(&orders)).unwrap();
    let adopted = Projects::new(&store.manager)
        .adopt(
            &path,
            &manifold_store::AdoptOptions {
                name: Some("adopted".to_owned()),
                redact_secrets: false,
            },
            manifold_store::CopyWatch::unwatched(),
        )
        .await
        .unwrap();
    let adopted = Projects::id(&adopted.project).unwrap();
    let mut back = without_identity(&store.tables(&adopted).await);
    back.retain(|table| table.name != "job_cursors");
    assert_eq!(back, without_identity(&saved));
}
