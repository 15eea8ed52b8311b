//! What a manager measures is what was done.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod support;

use std::time::Duration;

use entity_core::app_settings;
use entity_project::{data_sources, project};
use futures_util::StreamExt as _;
use manifold_store::{
    DataSources, DatabaseId, DatabaseManager as _, NewSource, OpenDatabase, ProjectId, Setting,
    Settings, StoreOptions,
};
use sea_orm::{ConnectionTrait as _, DbBackend, EntityTrait as _, Statement, StreamTrait as _};
use support::{Store, store, store_with};

/// What one open spoke may use: three connections, their shared memory, and a lock.
const DESCRIPTORS_OF_A_SPOKE: u64 = 8;

fn open_project(store: &Store, id: &ProjectId) -> OpenDatabase {
    let projects = store.manager.metrics().projects;
    let found = projects
        .into_iter()
        .find(|open| open.project_id.as_deref() == Some(id.as_str()));
    found.unwrap()
}

#[tokio::test]
async fn queries_and_transactions_are_counted_by_what_they_do() {
    let store = store().await;
    let id = store.project("sales").await;
    let spoke = store.manager.project(&id).await.unwrap();
    let before = open_project(&store, &id);
    assert_eq!(before.leases, 1);

    for _ in 0..7 {
        spoke.one(project::Entity::find()).await.unwrap();
    }
    let read = spoke.read(async |tx| {
        tx.all(data_sources::Entity::find()).await?;
        tx.count(data_sources::Entity::find()).await
    });
    assert_eq!(read.await.unwrap(), 0);
    DataSources::new(store.manager.clone())
        .create(&id, NewSource::file("orders"))
        .await
        .unwrap();
    let after = open_project(&store, &id);
    let (was, is) = (&before.metrics, &after.metrics);
    assert!(is.reads.count >= was.reads.count + 9, "{was:#?} {is:#?}");
    assert!(is.read_transactions.count > was.read_transactions.count);
    assert!(is.writes.count > was.writes.count, "{was:#?} {is:#?}");
    assert!(is.write_transactions.count > was.write_transactions.count);
    assert_eq!(is.begins.count, is.write_transactions.count);
    assert_eq!(is.errors, was.errors);
    assert!(after.log_bytes > 0);
    assert!(is.reads.p50_ms <= is.reads.p99_ms && is.reads.p99_ms <= is.reads.longest_ms);

    let core = store.manager.core();
    let row = || app_settings::ActiveModel {
        key: sea_orm::ActiveValue::Set("k".to_owned()),
        value: sea_orm::ActiveValue::Set(1.into()),
        updated_at: sea_orm::ActiveValue::Set(manifold_store::Timestamp::now()),
    };
    core.insert(row()).await.unwrap();
    let errors = store.manager.metrics().core.metrics.errors;
    core.insert(row()).await.unwrap_err();
    let metrics = store.manager.metrics();
    assert_eq!(metrics.core.metrics.errors, errors + 1);
    assert_eq!(metrics.core.metrics.busy, 0);
    assert_eq!(metrics.connections.writers, 2, "the hub's and the spoke's");

    drop(spoke);
    assert!(store.manager.close(&id).await.unwrap());
    let metrics = store.manager.metrics();
    assert!(metrics.projects.is_empty());
    assert_eq!(metrics.connections.writers, 1);
    assert!(metrics.closed.reads.count >= is.reads.count);
}

#[tokio::test]
async fn what_is_measured_does_not_grow_with_the_number_of_projects() {
    let store = store_with(StoreOptions {
        descriptors: Some(2 * DESCRIPTORS_OF_A_SPOKE),
        ..StoreOptions::default()
    })
    .await;
    for number in 0..6 {
        let id = store.project(&format!("p{number}")).await;
        let spoke = store.manager.project(&id).await.unwrap();
        spoke.one(project::Entity::find()).await.unwrap();
    }
    let metrics = store.manager.metrics();
    assert!(metrics.projects.len() <= 2, "{metrics:#?}");
    assert_eq!(metrics.spokes.most_open, 2);
    assert_eq!(metrics.spokes.leased, 0);
    assert!(metrics.spokes.opened >= 6 && metrics.spokes.evicted >= 4);
    assert!(metrics.closed.reads.count >= 4, "{:#?}", metrics.closed);
    assert!(serde_json::to_value(&metrics).unwrap()["core"]["reads"]["p99_ms"].is_f64());
}

