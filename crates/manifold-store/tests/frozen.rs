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
