//! Who asks, and who hears of it.

use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};

use super::scene::{SECRET, Scene, answer, json as send_json, status};
use crate::download::tests::server::Server;

const ENCODED: &str = "hunter2+%40%2F%3A";

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_says_who_asks_arrives() {
    let scene = Scene::new().await;
    for (auth, wanted) in [
        (
            json!({"bearer": "${secret:key}"}),
            format!("authorization: Bearer {SECRET}"),
        ),
        (
            json!({"basic": {"user": "${env:USER}", "password": "${secret:key}"}}),
            "authorization: Basic bWU6aHVudGVyMiBALzo=".to_owned(),
        ),
        (
            json!({"header": {"name": "X-Api-Key", "value": "${secret:key}"}}),
            format!("x-api-key: {SECRET}"),
        ),
        (
            json!({"query": {"name": "api_key", "value": "${secret:key}"}}),
            format!("GET /a?b=1&c=2&c=x+y&api_key={ENCODED} HTTP"),
        ),
    ] {
        let server = Server::new(|_, _, stream| send_json(stream, r#"[{"a": 1}]"#));
        let config = json!({
            "url": server.url("/a?b=1"), "query": {"c": [2, "x y"]}, "auth": auth,
            "headers": {"X-Own": "v-${secret:key}", "Accept": "text/x"},
        });
        assert_eq!(scene.rows(&config).await, ["a", "1"]);
        let request = server.requests.lock().unwrap()[0].clone();
        assert!(request.contains(&wanted), "{request}");
        assert!(request.contains(&format!("x-own: v-{SECRET}")), "{request}");
        assert!(request.contains("accept: text/x"), "{request}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_hears_nothing_of_it() {
    let scene = Scene::new().await;
    let other = Server::new(|_, _, stream| send_json(stream, r#"[{"a": 1}]"#));
    let to = other.url("/elsewhere");
    let server = Server::new(move |_, _, stream| {
        status(
            stream,
            "307 Temporary Redirect",
            &format!("Location: {to}\r\n"),
        );
    });
    let auths = [
        json!({"bearer": "${secret:key}"}),
        json!({"basic": {"user": "me", "password": "${secret:key}"}}),
        json!({"header": {"name": "X-Api-Key", "value": "${secret:key}"}}),
        json!({"query": {"name": "api_key", "value": "${secret:key}"}}),
    ];
    for auth in auths {
        let mut config = json!({
            "url": server.url("/"), "auth": auth, "headers": {"X-Own": "${secret:key}"},
        });
        assert_eq!(scene.rows(&config).await, ["a", "1"]);
        let seen = other.requests.lock().unwrap().pop().unwrap();
        let lower = seen.to_lowercase();
        for word in ["hunter2", "authorization", "x-own", "x-api-key", "api_key"] {
            assert!(!lower.contains(word), "{seen}");
        }
        // A body is not sent there either.
        config["method"] = json!("POST");
        config["body"] = json!({"who": "${secret:key}"});
        scene.fails(&config, "http_redirect", "another host").await;
        assert!(other.requests.lock().unwrap().is_empty());
    }
    // On the same host it stays.
    let home = Server::new(|number, _, stream| match number {
        0 => status(stream, "302 Found", "Location: /b\r\n"),
        _ => send_json(stream, r#"[{"a": 1}]"#),
    });
    let config = json!({"url": home.url("/a"), "auth": {"bearer": "${secret:key}"}});
    assert_eq!(scene.rows(&config).await, ["a", "1"]);
    let seen = home.requests.lock().unwrap()[1].clone();
    assert!(
        seen.starts_with("GET /b ") && seen.contains(SECRET),
        "{seen}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_says_who_asks_goes_with_every_page() {
    let scene = Scene::new().await;
    let server = Server::new(|number, _, stream| {
        let next = (number == 0).then_some("/x?page=2&key=masked");
        send_json(
            stream,
            &json!({"d": [{"a": number}], "next": next}).to_string(),
        );
    });
    let config = json!({
        "url": server.url("/x"), "records": "d", "pages": {"by": "next_url", "path": "next"},
        "auth": {"query": {"name": "key", "value": "${secret:key}"}},
    });
    assert_eq!(scene.rows(&config).await, ["a", "0", "1"]);
    let second = server.requests.lock().unwrap()[1].clone();
    assert!(
        second.starts_with(&format!("GET /x?page=2&key={ENCODED} ")),
        "{second}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_comes_back_is_not_told() {
    let scene = Scene::new().await;
    let config = |server: &Server| -> Json {
        json!({
            "url": format!("http://me:${{secret:key}}@127.0.0.1:{}/x", server.port), "format": "json",
            "auth": {"bearer": "${secret:key}"}, "query": {"k": "${secret:key}"},
        })
    };
    for echoed in [SECRET, ENCODED] {
        let echo = Server::new(move |_, _, stream| {
            answer(stream, "text/plain", "", &format!("{echoed} is wrong"));
        });
        scene
            .fails(&config(&echo), "http_format", "did with text/plain;")
            .await;
    }
    for answered in ["401 Unauthorized", "500 Oops", "302 Found"] {
        let server = Server::new(move |_, _, stream| {
            status(stream, answered, &format!("Location: /{SECRET}\r\n"));
        });
        scene.error(&config(&server)).await;
    }
    let unset = json!({"url": "http://127.0.0.1/", "auth": {"bearer": "${secret:other}"}});
    scene
        .fails(
            &unset,
            "secret_not_set",
            "`auth.bearer` needs secret `other`",
        )
        .await;
    let reports = scene.reports.lock().unwrap();
    assert!(!format!("{reports:?}").contains("hunter2"));
    drop(reports);
    // Nor is it in any file but that of the secrets.
    let kept: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut folders = vec![scene.folder().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if std::fs::read(entry.path())
                .unwrap()
                .windows(7)
                .any(|part| part == b"hunter2")
            {
                kept.lock()
                    .unwrap()
                    .push(entry.file_name().into_string().unwrap());
            }
        }
    }
    assert_eq!(*kept.lock().unwrap(), ["secrets.toml"]);
}
