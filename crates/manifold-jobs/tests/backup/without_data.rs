//! Backups of the catalogue alone.

use manifold_jobs::backup::BackupOptions;
use manifold_jobs::jobs::{BackupProject, RestoreTarget};
use manifold_store::Projects;

use crate::store::{Store, TYPES, as_new, id, place};

#[tokio::test(flavor = "multi_thread")]
async fn its_sources_are_empty_and_can_be_imported_into() {
    let store = Store::rich().await;
    let saved = store.tables(&store.project).await;
    let hash = |tables: &[entity_core::TableCount], name: &str| {
        tables
            .iter()
            .find(|table| table.name == name)
            .unwrap()
            .hash
            .clone()
    };
    for backup_type in TYPES {
        let mut job = BackupProject::new(store.project.clone(), backup_type);
        job.options = BackupOptions {
            without_data: true,
            compress: backup_type == TYPES[0],
        };
        let backup = store.run(job).await.unwrap();
        assert_eq!(
            (
                backup.with_data,
                backup.total_records,
                backup.snapshot_count
            ),
            (false, Some(0), Some(0))
        );
        assert_eq!(backup.data_source_count, Some(3));
        assert!(store.verify(&backup).await.ok);

        let name = format!("empty {backup_type}");
        let project = id(&store.restore(place(&backup), as_new(&name)).await.unwrap());
        let tables = store.tables(&project).await;
        for table in [
            "data_sources",
            "relationships",
            "consolidated_models",
            "source_columns",
        ] {
            assert_eq!(hash(&tables, table), hash(&saved, table), "{table}");
        }
        for table in [
            "snapshots",
            "snapshot_columns",
            "published",
            "rejected_rows",
            "row_quirks",
            "original_parts",
            "import_history",
        ] {
            assert_eq!(
                tables
                    .iter()
                    .find(|found| found.name == table)
                    .unwrap()
                    .rows,
                0,
                "{table}"
            );
        }
        assert!(
            tables.iter().all(|table| !table.name.starts_with("d1")),
            "{tables:?}"
        );
        assert!(store.views(&project).await.is_empty());

        store
            .import_into(&project, "orders", "id,name\n7,x\n8,y\n")
            .await;
        let source = store.sources().find(&project, "orders").await.unwrap();
        assert_eq!(source.next_number, 5, "a number was given again");
        assert_eq!(store.views(&project).await.len(), 2);
        let shown = Projects::new(&store.manager).find(&name).await.unwrap();
        assert_eq!(
            (shown.source_count, shown.snapshot_count, shown.row_count),
            (3, 1, 2)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cell_is_in_its_files() {
    let store = Store::rich().await;
    store
        .import("orders", "id,name\n1,a-very-secret-cell\n")
        .await;
    for backup_type in TYPES {
        let mut job = BackupProject::new(store.project.clone(), backup_type);
        job.options.without_data = true;
        let backup = store.run(job).await.unwrap();
        for name in crate::store::names(backup.location.as_ref()) {
            let bytes = std::fs::read(std::path::Path::new(&backup.location).join(&name)).unwrap();
            let found = bytes
                .windows(18)
                .any(|window| window == b"a-very-secret-cell");
            assert!(!found, "{backup_type}: {name} holds a cell");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_empties_a_project_in_place() {
    let store = Store::rich().await;
    let mut job = BackupProject::new(store.project.clone(), TYPES[2]);
    job.options.without_data = true;
    let backup = store.run(job).await.unwrap();
    store
        .restore(place(&backup), RestoreTarget::InPlace)
        .await
        .unwrap();
    assert!(store.views(&store.project).await.is_empty());
    store.import("orders", "id\n1\n").await;
}
