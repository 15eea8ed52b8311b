//! Asking again.

use std::time::{Duration, Instant};

use serde_json::json;

use super::scene::{Scene, asked, json as send_json, status};
use crate::JobError;
use crate::download::tests::server::{Server, send};

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_asked_for_again() {
    let scene = Scene::new().await;
    let server = Server::new(|number, request, stream| match number {
        0 => status(stream, "429 Too Many Requests", "Retry-After: 1\r\n"),
        1 => status(stream, "503 Service Unavailable", ""),
        2 => send(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{\"a\"",
        ),
        3 => send_json(stream, r#"[{"a": 1}]"#),
        // The connection ends without an answer.
        4 => {}
        5 => send_json(stream, r#"[{"a": 2}]"#),
        _ => {
            assert_eq!(asked(request, "page").as_deref(), Some("3"));
            send_json(stream, "[]");
        }
    });
    let begun = Instant::now();
    let config = json!({"url": server.url("/"), "pages": {"by": "page", "parameter": "page"}});
    assert_eq!(scene.rows(&config).await, ["a", "1", "2"]);
    assert!(
        begun.elapsed() >= Duration::from_secs(1),
        "it was told to wait"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_ends_and_is_left_to_a_later_attempt() {
    let scene = Scene::new().await;
    let storm =
        Server::new(|_, _, stream| status(stream, "429 Too Many Requests", "Retry-After: 0\r\n"));
    let config = json!({"url": storm.url("/")});
    let error = scene
        .fails(&config, "http_status", "it was asked 4 times")
        .await;
    assert!(error.is_retryable());
    assert_eq!(storm.requests.lock().unwrap().len(), 4);
    // Who asks to wait for long is not waited for here.
    let long = Server::new(|_, _, stream| status(stream, "503 Busy", "Retry-After: 3600\r\n"));
    let error = scene
        .fails(&json!({"url": long.url("/")}), "http_status", "503")
        .await;
    let JobError::Retryable { retry_after, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(3600)));
    assert_eq!(long.requests.lock().unwrap().len(), 1);
    // What will not pass is not asked for again.
    let gone = Server::new(|_, _, stream| status(stream, "410 Gone", "Retry-After: 0\r\n"));
    let error = scene
        .fails(&json!({"url": gone.url("/")}), "http_status", "410")
        .await;
    assert!(!error.is_retryable());
    assert_eq!(gone.requests.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_can_be_stopped() {
    let mut scene = Scene::new().await;
    scene.limit = |limits| limits.longest_wait = Duration::from_secs(600);
    let server = Server::new(|_, _, stream| status(stream, "503 Busy", "Retry-After: 300\r\n"));
    let cancel = scene.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
    });
    scene
        .fails(&json!({"url": server.url("/")}), "cancelled", "")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pulls_can_be_stopped() {
    let scene = Scene::new().await;
    let server = Server::new(|number, _, stream| {
        let records: Vec<_> = (0..2_000).map(|n| json!({"a": n, "b": number})).collect();
        send_json(stream, &json!(records).to_string());
    });
    let (cancel, requests) = (scene.cancel.clone(), server.requests.clone());
    tokio::spawn(async move {
        while requests.lock().unwrap().len() < 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cancel.cancel();
    });
    let config = json!({"url": server.url("/"), "pages": {"by": "page", "parameter": "page"}});
    scene.fails(&config, "cancelled", "").await;
}
