//! Backups of an older schema, and tables of rows as imports make them.

use entity_core::enums::BackupType;
use manifold_jobs::backup::BackupSource;
use manifold_jobs::jobs::RestoreTarget;
use manifold_store::{Direction, Project, migrate};

use crate::damage::reseal;
use crate::store::{Store, as_new, id, place, without_identity};

/// A file as a program of the schema before made it.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_file_is_migrated() {
    let store = Store::rich().await;
    // The last migration made this table, so the schema before has none.
    let without_last = |mut tables: Vec<entity_core::TableCount>| {
        tables.retain(|table| table.name != "sync_states");
        tables
    };
    let saved = without_last(store.tables(&store.project).await);
    let backup = store.back_up(BackupType::Sqlite).await;
    let source = BackupSource::open(backup.location.as_ref()).unwrap();
    let file = source.folder().join("project.db");
    migrate::<Project>(&file, Direction::Down(1)).await.unwrap();
    let connection = rusqlite::Connection::open_with_flags_and_vfs(
        &file,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = DELETE")
        .unwrap();
    connection.close().unwrap();

    let path = source.folder().join("manifest.json");
    let manifest = std::fs::read_to_string(&path).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let hash = format!("blake3:{}", blake3::hash(&bytes).to_hex());
    let files = serde_json::json!([{"name": "project.db", "size": bytes.len(), "hash": hash}]);
    let version = source.manifest().schema_version - 1;
    let mut tables = saved.clone();
    // Migrating back raised the epoch of the project, and took a column from its sources.
    for changed in ["project", "data_sources"] {
        let table = tables.iter_mut().find(|table| table.name == changed);
        *table.unwrap() = table_of(&file, changed);
    }
    let manifest = reseal(&manifest, "schema_version", version.into());
    let manifest = reseal(&manifest, "tables", serde_json::to_value(&tables).unwrap());
    std::fs::write(&path, reseal(&manifest, "files", files)).unwrap();

    let restored = store
        .restore(place(&backup), as_new("older"))
        .await
        .unwrap();
    let back = without_last(store.tables(&id(&restored)).await);
    assert_eq!(without_identity(&back), without_identity(&saved));
    store
        .restore(place(&backup), RestoreTarget::InPlace)
        .await
        .unwrap();
}

fn table_of(file: &std::path::Path, name: &str) -> entity_core::TableCount {
    use manifold_store::rows::Cell;
    use manifold_store::{Table, TableDigest, TableKind};
    let connection = rusqlite::Connection::open_with_flags_and_vfs(
        file,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    let mut statement = connection
        .prepare(&format!("SELECT * FROM {name} ORDER BY id"))
        .unwrap();
    let columns: Vec<String> = statement
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let key = vec!["id".to_owned()];
    let table = Table::new(name.to_owned(), TableKind::Catalogue, columns, key);
    let mut digest = TableDigest::new(&table);
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let cells: Vec<Cell<'_>> = (0..table.columns.len())
            .map(|index| row.get_ref(index).unwrap().into())
            .collect();
        digest.row(&cells);
    }
    digest.finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_trigger_is_refused() {
    let store = Store::rich().await;
    let backup = store.back_up(BackupType::Sqlite).await;
    let source = BackupSource::open(backup.location.as_ref()).unwrap();
    let file = source.folder().join("project.db");
    let connection = rusqlite::Connection::open_with_flags_and_vfs(
        &file,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    connection
        .execute_batch(
            "CREATE TRIGGER spoil AFTER UPDATE ON project BEGIN DELETE FROM data_sources; END",
        )
        .unwrap();
    connection.close().unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let hash = format!("blake3:{}", blake3::hash(&bytes).to_hex());
    let files = serde_json::json!([{"name": "project.db", "size": bytes.len(), "hash": hash}]);
    let path = source.folder().join("manifest.json");
    let manifest = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, reseal(&manifest, "files", files)).unwrap();
    let error = store
        .restore(place(&backup), as_new("copy"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("trigger `spoil`"), "{error}");
}
