//! Held states and what is made of them.
#![allow(clippy::unwrap_used, missing_docs, clippy::disallowed_methods)]

mod support;

use std::sync::Arc;

use manifold_store::{
    Contents, DataSources, DatabaseId, DatabaseManager, Expected, NewSource, Projects,
    StagedBuilder, StagedError, TableKind, rows::Cell,
};

#[tokio::test]
async fn a_held_state_does_not_change() {
    let store = support::store().await;
    let project = store.project("p").await;
    let manager: Arc<dyn DatabaseManager> = store.manager.clone();
    let sources = DataSources::new(manager.clone());
    sources
        .create(&project, NewSource::file("one"))
        .await
        .unwrap();
    let frozen = manager
        .freeze(DatabaseId::Project(project.clone()))
        .await
        .unwrap();
    let tables = frozen.tables(Contents::WithData).unwrap();
    let table = tables
        .iter()
        .find(|table| table.name == "data_sources")
        .unwrap();
    let hash = frozen.hash(table).unwrap();

    sources
        .create(&project, NewSource::file("two"))
        .await
        .unwrap();
    Projects::new(&store.manager)
        .rename(&project, "q")
        .await
        .unwrap();
    assert_eq!(frozen.count(table).unwrap(), 1);
    assert_eq!(frozen.hash(table).unwrap(), hash);
    assert_eq!(frozen.project().unwrap().name, "p");
    let later = manager
        .freeze(DatabaseId::Project(project.clone()))
        .await
        .unwrap();
    assert_eq!(later.count(table).unwrap(), 2);
    assert_ne!(later.hash(table).unwrap(), hash);

    assert!(
        !store.manager.close(&project).await.unwrap(),
        "a held spoke was closed"
    );
    drop((frozen, later));
    assert!(store.manager.close(&project).await.unwrap());
}

#[tokio::test]
async fn the_hub_can_be_held_too() {
    let store = support::store().await;
    store.project("p").await;
    let frozen = store.manager.freeze(DatabaseId::Core).await.unwrap();
    store.project("q").await;
    let tables = frozen.tables(Contents::WithData).unwrap();
    assert!(
        tables
            .iter()
            .all(|table| table.kind == TableKind::Catalogue)
    );
    let projects = tables
        .iter()
        .find(|table| table.name == "projects")
        .unwrap();
    assert_eq!(frozen.count(projects).unwrap(), 1);
    assert!(frozen.project().is_none() && frozen.schema().unwrap().is_empty());
}

#[tokio::test]
async fn a_copy_is_one_plain_file() {
    let store = support::store().await;
    let project = store.project("p").await;
    let frozen = store
        .manager
        .freeze(DatabaseId::Project(project))
        .await
        .unwrap();
    for contents in [Contents::WithData, Contents::WithoutData] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.db");
        frozen.copy_to(&path, contents).unwrap();
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "something lies beside it"
        );
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes[18..20], [1, 1], "it needs a write-ahead log");
        assert!(
            frozen.copy_to(&path, contents).is_err(),
            "an existing file was overwritten"
        );
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }
}

fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|&name| name.to_owned()).collect()
}

