//! What is new.

use serde_json::{Value as Json, json};

use super::scene::{Scene, asked, json as send_json, rows};
use crate::download::tests::server::Server;
use crate::origin::Reach;

/// A server of these rows, of which it gives those from `since` on.
fn rows_since(rows: Json) -> Server {
    Server::new(move |_, request, stream| {
        let since = asked(request, "since")
            .unwrap_or_default()
            .replace("%3A", ":");
        let all = rows.as_array().unwrap().iter();
        let text = |row: &Json| match &row["at"] {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        let new: Vec<_> = all.filter(|row| text(row) >= since).collect();
        send_json(stream, &json!({ "d": new }).to_string());
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_highest_value_is_asked_for_less_the_lag() {
    let scene = Scene::new().await;
    let server = rows_since(json!([
        {"id": 1, "at": "2024-03-01T10:00:00Z"},
        {"id": 2, "at": "2024-03-01T12:30:00.500Z"},
        {"id": 3, "at": null},
        {"id": 4, "at": "2024-03-01T12:30:00+01:00"},
    ]));
    let config = json!({
        "url": server.url("/"), "records": "d",
        "cursor": {"column": "AT", "parameter": "since", "lag": "1h"},
    });
    let mut first = scene.pull(&config, None).await.unwrap().unwrap();
    assert_eq!((rows(&mut first).len(), first.reach), (5, Reach::Since));
    let cursor = first.cursor.clone().unwrap();
    assert_eq!(cursor["highest"], "2024-03-01T12:30:00.500Z");
    let again = scene.pull(&config, Some(&cursor)).await.unwrap().unwrap();
    assert_eq!(again.cursor.as_ref().unwrap()["highest"], cursor["highest"]);
    let requests = server.requests.lock().unwrap().clone();
    assert_eq!(asked(&requests[0], "since"), None);
    assert_eq!(
        asked(&requests[1], "since").as_deref(),
        Some("2024-03-01T11%3A30%3A00.500Z")
    );
    // Another column is begun with anew.
    let mut other = config.clone();
    other["cursor"]["column"] = json!("id");
    other["cursor"]["lag"] = json!(1);
    scene.pull(&other, Some(&cursor)).await.unwrap().unwrap();
    let last = server.requests.lock().unwrap().last().unwrap().clone();
    assert_eq!(asked(&last, "since"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_compare_as_numbers_and_nothing_new_is_nothing() {
    let scene = Scene::new().await;
    let server = Server::new(|_, request, stream| {
        let since: u64 = asked(request, "since").unwrap().parse().unwrap();
        let all = [99_u64, 9_007_199_254_740_993, 9_007_199_254_740_992];
        let new: Vec<_> = all
            .iter()
            .filter(|n| **n > since)
            .map(|n| json!({"seq": n}))
            .collect();
        send_json(stream, &json!(new).to_string());
    });
    let config = json!({
        "url": server.url("/"), "cursor": {"column": "seq", "parameter": "since", "start": 7},
        "pages": {"by": "link"},
    });
    let cursor = scene.cursor(&config).await;
    assert_eq!(cursor["highest"], "9007199254740993");
    assert_eq!(
        asked(&server.requests.lock().unwrap()[0], "since").as_deref(),
        Some("7")
    );
    assert!(scene.pull(&config, Some(&cursor)).await.unwrap().is_none());
    let single = json!({"url": server.url("/"), "cursor": config["cursor"]});
    let pulled = scene.pull(&single, Some(&cursor)).await.unwrap();
    assert!(pulled.is_none(), "the request is the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_tells_nothing_is_an_error() {
    let scene = Scene::new().await;
    for (row, more, words) in [
        (json!({"x": "rowcontent"}), json!({}), "the columns are x"),
        (
            json!({"at": "rowcontent"}),
            json!({}),
            "in row 2 it is neither",
        ),
        (
            json!({"at": "01.02.2024"}),
            json!({}),
            "in row 2 it is neither",
        ),
        (json!({"at": 5}), json!({}), "a number among times"),
        (json!({"at": "2024-01-02"}), json!({"lag": 5}), ""),
    ] {
        let first = match row.get("x") {
            Some(_) => row.clone(),
            None => json!({"at": "2024-01-01"}),
        };
        let server = rows_since(json!([first, row]));
        let mut config = json!({
            "url": server.url("/"), "records": "d", "cursor": {"column": "at", "parameter": "since"},
        });
        if let Some(lag) = more.get("lag") {
            config["cursor"]["lag"] = lag.clone();
            let cursor = scene.cursor(&config).await;
            let Err(error) = scene.pull(&config, Some(&cursor)).await else {
                panic!("times have no lag of a number");
            };
            assert_eq!(error.code(), "http_cursor");
            continue;
        }
        let error = scene.fails(&config, "http_cursor", words).await;
        assert!(!error.to_string().contains("rowcontent"), "{error}");
    }
}