#[tokio::test]
async fn waiting_for_a_place_is_counted() {
    let store = store_with(StoreOptions {
        descriptors: Some(DESCRIPTORS_OF_A_SPOKE),
        ..StoreOptions::default()
    })
    .await;
    let (one, other) = (store.project("one").await, store.project("other").await);
    let held = store.manager.project(&one).await.unwrap();
    assert_eq!(store.manager.metrics().spokes.lease_waits.count, 0);
    let manager = store.manager.clone();
    let waiting = tokio::spawn(async move { manager.project(&other).await.map(drop) });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(held);
    waiting.await.unwrap().unwrap();
    let waits = store.manager.metrics().spokes.lease_waits;
    assert_eq!(waits.count, 1, "{waits:?}");
    assert!(waits.longest_ms > 0.0 && waits.longest_ms <= waits.total_ms);
}

#[tokio::test]
async fn writers_who_share_a_commit_are_counted() {
    let store = store().await;
    let core = store.manager.core();
    let writes = (0..20).map(|number| {
        core.write(async move |tx| {
            let row = app_settings::ActiveModel {
                key: sea_orm::ActiveValue::Set(format!("k{number}")),
                value: sea_orm::ActiveValue::Set(1.into()),
                updated_at: sea_orm::ActiveValue::Set(manifold_store::Timestamp::now()),
            };
            tx.insert(row).await
        })
    });
    for written in futures_util::future::join_all(writes).await {
        written.unwrap();
    }
    let metrics = store.manager.metrics().core.metrics;
    assert!(metrics.group_commits >= 1, "{metrics:#?}");
    assert!(
        metrics.group_members > metrics.group_commits,
        "{metrics:#?}"
    );
}

/// A statement that takes some milliseconds on any machine, with a parameter.
fn slow() -> Statement {
    let sql = "SELECT count(*) AS n, ? AS secret FROM (WITH RECURSIVE n(i) AS \
               (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000) SELECT i FROM n)";
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, ["hunter2".into()])
}

#[tokio::test]
async fn slow_queries_are_kept_without_the_values_of_their_parameters() {
    let store = store().await;
    let settings = Settings::new(store.manager.core());
    settings.set(Setting::StoreSlowQuery, "1").await.unwrap();
    let manager = store.reopen().await;
    let id = store.project("sales").await;
    let spoke = manager.project(&id).await.unwrap();
    spoke.unchecked().query_one_raw(slow()).await.unwrap();
    let metrics = manager.metrics();
    let kept = metrics
        .slow_queries
        .iter()
        .find(|slow| slow.sql.contains("hunter2") || slow.sql.contains("RECURSIVE"))
        .unwrap();
    assert!(!kept.sql.contains("hunter2"), "{kept:?}");
    assert_eq!(kept.project_id.as_deref(), Some(id.as_str()));
    assert!(kept.duration_ms >= 1 && kept.caller_ms == 0, "{kept:?}");
    assert!(metrics.slow_query_count >= 1);

    // A stream's time and the time in which nobody took its rows are told apart.
    let mut rows = spoke.unchecked().stream_raw(slow()).await.unwrap();
    rows.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    drop(rows);
    let streamed = manager.metrics().slow_queries.pop().unwrap();
    assert!(streamed.sql.contains("RECURSIVE"), "{streamed:?}");
    assert!(streamed.caller_ms >= 150, "{streamed:?}");

    settings.set(Setting::StoreSlowQuery, "0").await.unwrap();
    let manager = store.reopen().await;
    let spoke = manager.project(&id).await.unwrap();
    spoke.unchecked().query_one_raw(slow()).await.unwrap();
    assert_eq!(manager.metrics().slow_query_count, 0);
}

#[tokio::test]
async fn a_read_that_goes_on_is_listed_until_it_ends() {
    let store = store().await;
    let id = store.project("sales").await;
    assert!(store.manager.metrics().held_reads.is_empty());
    let frozen = store
        .manager
        .freeze(DatabaseId::Project(id.clone()))
        .await
        .unwrap();
    let held = store.manager.metrics().held_reads;
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].project_id.as_deref(), Some(id.as_str()));
    assert_eq!(held[0].pid, std::process::id());
    drop(frozen);
    let spoke = store.manager.project(&id).await.unwrap();
    let stream = spoke.stream(data_sources::Entity::find()).await.unwrap();
    assert_eq!(
        store.manager.metrics().held_reads[0].purpose,
        "a stream of rows"
    );
    drop(stream);
    assert!(store.manager.metrics().held_reads.is_empty());
}
