//! Spokes: opened when needed, checked, kept within a budget, never recreated or mixed up.
#![allow(clippy::unwrap_used, missing_docs, clippy::disallowed_methods)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use entity_project::{data_sources, project};
use manifold_store::{
    DataSources, DatabaseManager as _, NewProject, NewSource, ProjectId, Projects, StoreError,
    StoreOptions,
};
use sea_orm::EntityTrait as _;

/// Room for two open spokes.
fn small() -> StoreOptions {
    StoreOptions {
        descriptors: Some(16),
        ..StoreOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_that_need_two_of_five_projects_never_block_each_other() {
    let store = support::store_with(small()).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(store.project(&format!("p{number}")).await);
    }
    let ids = Arc::new(ids);
    let mut tasks = Vec::new();
    for task in 0..8 {
        let (manager, ids) = (store.manager.clone(), ids.clone());
        tasks.push(tokio::spawn(async move {
            for round in 0..20 {
                let pair = [
                    ids[(task + round) % 5].clone(),
                    ids[(task * 3 + round + 1) % 5].clone(),
                ];
                let open = manager.projects(&pair).await.unwrap();
                for (spoke, id) in open.iter().zip(&pair) {
                    let row = spoke.one(project::Entity::find()).await.unwrap().unwrap();
                    assert_eq!(row.id, id.as_str(), "rows of another project");
                }
            }
        }));
    }
    for task in tasks {
        tokio::time::timeout(Duration::from_secs(50), task)
            .await
            .expect("a deadlock")
            .unwrap();
    }
    let three: Vec<ProjectId> = ids[..3].to_vec();
    assert!(matches!(
        store.manager.projects(&three).await,
        Err(StoreError::TooManyProjects {
            wanted: 3,
            limit: 2
        })
    ));
}

#[tokio::test]
async fn a_leased_spoke_is_not_closed() {
    let store = support::store_with(small()).await;
    let first = store.project("first").await;
    let second = store.project("second").await;
    let third = store.project("third").await;
    let held = store.manager.project(&first).await.unwrap();
    for id in [&second, &third, &second, &third] {
        store.manager.project(id).await.unwrap();
    }
    assert!(!store.manager.close(&first).await.unwrap());
    assert_eq!(
        held.one(project::Entity::find())
            .await
            .unwrap()
            .unwrap()
            .name,
        "first"
    );
    drop(held);
    assert!(store.manager.close(&first).await.unwrap());
}

#[tokio::test]
async fn what_lies_at_the_place_of_a_spoke_is_checked() {
    let store = support::store().await;
    let projects = Projects::new(&store.manager);
    let fine = store.project("fine").await;
    let spoiled = store.project("spoiled").await;
    let row = projects.find("spoiled").await.unwrap();
    let path = projects.file(&row).path;
    let bytes = std::fs::read(&path).unwrap();
    let manager = store.reopen().await;

    std::fs::remove_file(&path).unwrap();
    assert!(matches!(
        manager.project(&spoiled).await,
        Err(StoreError::Gone { .. })
    ));
    assert!(!path.exists(), "a deleted project was recreated");

    std::fs::write(&path, b"just some text, certainly not a database").unwrap();
    assert!(matches!(
        manager.project(&spoiled).await,
        Err(StoreError::Quarantined { .. })
    ));
    assert!(!path.exists(), "it was not set aside");

    std::fs::write(&path, b"").unwrap();
    assert!(matches!(
        manager.project(&spoiled).await,
        Err(StoreError::Quarantined { .. })
    ));
    assert!(!path.exists(), "it was not set aside");

    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = manager.project(&spoiled).await.unwrap_err();
    let StoreError::Quarantined { path: aside, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(std::fs::read(aside).unwrap(), bytes[..bytes.len() / 2]);
    assert!(
        error.to_string().contains(aside.to_str().unwrap()),
        "{error}"
    );

    let other = projects.file(&projects.find("fine").await.unwrap()).path;
    std::fs::copy(&other, &path).unwrap();
    match manager.project(&spoiled).await {
        Err(StoreError::WrongProject { found, .. }) => assert_eq!(found, fine.as_str()),
        other => panic!("{other:?}"),
    }

    std::fs::write(&path, &bytes).unwrap();
    let connection = rusqlite::Connection::open_with_flags_and_vfs(
        &path,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    connection
        .execute_batch("PRAGMA user_version = 999; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    drop(connection);
    assert!(matches!(
        manager.project(&spoiled).await,
        Err(StoreError::NewerSchema { found: 999, .. })
    ));

    manager.project(&fine).await.unwrap();
    std::fs::write(&path, &bytes).unwrap();
    manager.project(&spoiled).await.unwrap();
}

#[tokio::test]
async fn another_process_that_migrated_the_file_is_noticed() {
    let store = support::store().await;
    let id = store.project("p").await;
    let spoke = store.manager.project(&id).await.unwrap();
    let path = store.manager.layout().spoke(&id.namespace());
    let other = rusqlite::Connection::open_with_flags_and_vfs(
        &path,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    other.execute_batch("PRAGMA user_version = 1000").unwrap();
    assert!(matches!(
        spoke.begin().await,
        Err(StoreError::SchemaMoved { found: 1000, .. })
    ));
    drop(spoke);
    // Opened anew, it is refused for what it is now.
    assert!(matches!(
        store.manager.project(&id).await,
        Err(StoreError::NewerSchema { .. })
    ));
}

#[tokio::test]
async fn every_connection_has_the_settings_that_keep_data_safe() {
    let store = support::store().await;
    let id = store.project("p").await;
    let spoke = store.manager.project(&id).await.unwrap();
    let writing = spoke.begin().await.unwrap();
    assert_eq!(pragma(&writing, "journal_mode").await, "wal");
    for (name, value) in [
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("busy_timeout", 30_000),
        ("trusted_schema", 0),
        ("journal_size_limit", 64 << 20),
        ("application_id", 0x4d66_6c64),
        ("temp_store", 0),
        ("mmap_size", 0),
        ("query_only", 0),
    ] {
        assert_eq!(number(&writing, name).await, value, "{name} of the writer");
    }
    writing.rollback().await.unwrap();
    spoke
        .read(async |reading| {
            for (name, value) in [
                ("foreign_keys", 1),
                ("busy_timeout", 30_000),
                ("trusted_schema", 0),
                ("query_only", 1),
            ] {
                assert_eq!(number(reading, name).await, value, "{name} of a reader");
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    let relaxed = store
        .manager
        .core()
        .begin_with(manifold_store::Durability::Relaxed)
        .await
        .unwrap();
    let level = relaxed
        .unchecked()
        .query_one_raw(statement("synchronous"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(level.try_get_by_index::<i64>(0).unwrap(), 1);
}

use sea_orm::ConnectionTrait as _;

fn statement(name: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, format!("PRAGMA {name}"))
}

async fn number(database: &manifold_store::ProjectTransaction, name: &str) -> i64 {
    let row = database
        .unchecked()
        .query_one_raw(statement(name))
        .await
        .unwrap()
        .unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn pragma(database: &manifold_store::ProjectTransaction, name: &str) -> String {
    let row = database
        .unchecked()
        .query_one_raw(statement(name))
        .await
        .unwrap()
        .unwrap();
    row.try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn the_hub_shows_what_the_spoke_says() {
    let store = support::store().await;
    let projects = Projects::new(&store.manager);
    let id = store.project("before").await;
    DataSources::new(store.manager.clone())
        .create(&id, NewSource::file("planes"))
        .await
        .unwrap();
    let row = projects.rename(&id, "after").await.unwrap();
    assert_eq!((row.name.as_str(), row.source_count), ("after", 1));
    let shown = store
        .manager
        .core()
        .all(entity_core::data_sources::Entity::find())
        .await
        .unwrap();
    assert_eq!(shown.len(), 1);
    assert_eq!(
        (shown[0].name.as_str(), shown[0].view_name.as_str()),
        ("planes", "planes")
    );

    // A hub that fell behind, or was put back from an older copy, is rebuilt when the spoke is opened.
    let core = store.manager.core();
    for (epoch, revision) in [(1, 0), (9, 9)] {
        core.exec(entity_core::projects::Entity::update_many().set(
            entity_core::projects::ActiveModel {
                name: sea_orm::Set("wrong".into()),
                epoch: sea_orm::Set(epoch),
                revision: sea_orm::Set(revision),
                ..Default::default()
            },
        ))
        .await
        .unwrap();
        core.exec(entity_core::data_sources::Entity::delete_many())
            .await
            .unwrap();
        let other = store.reopen().await;
        other.project(&id).await.unwrap();
        let row = projects.find(id.as_str()).await.unwrap();
        assert_eq!((row.name.as_str(), row.epoch), ("after", 1));
        assert_eq!(
            core.all(entity_core::data_sources::Entity::find())
                .await
                .unwrap()
                .len(),
            1
        );
    }
}

#[tokio::test]
async fn names_are_taken_without_regard_to_case() {
    let store = support::store().await;
    let projects = Projects::new(&store.manager);
    let id = store.project("Flights").await;
    let new = |name: &str| NewProject {
        name: name.to_owned(),
        description: None,
    };
    assert!(matches!(
        projects.create(new("FLIGHTS")).await,
        Err(StoreError::NameTaken { .. })
    ));
    assert!(matches!(
        projects.create(new("a/b")).await,
        Err(StoreError::InvalidName { .. })
    ));
    let other = store.project("other").await;
    assert!(matches!(
        projects.rename(&other, "flights").await,
        Err(StoreError::NameTaken { .. })
    ));
    projects.rename(&id, "flights").await.unwrap();
    assert_eq!(projects.find("FLIGHTS").await.unwrap().id, id.as_str());
    assert_eq!(
        projects.find(&id.as_str()[..20]).await.unwrap().id,
        id.as_str()
    );
    let sources = DataSources::new(store.manager.clone());
    sources
        .create(&id, NewSource::file("snapshots"))
        .await
        .unwrap();
    let model = sources.find(&id, "snapshots").await.unwrap();
    assert_ne!(
        model.view_name, "snapshots",
        "a view would hide a table of the catalogue"
    );
    assert!(matches!(
        sources.create(&id, NewSource::file("Snapshots")).await,
        Err(StoreError::NameTaken { .. })
    ));
    let secret = NewSource {
        config: serde_json::json!({"password": "x"}),
        ..NewSource::file("s")
    };
    assert!(matches!(
        sources.create(&id, secret).await,
        Err(StoreError::SecretLiteral { .. })
    ));
    assert_eq!(sources.list(&id).await.unwrap().len(), 1);
    let _: Vec<data_sources::Model> = sources.list(&other).await.unwrap();
}
