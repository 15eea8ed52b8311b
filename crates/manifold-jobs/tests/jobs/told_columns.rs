//! What a config, or a source, says of the columns of what is pulled.

use entity_project::enums::SourceType;
use manifold_jobs::jobs::SyncSource;
use manifold_jobs::sync::{MaxDeletes, SyncMode, SyncRequest};
use manifold_jobs::{JobError, Observer, run_foreground};
use manifold_store::{DataSources, ImportSource, NewSource, RowLog, SourceId, rows};
use serde_json::{Value as Json, json};

use crate::store::Store;
use crate::urls::Server;

const HEAD: &str = "200 OK\r\nContent-Type: text/csv\r\nConnection: close\r\n";

/// A source whose rows come from elsewhere.
async fn source(store: &Store, source_type: SourceType, config: Json) -> SourceId {
    let new = NewSource {
        source_type,
        config,
        key_columns: vec!["id".to_owned()],
        ..NewSource::file("pulled")
    };
    let sources = DataSources::new(store.manager.clone());
    let made = sources.create(&store.project, new).await.unwrap();
    made.id.parse().unwrap()
}

/// Pulls it; each column with its type and what stands for NULL in it.
async fn pull(
    store: &Store,
    source: &SourceId,
    mode: Option<SyncMode>,
) -> Result<Vec<String>, JobError> {
    let request = SyncRequest {
        mode,
        whole: true,
        max_deletes: MaxDeletes::ALL,
        ..SyncRequest::new(store.project.clone(), source.clone())
    };
    let project = Some(store.project.clone());
    let job = SyncSource { request };
    let done = run_foreground(&store.manager, job, project, Observer::default()).await;
    done.unwrap().outcome?;
    let id = source.to_string();
    let log = RowLog::new(&store.manager);
    let read = log.read(&store.project, move |connection| {
        let latest = rows::latest(connection, &id)?.unwrap();
        let columns = latest.columns.into_iter();
        Ok(columns
            .map(|column| {
                let nulls = column.null_tokens.join(",");
                format!("{} {} {nulls}", column.name, column.column_type)
            })
            .collect())
    });
    Ok(read.await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_for_null_is_told_by_a_config() {
    let store = Store::new().await;
    let server = Server::new(HEAD, "id;n;v\n1;5;x\n2;-999;y\n");
    let config = json!({"url": server.url("/x.csv"), "delimiter": ";", "null": ["-999", "v=y"]});
    let from = source(&store, SourceType::Http, config).await;
    for mode in [None, Some(SyncMode::Merge)] {
        let found = pull(&store, &from, mode).await.unwrap();
        assert_eq!(found, ["id integer ", "n integer -999", "v text y"]);
    }
    server.set(HEAD, "id;n\n1;5\n");
    let missing = pull(&store, &from, None).await.unwrap_err();
    assert_eq!(missing.code(), "missing_column", "{missing}");

    let store = Store::new().await;
    let path = store.folder.path().join("there.db");
    let there = rusqlite::Connection::open(&path).unwrap();
    there
        .execute_batch(
            "CREATE TABLE t (id INT, n TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'gone')",
        )
        .unwrap();
    let config = json!({"path": path, "table": "t", "null": "gone"});
    let from = source(&store, SourceType::Sqlite, config).await;
    for mode in [None, Some(SyncMode::Merge)] {
        let found = pull(&store, &from, mode).await.unwrap();
        assert_eq!(found, ["id integer ", "n text gone"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_source_remembers_to_stand_for_null_holds_for_what_is_pulled() {
    let store = Store::new().await;
    let server = Server::new(HEAD, "id,n\n1,5\n2,-999\n3,7\n");
    let config = json!({"url": server.url("/x.csv")});
    let from = source(&store, SourceType::Http, config).await;
    let path = store.write("first.csv", "id,n\n1,5\n2,-999\n");
    let mut import = store.import_of(&path);
    import.target.source = ImportSource::Id(from.clone());
    import.target.typing.say_null("-999");
    store.run(import).await.outcome.unwrap();
    for mode in [None, Some(SyncMode::Merge)] {
        let found = pull(&store, &from, mode).await.unwrap();
        assert_eq!(found, ["id integer ", "n integer -999"]);
    }
}
