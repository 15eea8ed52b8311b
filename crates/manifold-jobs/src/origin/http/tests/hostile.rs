//! Servers that mean no good.

use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

use super::scene::{Scene, answer, json as send_json, status};
use crate::download::tests::server::{Server, send};

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_one_is_left() {
    let scene = Scene::new().await;
    let slow = Server::new(|_, _, stream| {
        send(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        for _ in 0..600 {
            send(stream, " ");
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let never = Server::new(|_, _, _| std::thread::sleep(Duration::from_secs(60)));
    let begun = Instant::now();
    for server in [slow, never] {
        let config = json!({"url": server.url("/"), "records": "d", "pages": {"by": "link"}});
        let error = scene.fails(&config, "http_silent", "sent nothing").await;
        assert!(error.is_retryable());
    }
    assert!(
        begun.elapsed() < Duration::from_secs(50),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_goes_on_for_ever_is_stopped() {
    let scene = Scene::new().await;
    let spaces = Server::new(|_, _, stream| {
        send(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
        );
        while stream.write_all(&[b' '; 1 << 14]).is_ok() {}
    });
    let mut config = json!({
        "url": spaces.url("/"), "records": "d", "max_bytes": 3_000_000, "pages": {"by": "link"},
    });
    scene
        .fails(&config, "http_too_large", "more than the 3000000 bytes")
        .await;
    // All pages together have one limit.
    let body = format!(r#"[{{"a": "{}"}}]"#, "x".repeat(900_000));
    let large = Server::new(move |number, _, stream| {
        send_json(stream, &body.replace('a', &format!("a{number}")));
    });
    config = json!({"url": large.url("/"), "max_bytes": 3_000_000, "pages": {"by": "page", "parameter": "p"}});
    scene
        .fails(&config, "http_too_large", "more than the 3000000 bytes")
        .await;
    assert_eq!(large.requests.lock().unwrap().len(), 4);
    // So has what is unpacked.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    write!(gzip, r#"[{{"a": "{}"}}]"#, "x".repeat(5_000_000)).unwrap();
    let packed = gzip.finish().unwrap();
    let bomb = Server::new(move |_, _, stream| {
        let length = packed.len();
        send(
            stream,
            &format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            ),
        );
        drop(stream.write_all(&packed));
    });
    config["url"] = json!(bomb.url("/"));
    scene
        .fails(&config, "http_too_large", "more than the 3000000 bytes")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_data_is_told() {
    let scene = Scene::new().await;
    let page = "<!DOCTYPE html><html><head><title>Log in</title></head></html>";
    for (media, body, more, code, words) in [
        (
            "text/html",
            page,
            json!({"format": "json"}),
            "http_page",
            "\"Log in\"",
        ),
        (
            "text/html",
            "Sorry, try later",
            json!({"format": "json"}),
            "http_format",
            "JSON, and did with text/html that begins with `Sorry, try later`",
        ),
        (
            "application/json",
            "Service is down\nrowcontent",
            json!({}),
            "http_format",
            "JSON, and did with application/json that begins with `Service is down`",
        ),
        ("text/html", "Sorry", json!({}), "http_format", "text/html"),
        (
            "",
            "<?xml version='1.0'?><a/>",
            json!({}),
            "http_format",
            "something without a type that begins with `<?xml",
        ),
        (
            "application/json",
            r#"{"error": "rowcontent"}"#,
            json!({"format": "csv"}),
            "http_format",
            "CSV",
        ),
        (
            "application/json",
            r#"{"error": "rowcontent"}"#,
            json!({"records": "data.items"}),
            "http_records",
            "there is no `data.items`, but error",
        ),
        (
            "application/json",
            r#"{"data": {"rows": 1}}"#,
            json!({"records": "data.items"}),
            "http_records",
            "there is no `data.items`, but rows",
        ),
        (
            "application/json",
            r#"{"data": "rowcontent"}"#,
            json!({"records": "data"}),
            "http_records",
            "text stands where `data` should be",
        ),
        (
            "application/json",
            r#"{"data": {}}"#,
            json!({"records": "data"}),
            "http_records",
            "an object stands",
        ),
        (
            "application/json",
            r#"[{"a": 1}]"#,
            json!({"records": "data"}),
            "http_records",
            "an array",
        ),
        (
            "application/json",
            r#"{"x": [{"a": 1}], "y": [{"b": 1}]}"#,
            json!({}),
            "http_records",
            "there are several, x, y",
        ),
        (
            "application/json",
            r#"{"x": [{"a": 1}]}"#,
            json!({"pages": {"by": "link"}}),
            "http_records",
            "it is an object with x",
        ),
        (
            "application/json",
            r#"{"data": [{"a": 1}, {"b"#,
            json!({"records": "data"}),
            "invalid_json",
            "ends in the middle",
        ),
        (
            "application/json",
            "",
            json!({"records": "data"}),
            "empty_file",
            "",
        ),
        (
            "text/csv",
            "a\n1\n",
            json!({"records": "data", "format": "json"}),
            "http_format",
            "JSON",
        ),
        (
            "text/csv",
            "a\n1\n",
            json!({"records": "data"}),
            "http_format",
            "lead into",
        ),
    ] {
        let server = Server::new(move |_, _, stream| answer(stream, media, "", body));
        let mut config = more;
        config["url"] = json!(server.url("/x?key=v"));
        let error = scene.fails(&config, code, words).await;
        let told = error.to_string();
        assert!(
            !told.contains("rowcontent") && !told.contains("key=v"),
            "{told}"
        );
        assert!(!error.is_retryable(), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_end() {
    let scene = Scene::new().await;
    let looping = Server::new(|_, _, stream| {
        status(stream, "308 Permanent Redirect", "Location: /again\r\n");
    });
    let config = json!({"url": looping.url("/")});
    scene
        .fails(&config, "http_redirect", "more than 10 redirects")
        .await;
    assert_eq!(looping.requests.lock().unwrap().len(), 11);
    for location in ["ftp://h/x", "http://", "file:///etc/passwd"] {
        let server = Server::new(move |_, _, stream| {
            status(stream, "302 Found", &format!("Location: {location}\r\n"));
        });
        scene
            .fails(
                &json!({"url": server.url("/")}),
                "http_redirect",
                "leads nowhere",
            )
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_page_that_fails_leaves_nothing() {
    let scene = Scene::new().await;
    for (second, code) in [
        (
            "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
            "http_status",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[{\"a\"",
            "http_dropped",
        ),
        ("HTTP/1.1 200 OK\r\n\r\n<html><title>x</title>", "http_page"),
        ("HTTP/1.1 200 OK\r\n\r\n[{\"a\"", "invalid_json"),
        ("", "http_unreachable"),
    ] {
        let server = Server::new(move |number, _, stream| match number {
            0 => send_json(stream, r#"[{"a": 1}]"#),
            _ => send(stream, second),
        });
        let config = json!({"url": server.url("/"), "pages": {"by": "page", "parameter": "p"}});
        scene.fails(&config, code, "").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_packed_page_is_told_as_such() {
    let scene = Scene::new().await;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"a,b\n1,2\n").unwrap();
    let mut packed = gzip.finish().unwrap();
    packed.truncate(packed.len() - 6);
    for media in ["text/csv", "application/x-ndjson"] {
        let packed = packed.clone();
        let server = Server::new(move |_, _, stream| {
            let length = packed.len();
            send(
                stream,
                &format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n\r\n"
                ),
            );
            drop(stream.write_all(&packed));
        });
        let format = if media == "text/csv" { "csv" } else { "tsv" };
        let config = json!({
            "url": server.url("/"), "format": format, "pages": {"by": "page", "parameter": "p"},
        });
        let code = if media == "text/csv" {
            "damaged_gzip"
        } else {
            "http_format"
        };
        scene.fails(&config, code, "").await;
    }
}
