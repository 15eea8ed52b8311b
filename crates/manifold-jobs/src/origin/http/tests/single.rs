//! One answer.

use serde_json::json;

use super::scene::{Scene, answer, asked, json as send_json, rows};
use crate::download::tests::server::{Server, send};
use crate::origin::Reach;

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_is_read_as_it_is() {
    let scene = Scene::new().await;
    for (media, body, more, wanted) in [
        ("text/csv", "a;b\n1;x\n", json!({}), &["a|b", "1|x"][..]),
        ("text/csv", "a;b\n", json!({}), &["a|b"]),
        (
            "application/octet-stream",
            "a\tb\n1\tx\n",
            json!({}),
            &["a|b", "1|x"],
        ),
        ("text/plain", "[{\"a\": 1.0}]", json!({}), &["a", "1.0"]),
        (
            "text/html",
            "{\"a\": 1}\n{\"a\": 2}\n",
            json!({"format": "jsonl"}),
            &["a", "1", "2"],
        ),
        (
            "application/hal+json",
            r#"{"n": 1, "d": [{"a": 1}, {"a": 2}]}"#,
            json!({}),
            &["a", "1", "2"],
        ),
        (
            "application/json",
            r#"{"n": [{"x": 1}], "d": {"e": [{"a": 1}]}}"#,
            json!({"records": "d.e"}),
            &["a", "1"],
        ),
        (
            "application/json",
            r#"{"d": [{"a": [{"b": 1}]}]}"#,
            json!({"records": "d"}),
            &["a", "[{\"b\": 1}]"],
        ),
        (
            "text/csv",
            "1;'x;y'\n2;z\n",
            json!({"delimiter": ";", "quote": "'", "header": false}),
            &["column_1|column_2", "1|x;y", "2|z"],
        ),
        (
            "text/csv",
            "a|\"b\nx|y\n1|2\n",
            json!({"delimiter": "|", "quote": "none", "header": 2}),
            &["a x|\"b y", "1|2"],
        ),
        (
            "text/csv",
            "<a>,b\n1,2\n",
            json!({"format": "csv"}),
            &["<a>|b", "1|2"],
        ),
    ] {
        let server = Server::new(move |_, _, stream| answer(stream, media, "", body));
        let mut config = more;
        config["url"] = json!(server.url("/x"));
        let mut pulled = scene.pull(&config, None).await.unwrap().unwrap();
        assert_eq!(rows(&mut pulled), wanted, "{body}");
        assert_eq!(rows(&mut pulled), wanted, "{body}");
        assert_eq!((pulled.reach, &pulled.cursor), (Reach::Whole, &None));
        assert!(pulled.name.to_string_lossy().ends_with("/x"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_not_pulled_again() {
    let scene = Scene::new().await;
    let server = Server::new(|_, request, stream| {
        if request
            .to_ascii_lowercase()
            .contains("if-none-match: \"v1\"")
        {
            send(stream, "HTTP/1.1 304 Not Modified\r\n\r\n");
        } else {
            let more = "ETag: \"v1\"\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n";
            answer(stream, "application/json", more, r#"{"d": [{"a": 1}]}"#);
        }
    });
    let mut config = json!({"url": server.url("/"), "records": "d"});
    let cursor = scene.cursor(&config).await;
    assert!(scene.pull(&config, Some(&cursor)).await.unwrap().is_none());
    assert!(
        scene
            .pull(&config, Some(&json!({"other": 1})))
            .await
            .unwrap()
            .is_some()
    );
    // What is asked otherwise is pulled.
    config["query"] = json!({"x": 1});
    assert!(scene.pull(&config, Some(&cursor)).await.unwrap().is_some());
    // Of what depends on who asks, a time says nothing, and a tag does.
    config["auth"] = json!({"bearer": "${secret:key}"});
    let cursor = scene.cursor(&config).await;
    assert_eq!(cursor["validators"], json!({"etag": "\"v1\""}));
    assert!(!cursor.to_string().contains("hunter2"));
    assert!(scene.pull(&config, Some(&cursor)).await.unwrap().is_none());
    // Of an address that depends on something nothing is known.
    let url = format!("http://127.0.0.1:{}/${{env:USER}}", server.port);
    let pulled = scene
        .pull(&json!({"url": url}), None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(pulled.cursor, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_answers_are_unpacked() {
    use std::io::Write as _;
    let scene = Scene::new().await;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(br#"{"d": [{"a": 1}], "next": null}"#)
        .unwrap();
    let packed = gzip.finish().unwrap();
    let server = Server::new(move |_, request, stream| {
        let encoding = asked(request, "encoding").unwrap();
        let length = packed.len();
        send(
            stream,
            &format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: {encoding}\r\nContent-Length: {length}\r\n\r\n"
            ),
        );
        drop(stream.write_all(&packed));
    });
    let config = |encoding: &str| {
        json!({
            "url": server.url(&format!("/?encoding={encoding}")), "records": "d",
            "pages": {"by": "next_url", "path": "next"},
        })
    };
    assert_eq!(scene.rows(&config("gzip")).await, ["a", "1"]);
    scene
        .fails(&config("br"), "http_format", "packed with br")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_at_all_is_an_error() {
    let scene = Scene::new().await;
    for body in ["[]", "{\"d\": []}"] {
        let server = Server::new(move |_, _, stream| send_json(stream, body));
        let mut config = json!({"url": server.url("/")});
        if body.starts_with('{') {
            config["records"] = json!("d");
        }
        scene
            .fails(
                &config,
                "http_no_records",
                "nothing says what the columns are",
            )
            .await;
    }
    let none = Server::text("HTTP/1.1 204 No Content\r\n\r\n");
    scene
        .fails(
            &json!({"url": none.url("/"), "format": "json"}),
            "http_no_records",
            "",
        )
        .await;
}
