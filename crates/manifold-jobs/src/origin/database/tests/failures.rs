//! What goes wrong, and how it is told.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;
use sqlx::Connection as _;
use tokio_util::sync::CancellationToken;

use super::Scene;
use super::places::Place;
use crate::database::DatabaseKind;

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_only_read_is_refused_and_changes_nothing() {
    for place in Place::all("writes") {
        place.drop_table().await;
        place
            .run("CREATE TABLE {T} (a int); INSERT INTO {T} VALUES (1)")
            .await;
        let scene = Scene::new().await;
        let mut queries = vec![
            ("DELETE FROM {T}", "database_read_only"),
            ("UPDATE {T} SET a = 2", "database_read_only"),
            ("SELECT 1; DELETE FROM {T}", "database_query"),
            ("SELECT nothing FROM {T}", "database_not_found"),
            ("SELECT FROM WHERE", "database_query"),
        ];
        match place.kind {
            DatabaseKind::Postgres => queries.extend([
                (
                    "WITH gone AS (DELETE FROM {T} RETURNING a) SELECT * FROM gone",
                    "database_read_only",
                ),
                (
                    "SELECT nextval('manifold_pull_writes')",
                    "database_read_only",
                ),
            ]),
            DatabaseKind::MySql => queries.extend([(
                "SELECT 1 INTO OUTFILE '/tmp/manifold-outfile'",
                "database_query",
            )]),
            DatabaseKind::Sqlite => {
                queries[2].1 = "database_read_only";
                queries[3].1 = "database_query";
                queries.extend([("WITH a AS (SELECT 1) DELETE FROM {T}", "database_read_only")]);
            }
        }
        if place.kind == DatabaseKind::Postgres {
            place
                .run("CREATE SEQUENCE IF NOT EXISTS manifold_pull_writes")
                .await;
        }
        for (query, code) in queries {
            let failure = scene
                .failure(&place.config(&json!({ "query": query })))
                .await;
            assert_eq!(failure.0, code, "{:?}: {query}: {}", place.kind, failure.1);
            assert!(!failure.2, "{query} is not tried again");
        }
        let missing = scene
            .failure(&place.config(&json!({"table": "manifold_no_table"})))
            .await;
        let expected = if place.kind == DatabaseKind::Sqlite {
            "database_query"
        } else {
            "database_not_found"
        };
        assert_eq!(missing.0, expected, "{}", missing.1);
        let no_column = scene
            .failure(&place.config(&json!({"cursor": {"column": "b"}})))
            .await;
        assert!(
            no_column.1.contains("`b`") || no_column.1.contains("b"),
            "{}",
            no_column.1
        );
        let came = scene.pull(&place.config(&json!({})), None).await.unwrap();
        assert_eq!(came.rows, ["1"], "{:?}", place.kind);
        place.drop_table().await;
        scene.assert_tidy();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_reached_is_tried_again_and_no_secret_is_told() {
    let scene = Scene::new().await;
    scene.keep_secret("pw", "hunter2").await;
    // A port that nobody listens at.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for scheme in ["postgres", "mysql"] {
        let url = format!("{scheme}://me:${{secret:pw}}@127.0.0.1:{port}/db");
        let (code, message, retried) = scene.failure(&json!({"url": url, "table": "t"})).await;
        assert_eq!(code, "database_unreachable");
        assert!(
            retried && message.contains(&port.to_string()) && !message.contains("hunter2"),
            "{message}"
        );
    }
    // One that accepts and is silent.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("mysql://me:${{secret:pw}}@127.0.0.1:{port}/db");
    let failure = scene
        .failure(&json!({"url": url, "table": "t", "timeout_seconds": 1}))
        .await;
    assert_eq!((&*failure.0, failure.2), ("database_timeout", true));
    let unset = scene
        .failure(&json!({"url": "mysql://me:${secret:none}@h/db", "table": "t"}))
        .await;
    assert!(unset.1.contains("`none`"), "{}", unset.1);
    for kind in [DatabaseKind::Postgres, DatabaseKind::MySql] {
        let Some(place) = Place::server(kind, "login") else {
            continue;
        };
        let (scheme, behind) = place.url.split_once("://").unwrap();
        let host = behind.rsplit_once('@').unwrap().1;
        let url = format!("{scheme}://manifold_hunter2:${{secret:pw}}@{host}");
        let (code, message, retried) = scene.failure(&json!({"url": url, "table": "t"})).await;
        assert!(
            !retried && code == "database_login",
            "{kind:?} {code}: {message}"
        );
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_midway_is_told_as_lost() {
    if let Some(place) = Place::server(DatabaseKind::Postgres, "broken") {
        let scene = Scene::new().await;
        let url = place.url.clone();
        let killer = tokio::spawn(async move {
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'FETCH%manifold_rows' AND application_name = 'manifold'";
            loop {
                let killed: i64 = sqlx::query_scalar(kill)
                    .fetch_one(&mut connection)
                    .await
                    .unwrap();
                if killed > 0 {
                    return;
                }
            }
        });
        let query = "SELECT n, pg_sleep(0.001) FROM generate_series(1, 1000000) AS s(n)";
        let failure = scene
            .failure(&place.config(&json!({ "query": query })))
            .await;
        assert_eq!(
            (&*failure.0, failure.2),
            ("database_lost", true),
            "{}",
            failure.1
        );
        killer.await.unwrap();
        scene.assert_tidy();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_stops_in_the_midst_of_a_query() {
    for place in Place::all("stops") {
        let scene = Scene {
            cancel: CancellationToken::new(),
            ..Scene::new().await
        };
        let query = match place.kind {
            DatabaseKind::Postgres => "SELECT pg_sleep(3600)",
            DatabaseKind::MySql => "SELECT SLEEP(3600)",
            DatabaseKind::Sqlite => {
                place.run("CREATE TABLE {T} (a int)").await;
                "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s) SELECT count(*) FROM s"
            }
        };
        let cancel = scene.cancel.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(500)).await;
            cancel.cancel();
        });
        let failure = scene
            .failure(&place.config(&json!({ "query": query })))
            .await;
        assert_eq!(failure.0, "cancelled", "{:?}", place.kind);
        scene.assert_tidy();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_of_the_store_is_read_as_a_source() {
    let scene = Scene::new().await;
    let hub = scene.manager.layout().root().join("core.db");
    let (code, ..) = scene.failure(&json!({"path": hub, "table": "jobs"})).await;
    assert_eq!(code, "file_of_store");
}
