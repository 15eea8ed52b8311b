//! A store of which nothing may be written.
#![allow(clippy::unwrap_used, missing_docs, clippy::disallowed_methods)]

mod support;

use manifold_store::{
    Access, DatabaseManager as _, Direction, Doctor, Layout, Migrations, NewProject, Project,
    Projects, SqliteManager, StoreError, StoreOptions, migrate,
};
use std::sync::Arc;
use support::{Store, store};

async fn reading(store: &Store) -> Result<Arc<SqliteManager>, StoreError> {
    let options = StoreOptions {
        access: Access::ReadOnly,
        ..StoreOptions::default()
    };
    SqliteManager::open(Layout::new(store.folder.path()), options).await
}

#[tokio::test]
async fn a_write_fails_and_the_doctor_works() {
    let store = store().await;
    store.project("p").await;
    store.manager.shut_down().await.unwrap();
    let manager = reading(&store).await.unwrap();
    let new = NewProject {
        name: "q".to_owned(),
        description: None,
    };
    Projects::new(&manager).create(new).await.unwrap_err();
    let names: Vec<String> = Projects::new(&manager)
        .list()
        .await
        .unwrap()
        .into_iter()
        .map(|project| project.name)
        .collect();
    assert_eq!(names, ["p"]);
    let examined = Doctor::new(&manager).examine().await.unwrap();
    assert_eq!(examined.findings, []);
    manager.shut_down().await.unwrap();
}

#[tokio::test]
async fn a_change_meanwhile_is_told_at_the_end() {
    let store = store().await;
    let project = store.project("p").await;
    store.manager.shut_down().await.unwrap();
    let manager = reading(&store).await.unwrap();
    drop(manager.project(&project).await.unwrap());
    let path = manager.layout().spoke(&project.namespace());
    let writer = rusqlite::Connection::open_with_flags_and_vfs(
        &path,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    writer
        .execute_batch("UPDATE project SET description = 'changed'")
        .unwrap();
    writer.close().unwrap();
    let error = manager.shut_down().await.unwrap_err();
    assert!(
        matches!(&error, StoreError::ChangedWhileRead { path: told } if *told == path),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_older_schema_is_listed_and_not_migrated() {
    let store = store().await;
    let project = store.project("p").await;
    store.manager.shut_down().await.unwrap();
    let path = Layout::new(store.folder.path()).spoke(&project.namespace());
    migrate::<Project>(&path, Direction::Down(1)).await.unwrap();
    let manager = reading(&store).await.unwrap();
    let error = manager.project(&project).await.unwrap_err();
    assert_eq!(error.code(), "migration_pending");
    let listed = Migrations::new(&manager).spokes().await.unwrap();
    assert_eq!(listed[0].status.as_ref().unwrap().pending.len(), 1);
    assert!(
        Migrations::new(&manager)
            .core()
            .await
            .unwrap()
            .pending
            .is_empty()
    );
}
