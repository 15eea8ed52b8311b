//! Downloads from a real server, which behaves badly.

pub(crate) mod server;

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use manifold_store::Secret;

use self::server::{Client, Server, send};
use super::Downloaded;
use crate::JobError;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_fetched_behind_redirects() {
    let server = Server::new(|_, request, stream| {
        if request.starts_with("GET /a ") {
            send(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: /b/c.csv\r\nContent-Length: 0\r\n\r\n",
            );
        } else {
            send(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nContent-Disposition: attachment; filename=x.csv\r\n\r\na,b\n1,2\n",
            );
        }
    });
    let found = Client::new().bytes(&server.url("/a")).await;
    assert_eq!(found, (b"a,b\n1,2\n".to_vec(), Some("x.csv".to_owned())));
    let chunked = Server::text(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na,b\n\r\n4\r\n1,2\n\r\n0\r\n\r\n",
    );
    assert_eq!(
        Client::new().bytes(&chunked.url("/")).await.0,
        b"a,b\n1,2\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_is_told() {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n";
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 61\r\n\r\n<!DOCTYPE html><html><head><title>Log in</title></head></html>";
    for (answer, code, words, retried) in [
        (redirect, "http_redirect", "more than 10 redirects", false),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "http_status",
            "404 Not Found; check",
            false,
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
            "http_status",
            "403 Forbidden",
            false,
        ),
        (
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
            "http_status",
            "429",
            true,
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
            "http_status",
            "503",
            true,
        ),
        (
            "HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx",
            "http_status",
            "206",
            false,
        ),
        (page, "http_page", "\"Log in\"", false),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na,b\n1,2\n",
            "http_dropped",
            "after 8 bytes of 100",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na,b\n\r\n",
            "http_dropped",
            "after 4 bytes",
            true,
        ),
        ("SSH-2.0-x\r\n", "http_unreachable", "127.0.0.1", true),
        ("", "http_unreachable", "127.0.0.1", true),
    ] {
        let server = Server::text(answer);
        let error = Client::new().error(&server.url("/x.csv?who=me")).await;
        let told = error.to_string();
        assert_eq!(error.code(), code, "{told}");
        assert!(told.contains(words) && !told.contains("who=me"), "{told}");
        let job = JobError::from(error);
        assert_eq!(job.is_retryable(), retried, "{told}");
        if let (JobError::Retryable { retry_after, .. }, true) = (job, words == "429") {
            assert_eq!(retry_after, Some(Duration::from_secs(7)));
        }
    }
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = Client::new().error(&format!("http://{nobody}/x.csv")).await;
    assert_eq!(error.code(), "http_unreachable", "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_left_and_an_endless_one_is_stopped() {
    let never = Server::new(|_, _, _| std::thread::sleep(Duration::from_secs(60)));
    let midway = Server::new(|_, _, stream| {
        send(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na,b\n",
        );
        std::thread::sleep(Duration::from_secs(60));
    });
    let drop_by_drop = Server::new(|_, _, stream| {
        send(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        for _ in 0..600 {
            send(stream, "a");
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let begun = Instant::now();
    let mut client = Client::new();
    client.limits.connect = Duration::from_millis(400);
    for server in [never, midway, drop_by_drop] {
        let error = client.error(&server.url("/x.csv")).await;
        assert_eq!(error.code(), "http_silent", "{error}");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(50),
        "{:?}",
        begun.elapsed()
    );

    let stopped = Arc::new(AtomicBool::new(false));
    let seen = stopped.clone();
    let endless = Server::new(move |_, _, stream| {
        send(stream, "HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'a'; 1 << 14]).is_ok() {}
        seen.store(true, Ordering::SeqCst);
    });
    client.limits.bytes = Some(3 << 20);
    let error = client.error(&endless.url("/x.csv")).await;
    assert_eq!(error.code(), "http_too_large");
    assert!(error.to_string().contains("3145728"), "{error}");
    let announced = Server::text("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
    assert_eq!(
        client.error(&announced.url("/x.csv")).await.code(),
        "http_too_large"
    );

    client.limits.bytes = None;
    let blank = Server::new(|_, _, stream| {
        send(stream, "HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b' '; 1 << 14]).is_ok() {}
    });
    let error = client.error(&blank.url("/x.json")).await;
    assert_eq!(error.code(), "http_blank", "{error}");
    let cancel = client.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    });
    assert_eq!(
        client.error(&endless.url("/x.csv")).await.code(),
        "cancelled"
    );
    while !stopped.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_is_taken_up_where_it_ended() {
    let whole: String = (0..50_000).map(|row| format!("{row},x\n")).collect();
    let (served, size) = (whole.clone(), whole.len());
    let server = Server::new(move |_, request, stream| {
        let from = request
            .to_ascii_lowercase()
            .split_once("range: bytes=")
            .map_or(0, |(_, rest)| {
                rest.split('-').next().unwrap().parse().unwrap()
            });
        let head = if from > 0 {
            assert!(
                request.to_ascii_lowercase().contains("if-range: \"v1\""),
                "{request}"
            );
            format!(
                "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{}/{size}\r\n",
                size - 1
            )
        } else {
            "HTTP/1.1 200 OK\r\n".to_owned()
        };
        let rest = &served[from..];
        let part = &rest[..rest.len().min(200_000)];
        send(
            stream,
            &format!(
                "{head}Accept-Ranges: bytes\r\nETag: \"v1\"\r\nContent-Length: {}\r\n\r\n{part}",
                rest.len()
            ),
        );
    });
    let (bytes, _) = Client::new().bytes(&server.url("/x.csv")).await;
    assert_eq!(bytes, whole.as_bytes());
    assert_eq!(
        server.requests.lock().unwrap().len(),
        size.div_ceil(200_000)
    );

    // The file became another one meanwhile, so all of it is sent again.
    let changed = Server::new(|number, _, stream| {
        let (tag, size, body) = if number == 0 {
            ("v1", 100, "old,")
        } else {
            ("v2", 4, "new\n")
        };
        send(
            stream,
            &format!(
                "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nETag: \"{tag}\"\r\nContent-Length: {size}\r\n\r\n{body}"
            ),
        );
    });
    assert_eq!(
        Client::new().bytes(&changed.url("/x.csv")).await.0,
        b"new\n"
    );
    // It sends another part than the one that was asked for.
    let wrong = Server::new(|number, _, stream| {
        let head = if number == 0 {
            "200 OK\r\n"
        } else {
            "206 Partial Content\r\nContent-Range: bytes 9-12/100\r\n"
        };
        send(
            stream,
            &format!(
                "HTTP/1.1 {head}Accept-Ranges: bytes\r\nETag: \"v1\"\r\nContent-Length: 100\r\n\r\nold,"
            ),
        );
    });
    let error = Client::new().error(&wrong.url("/x.csv")).await;
    assert!(error.to_string().contains("not the rest"), "{error}");
    // It drops each time.
    let never = Server::text(
        "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nETag: \"v1\"\r\nContent-Length: 100\r\n\r\n",
    );
    assert_eq!(
        Client::new().error(&never.url("/x.csv")).await.code(),
        "http_dropped"
    );
    assert_eq!(never.requests.lock().unwrap().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_fetched_before_is_not_fetched_again() {
    let server = Server::new(|_, request, stream| {
        if request
            .to_ascii_lowercase()
            .contains("if-none-match: \"v1\"")
        {
            send(stream, "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n");
        } else {
            send(
                stream,
                "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 4\r\n\r\na\n1\n",
            );
        }
    });
    let client = Client::new();
    let Downloaded::File(found) = client.get(&server.url("/"), None).await.unwrap() else {
        panic!("it was fetched");
    };
    let again = client
        .get(&server.url("/"), Some(&found.validators))
        .await
        .unwrap();
    assert!(matches!(again, Downloaded::NotModified), "{again:?}");
    drop(found);
    // Nobody asked for that.
    let wrong = Server::text("HTTP/1.1 304 Not Modified\r\n\r\n");
    assert_eq!(client.error(&wrong.url("/")).await.code(), "http_status");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_reach_the_server_and_nobody_else() {
    let server = Server::text("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let client = Client::new();
    client
        .secrets
        .set("pw", Secret::from("hunter2 @/:".to_owned()))
        .await
        .unwrap();
    let url = format!(
        "http://me:${{secret:pw}}@127.0.0.1:{}/x.csv?key=${{env:WHERE}}#part",
        server.port
    );
    let error = client.error(&url).await;
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let requests = server.requests.lock().unwrap().clone();
    assert!(
        requests[0].starts_with("GET /x.csv?key=a%26b%3Dc HTTP"),
        "{requests:?}"
    );
    assert!(
        requests[0].contains("Basic bWU6aHVudGVyMiBALzo="),
        "{requests:?}"
    );
    let missing = url.replace("secret:pw", "secret:other");
    assert_eq!(client.error(&missing).await.code(), "secret_not_set");
}
