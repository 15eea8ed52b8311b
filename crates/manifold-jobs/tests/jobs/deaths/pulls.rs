//! Pulls that die.

use entity_project::enums::SourceType;
use manifold_jobs::jobs::SyncSource;
use manifold_jobs::sync::{Deletes, MaxDeletes, OnConflict, SyncMode, SyncRequest};
use manifold_jobs::{Observer, run_foreground};
use manifold_store::{DataSources, ImportSource, NewSource};
use serde_json::{Value as Json, json};

use super::csv;
use super::stage::Stage;
use super::work::Work;
use crate::store::Store;
use crate::urls::Server;

/// Makes a source `copy` whose rows come from elsewhere. Returns a request to pull it.
async fn copy(store: &Store, source_type: SourceType, config: Json) -> SyncRequest {
    let source = NewSource {
        source_type,
        config,
        key_columns: vec!["id".to_owned()],
        ..NewSource::file("copy")
    };
    let sources = DataSources::new(store.manager.clone());
    let source = sources.create(&store.project, source).await.unwrap();
    SyncRequest {
        max_deletes: MaxDeletes::ALL,
        ..SyncRequest::new(store.project.clone(), source.id.parse().unwrap())
    }
}

async fn pull(store: &Store, request: SyncRequest) {
    let project = Some(store.project.clone());
    let job = SyncSource { request };
    let done = run_foreground(&store.manager, job, project, Observer::default()).await;
    done.unwrap().outcome.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_pull_that_dies_anywhere_is_done_once() {
    let store = Store::with_key(&["id"]).await;
    store.import(csv(1)).await;
    let request = copy(&store, SourceType::File, json!({"from": {"source": "s"}})).await;
    let stage = Stage::of("a first pull", store, None).await;
    let work = Work::Pull(SyncSource { request });
    stage.survives(|_| work.clone()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_pull_that_dies_anywhere_is_done_once() {
    for (mode, deletes, on_conflict) in [
        (SyncMode::Full, Deletes::Hard, OnConflict::Source),
        (SyncMode::Append, Deletes::Hard, OnConflict::Source),
        (SyncMode::Merge, Deletes::Soft, OnConflict::List),
    ] {
        let store = Store::with_key(&["id"]).await;
        store.import(csv(1)).await;
        let request = copy(&store, SourceType::File, json!({"from": {"source": "s"}})).await;
        pull(&store, request.clone()).await;
        if mode == SyncMode::Merge {
            let mut here =
                store.import_of(&store.write("here.csv", csv(1).replace("name 3,", "here 3,")));
            here.target.source = ImportSource::Id(request.source_id.clone());
            store.run(here).await.outcome.unwrap();
        }
        store.import(csv(2)).await;
        let stage = Stage::of(&format!("a pull by {mode:?}"), store, None).await;
        let request = SyncRequest {
            mode: Some(mode),
            deletes,
            on_conflict,
            ..request
        };
        let work = Work::Pull(SyncSource { request });
        stage.survives(|_| work.clone()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_from_a_database_that_dies_anywhere_is_done_once() {
    let store = Store::with_key(&["id"]).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("there.db");
    let there = rusqlite::Connection::open(&path).unwrap();
    there
        .execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, at INTEGER)")
        .unwrap();
    let rows = |from: usize, to: usize, at: usize| {
        let name = "name ".repeat(200);
        let rows = format!(
            "WITH RECURSIVE n (id) AS (SELECT {from} UNION ALL SELECT id + 1 FROM n WHERE id < {to}) \
             INSERT OR REPLACE INTO t SELECT id, '{name}' || id, {at} FROM n"
        );
        there.execute_batch(&rows).unwrap();
    };
    rows(1, 1_000, 1);
    let config = json!({"path": path, "query": "SELECT * FROM t", "cursor": {"column": "at"}});
    let request = copy(&store, SourceType::Sqlite, config).await;
    pull(&store, request.clone()).await;
    rows(900, 2_000, 2);
    let stage = Stage::of("a pull from a database", store, None).await;
    let work = Work::Pull(SyncSource { request });
    stage.survives(|_| work.clone()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_from_an_address_that_dies_anywhere_is_done_once() {
    let store = Store::with_key(&["id"]).await;
    let head = "200 OK\r\nContent-Type: text/csv\r\nConnection: close\r\n";
    let server = Server::new(head, csv(1));
    let config = json!({"url": server.url("/rows.csv"), "format": "csv"});
    let request = copy(&store, SourceType::Http, config).await;
    pull(&store, request.clone()).await;
    server.set(head, csv(2));
    let stage = Stage::of("a pull from an address", store, None).await;
    let work = Work::Pull(SyncSource { request });
    stage.survives(|_| work.clone()).await;
}