#[tokio::test]
async fn tables_that_no_project_has_are_refused() {
    let store = support::store().await;
    let mut builder = StagedBuilder::new(&store.manager, 12).await.unwrap();
    for (table, columns) in [
        ("sqlite_schema", &["a"][..]),
        ("nothing", &["a"]),
        ("project", &["id"]),
        (
            "d1",
            &["_rid", "_to", "_pos", "x ANY); DROP TABLE project; --"],
        ),
        ("d1", &["_rid", "_to", "_pos", "c01"]),
        ("d1", &["_rid", "_to", "_pos", "c1", "c1"]),
        ("d1", &["_rid", "_to"]),
        ("d1", &["c1", "_rid", "_to", "_pos"]),
        ("d1; DROP TABLE project", &["_rid", "_to", "_pos", "c1"]),
    ] {
        let error = builder.table(table, &names(columns)).unwrap_err();
        assert!(
            matches!(error, StagedError::Table { .. }),
            "{table}: {error}"
        );
    }
    let columns = names(&["_rid", "_to", "_pos", "c1"]);
    let mut load = builder.table("d1", &columns).unwrap();
    load.insert(&[
        Cell::Int(1),
        Cell::Int(40_000),
        Cell::Null,
        Cell::Text(b"x"),
    ])
    .unwrap();
    let again = [Cell::Int(1), Cell::Int(40_000), Cell::Null, Cell::Null];
    assert!(matches!(
        load.insert(&again),
        Err(StagedError::Table { .. })
    ));
    assert!(matches!(
        load.insert(&again[1..]),
        Err(StagedError::Table { .. })
    ));
    drop(load);
    assert!(builder.table("d1", &columns).is_err(), "it was begun twice");
    // Nobody saved a project, so none comes of it.
    let expected = Expected {
        sequences: std::collections::BTreeMap::new(),
        project_id: "p".to_owned(),
        schema_version: 12,
        tables: Vec::new(),
        rows: Vec::new(),
        parts: Vec::new(),
    };
    let error = builder.finish(expected).await.unwrap_err();
    assert!(error.to_string().contains("names no project"), "{error}");
    let left = std::fs::read_dir(store.manager.layout().temporary()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().starts_with("staged")),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_newer_schema_is_refused_before_anything_is_made() {
    let store = support::store().await;
    let error = StagedBuilder::new(&store.manager, 99).await.unwrap_err();
    assert_eq!(error.code(), "newer_schema");
    assert!(StagedBuilder::new(&store.manager, -1).await.is_err());
}

/// Some megabytes in a table of rows, through a connection of its own.
fn fill(path: &std::path::Path, table: &str) {
    let flags = rusqlite::OpenFlags::default();
    let connection =
        rusqlite::Connection::open_with_flags_and_vfs(path, flags, manifold_store::vfs()).unwrap();
    connection
        .execute_batch(&format!(
            "CREATE TABLE {table}(_rid INTEGER PRIMARY KEY, x); \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) \
             INSERT INTO {table} SELECT i, randomblob(3500) FROM n"
        ))
        .unwrap();
}

fn hash_of(path: &std::path::Path) -> String {
    let hash = blake3::hash(&std::fs::read(path).unwrap()).to_hex();
    format!("blake3:{hash}")
}

#[tokio::test]
async fn a_state_that_is_all_in_the_file_is_copied_as_it_is() {
    let store = support::store().await;
    let project = store.project("p").await;
    let live = store.manager.layout().spoke(&project.namespace());
    fill(&live, "d9001");
    let which = DatabaseId::Project(project.clone());
    let frozen = store.manager.freeze(which).await.unwrap();
    let twin = frozen.twin().unwrap().expect("all is in the file");
    let before = std::fs::read(&live).unwrap();
    // Others go on, and their log cannot be written back.
    fill(&live, "d9002");
    let mut told = Vec::new();
    let copy = store.folder.path().join("copy.db");
    let digest = frozen
        .copy_measured(&copy, Contents::WithData, |progress| {
            told.push(progress);
            true
        })
        .unwrap();
    let bytes = std::fs::read(&copy).unwrap();
    assert_eq!(digest.size, bytes.len() as u64);
    assert_eq!(digest.hash, hash_of(&copy));
    assert_eq!(told.first().unwrap().done, 0);
    assert_eq!(told.last().unwrap().done, digest.size);
    assert_eq!(told.last().unwrap().total, digest.size);
    assert!(bytes[4_096..] == before[4_096..], "pages were changed");
    assert_eq!(bytes[18..20], [1, 1], "it needs a write-ahead log");
    for table in frozen.tables(Contents::WithData).unwrap() {
        assert_ne!(table.name, "d9002");
        assert_eq!(frozen.hash(&table).unwrap(), twin.hash(&table).unwrap());
    }
    let check: String = rusqlite::Connection::open(&copy)
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
    assert!(frozen.twin().unwrap().is_none(), "a later state was opened");
}

#[tokio::test]
async fn a_state_of_which_a_part_is_in_the_log_is_copied_too() {
    let store = support::store().await;
    let project = store.project("p").await;
    let live = store.manager.layout().spoke(&project.namespace());
    // Who reads an earlier state keeps the log from being written back.
    let reader = rusqlite::Connection::open(&live).unwrap();
    fill(&live, "d9001");
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM d9001")
        .unwrap();
    fill(&live, "d9002");
    let which = DatabaseId::Project(project.clone());
    let frozen = store.manager.freeze(which).await.unwrap();
    assert!(frozen.twin().unwrap().is_none());
    let copy = store.folder.path().join("copy.db");
    let digest = frozen
        .copy_measured(&copy, Contents::WithData, |_| true)
        .unwrap();
    assert_eq!(digest.hash, hash_of(&copy));
    let pages = std::fs::read(&copy).unwrap();
    for (number, page) in pages.chunks(4_096).enumerate() {
        assert!(page.iter().any(|byte| *byte != 0), "page {number} is empty");
    }
    let copied = rusqlite::Connection::open(&copy).unwrap();
    for table in ["d9001", "d9002"] {
        let sql = format!("SELECT count(*), sum(length(x)) FROM {table}");
        let counted: (i64, i64) = copied
            .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(counted, (1_500, 1_500 * 3_500));
    }
}

#[tokio::test]
async fn a_copy_that_is_to_stop_stops() {
    let store = support::store().await;
    let project = store.project("p").await;
    let which = DatabaseId::Project(project.clone());
    let frozen = store.manager.freeze(which).await.unwrap();
    let copy = store.folder.path().join("copy.db");
    let error = frozen
        .copy_measured(&copy, Contents::WithData, |progress| progress.done == 0)
        .unwrap_err();
    assert!(matches!(error, manifold_store::StoreError::Interrupted));
}
