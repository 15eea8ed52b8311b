//! Both drivers' statements are finalized before a handle is closed, however it goes.

#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

use sea_orm::{ActiveModelTrait as _, EntityTrait as _};

use super::every_type::{self, TABLE};
use super::scratch::Scratch;
use crate::inline;

#[cfg(target_os = "linux")]
async fn used() -> Scratch {
    let scratch = Scratch::new(TABLE);
    let query = every_type::Entity::find;
    assert_eq!(
        inline::count(query(), &scratch.connection).await.unwrap(),
        0
    );
    assert!(query().all(&scratch.connection).await.unwrap().is_empty());
    let transaction = scratch.begin().await;
    assert!(inline::all(query(), &transaction).await.unwrap().is_empty());
    assert!(query().all(&transaction).await.unwrap().is_empty());
    assert!(inline::one(query(), &transaction).await.unwrap().is_none());
    transaction.commit().await.unwrap();
    assert!(scratch.descriptors() > 0);
    scratch
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_closed_file_is_closed() {
    let scratch = used().await;
    scratch.connection.file().close().await.unwrap();
    assert_eq!(scratch.descriptors(), 0);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_dropped_file_is_closed_soon() {
    let scratch = used().await;
    // Also while a transaction is open on this thread, and a read has just been left behind.
    let transaction = scratch.begin().await;
    assert!(
        inline::one(every_type::Entity::find(), &transaction)
            .await
            .unwrap()
            .is_none()
    );
    drop(transaction);
    let slow = "SELECT c FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900000000) \
        SELECT count(*) AS c FROM n)";
    let slow = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, slow);
    let left = tokio::time::timeout(Duration::from_millis(30), async {
        sea_orm::ConnectionTrait::query_one_raw(&scratch.connection, slow).await
    });
    assert!(left.await.is_err(), "the read was not slow");
    let folder = scratch.forget_connection();
    let begun = Instant::now();
    while super::scratch::descriptors(folder.path()) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "still open");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn errors_of_both_drivers_are_the_same() {
    let schema = "CREATE TABLE parent (id bigint PRIMARY KEY)";
    let table = TABLE
        .replace(
            "small integer NOT NULL",
            "small integer NOT NULL CHECK (small < 10)",
        )
        .replace(
            "maybe_big bigint",
            "maybe_big bigint REFERENCES parent (id)",
        )
        .replace("name text NOT NULL", "name text NOT NULL UNIQUE");
    let scratch = Scratch::new(&format!("{schema}; {table}"));
    let good = every_type::Model {
        id: 1,
        yes: true,
        small: 1,
        number: 0.5,
        name: "a".to_owned(),
        kind: every_type::Shape::Flat,
        json: serde_json::json!({}),
        list: entity_project::StringList::default(),
        at: chrono::DateTime::UNIX_EPOCH,
        uid: uuid::Uuid::nil(),
        data: Vec::new(),
        maybe_yes: None,
        maybe_small: None,
        maybe_big: None,
        maybe_number: None,
        maybe_name: None,
        maybe_kind: None,
        maybe_json: None,
        maybe_at: None,
        maybe_uid: None,
        maybe_data: None,
    };
    good.to_insert().insert(&scratch.connection).await.unwrap();
    let key = good.clone();
    let unique = every_type::Model {
        id: 2,
        ..good.clone()
    };
    let checked = every_type::Model {
        id: 2,
        name: "b".into(),
        small: 10,
        ..good.clone()
    };
    let orphan = every_type::Model {
        id: 2,
        name: "b".into(),
        maybe_big: Some(7),
        ..good
    };
    for bad in [key, unique, checked, orphan] {
        let transaction = scratch.begin().await;
        let here = inline::insert(bad.to_insert(), &transaction)
            .await
            .unwrap_err();
        let there = bad.to_insert().insert(&transaction).await.unwrap_err();
        assert_eq!(format!("{here:?}"), format!("{there:?}"));
        let (here, there) = (
            crate::StoreError::from(here),
            crate::StoreError::from(there),
        );
        assert_ne!(here.code(), "database");
        assert_eq!(here.to_string(), there.to_string());
        transaction.rollback().await.unwrap();
    }
}
