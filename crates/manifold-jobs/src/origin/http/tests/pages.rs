//! Pages, by everything that leads from one to the next.

use serde_json::{Value as Json, json};

use super::scene::{Scene, answer, asked, json as send_json, rows, status};
use crate::download::tests::server::Server;
use crate::origin::Reach;

/// A server of the numbers from 1 to `count`, in pages of `size`: by number, by offset, by token, by link.
fn numbers(count: usize, size: usize) -> Server {
    Server::new(move |_, request, stream| {
        let number = |name| asked(request, name).map(|text| text.parse::<usize>().unwrap());
        let start = match (number("page"), number("offset"), asked(request, "after")) {
            (Some(page), ..) => (page - 1) * size,
            (_, Some(offset), _) => offset,
            (.., Some(token)) => token.trim_start_matches('t').parse().unwrap(),
            _ => 0,
        };
        let end = (start + size).min(count);
        let records: Vec<Json> = (start.min(end)..end).map(|n| json!({"n": n + 1})).collect();
        let has_more = end < count;
        let host = request.lines().find_map(|line| line.strip_prefix("host: "));
        let link = format!("http://{}/items?after=t{end}", host.unwrap());
        let body = json!({
            "data": {"items": records},
            "meta": {"total": count, "next": has_more.then(|| format!("t{end}"))},
            "links": {"next": has_more.then_some(&link)},
        });
        let header = match has_more {
            true => format!("Link: </items?x=1>; rel=\"first\", <{link}>; rel=\"next\"\r\n"),
            false => String::new(),
        };
        if request.contains("/bare") {
            let items = body["data"]["items"].to_string();
            return answer(stream, "application/json", &header, &items);
        }
        answer(stream, "application/json", &header, &body.to_string());
    })
}

fn expected(count: usize) -> Vec<String> {
    let numbers = (1..=count).map(|n| n.to_string());
    std::iter::once("n".to_owned()).chain(numbers).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_kinds_of_pages_become_one_input() {
    let scene = Scene::new().await;
    for (pages, requests) in [
        (json!({"by": "page", "parameter": "page"}), 4),
        (json!({"by": "page", "parameter": "page", "size": 3}), 3),
        (
            json!({"by": "page", "parameter": "page", "size": 9, "size_parameter": "limit"}),
            3,
        ),
        (
            json!({"by": "page", "parameter": "page", "total": "meta.total"}),
            3,
        ),
        (json!({"by": "offset", "parameter": "offset"}), 4),
        (json!({"by": "offset", "parameter": "offset", "size": 3}), 3),
        (
            json!({"by": "cursor", "parameter": "after", "path": "meta.next"}),
            3,
        ),
        (json!({"by": "next_url", "path": ["links", "next"]}), 3),
        (json!({"by": "link", "total": "meta.total"}), 3),
    ] {
        let server = numbers(8, 3);
        let config = json!({"url": server.url("/items"), "records": "data.items", "pages": pages});
        assert_eq!(scene.rows(&config).await, expected(8), "{pages}");
        let asked = server.requests.lock().unwrap().len();
        assert_eq!(asked, requests, "{pages}");
    }
    let bare = numbers(5, 2);
    let config = json!({"url": bare.url("/bare"), "pages": {"by": "page", "parameter": "page"}});
    let mut pulled = scene.pull(&config, None).await.unwrap().unwrap();
    assert_eq!(
        (rows(&mut pulled), rows(&mut pulled)),
        (expected(5), expected(5))
    );
    assert_eq!((pulled.reach, &pulled.cursor), (Reach::Whole, &None));
    assert_eq!(scene.left().len(), 1);
    drop(pulled);
    assert_eq!(scene.left().len(), 0);
    let reports = scene.reports.lock().unwrap();
    assert!(
        reports
            .iter()
            .any(|report| report.step == "downloading page 3" && report.rows == Some(4))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_not_there_ends_what_was_short() {
    let scene = Scene::new().await;
    let server = Server::new(
        |_, request, stream| match &*asked(request, "page").unwrap() {
            "1" => send_json(stream, r#"[{"n": 1}, {"n": 2}]"#),
            _ => status(stream, "404 Not Found", ""),
        },
    );
    let mut config = json!({
        "url": server.url("/"),
        "pages": {"by": "page", "parameter": "page", "size": 100, "size_parameter": "per_page"},
    });
    assert_eq!(scene.rows(&config).await, expected(2));
    assert!(server.requests.lock().unwrap()[0].starts_with("GET /?page=1&per_page=100 "));
    // A full page promises a next one.
    config["pages"]["size"] = json!(2);
    scene.fails(&config, "http_status", "404").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_in_the_body_of_a_post() {
    let scene = Scene::new().await;
    let server = Server::new(|_, request, stream| {
        let body: Json = serde_json::from_str(request.split_once("\n\n").unwrap().1).unwrap();
        assert_eq!(body["query"], "{ items }");
        let next = match &body["variables"]["after"] {
            Json::Null => Some(12_345_678_901_234_567_u64),
            Json::Number(_) => None,
            other => panic!("{other}"),
        };
        let first = body["variables"]["after"].as_u64().unwrap_or(1);
        send_json(
            stream,
            &json!({"items": [{"n": first}], "next": next}).to_string(),
        );
    });
    let config = json!({
        "url": server.url("/graphql"), "method": "POST", "records": "items",
        "body": {"query": "{ items }", "variables": {"first": 1}},
        "pages": {"by": "cursor", "path": "next", "in": "body", "parameter": "variables.after"},
    });
    assert_eq!(scene.rows(&config).await, ["n", "1", "12345678901234567"]);
    let requests = server.requests.lock().unwrap();
    assert!(
        requests[0]
            .to_lowercase()
            .contains("content-type: application/json")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn digits_order_and_bad_records_stay_as_they_are() {
    let scene = Scene::new().await;
    let server = Server::new(
        |_, request, stream| match asked(request, "page").as_deref() {
            Some("1") => send_json(
                stream,
                "{\"d\": [{\"z\": 1.10, \"a\": 123456789012345678901234567890, \"t\": \"x\ny\"}]}",
            ),
            Some("2") => send_json(
                stream,
                r#"{"d": [{"z": 1e400, "a": 2}, {"a": 1, "a": 2}, {"a" 1}]}"#,
            ),
            _ => send_json(stream, r#"{"d": null}"#),
        },
    );
    let config = json!({
        "url": server.url("/"), "records": "d", "pages": {"by": "page", "parameter": "page"},
    });
    assert_eq!(
        scene.rows(&config).await,
        [
            "z|a|t",
            "1.10|123456789012345678901234567890|x\ny",
            "1e400|2|-",
            "rejected 4",
            "rejected 5",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_text_lose_their_headers() {
    let scene = Scene::new().await;
    let server = Server::new(|_, request, stream| {
        let (csv, lines) = ("text/csv", "application/x-ndjson");
        match (
            asked(request, "page").as_deref(),
            request.contains("/lines"),
        ) {
            (Some("1"), false) => answer(stream, csv, "", "\u{feff}a,b\r\n1,\"x\ny\"\r\n"),
            (Some("2"), false) => answer(stream, csv, "", "a,b\r\n2,z"),
            (Some("3"), false) => answer(stream, csv, "", "a,b\r\n3,z\r\n"),
            (Some("9"), false) => answer(stream, csv, "", "a,c\r\n4,z\r\n"),
            (_, false) => answer(stream, csv, "", "a,b\r\n"),
            (Some("1"), true) => answer(stream, lines, "", "{\"a\": 1}\n{\"a\": 2}"),
            (Some("2"), true) => answer(stream, lines, "", "\n{\"a\": 3}\n"),
            (_, true) => answer(stream, lines, "", ""),
        }
    });
    let pages = json!({"by": "page", "parameter": "page"});
    let mut config = json!({"url": server.url("/csv"), "pages": pages});
    let mut pulled = scene.pull(&config, None).await.unwrap().unwrap();
    let wanted = ["a|b", "1|x\ny", "2|z", "3|z"];
    assert_eq!(rows(&mut pulled), wanted);
    assert_eq!(rows(&mut pulled), wanted);
    drop(pulled);
    config["pages"]["first"] = json!(3);
    assert_eq!(scene.rows(&config).await, ["a|b", "3|z"]);
    let other = Server::new(|number, _, stream| {
        let body = if number == 0 {
            "a,b\n1,x\n"
        } else {
            "a,c\n1,x\n"
        };
        answer(stream, "text/csv", "", body);
    });
    config["url"] = json!(other.url("/"));
    scene
        .fails(&config, "http_pages", "its header is another one")
        .await;
    config["url"] = json!(server.url("/lines"));
    config["pages"] = pages;
    assert_eq!(scene.rows(&config).await, ["a", "1", "2", "3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_in_a_circle_or_nowhere_is_an_error() {
    let scene = Scene::new().await;
    let same = Server::new(|number, _, stream| {
        send_json(stream, &json!({"d": [{"a": 1}], "at": number}).to_string());
    });
    let config = |server: &Server, pages: Json| json!({"url": server.url("/x?y=1"), "records": "d", "pages": pages});
    let by_page = json!({"by": "page", "parameter": "page"});
    scene
        .fails(&config(&same, by_page), "http_pages", "very records")
        .await;
    assert_eq!(same.requests.lock().unwrap().len(), 2);

    let circle = Server::new(|number, request, stream| {
        let next = if request.contains("at=b") {
            "/x?at=a"
        } else {
            "/x?at=b"
        };
        send_json(
            stream,
            &json!({"d": [{"a": number}], "next": next}).to_string(),
        );
    });
    let by_url = json!({"by": "next_url", "path": "next"});
    scene
        .fails(
            &config(&circle, by_url.clone()),
            "http_pages",
            "was there before",
        )
        .await;
    let by_token = json!({"by": "cursor", "path": "next", "parameter": "at"});
    scene
        .fails(
            &config(&circle, by_token.clone()),
            "http_pages",
            "was there before",
        )
        .await;

    let endless = Server::new(|number, _, stream| {
        send_json(
            stream,
            &json!({"d": [{"a": number}], "next": number + 1}).to_string(),
        );
    });
    let few = json!({"by": "cursor", "path": "next", "parameter": "at", "max_pages": 3});
    scene
        .fails(
            &config(&endless, few),
            "http_too_many_pages",
            "more than 3 pages",
        )
        .await;
    assert_eq!(endless.requests.lock().unwrap().len(), 3);

    let odd =
        Server::new(|_, _, stream| send_json(stream, r#"{"d": [{"a": 1}], "next": {"x": 1}}"#));
    scene
        .fails(
            &config(&odd, by_token),
            "http_pages",
            "neither text nor a number",
        )
        .await;
    let elsewhere = Server::new(|_, _, stream| {
        send_json(
            stream,
            r#"{"d": [{"a": 1}], "next": "http://other.invalid/x"}"#,
        );
    });
    scene
        .fails(&config(&elsewhere, by_url), "http_pages", "another host")
        .await;
    assert_eq!(elsewhere.requests.lock().unwrap().len(), 1);

    let short = Server::new(|number, _, stream| {
        let records = if number == 0 { r#"[{"a": 1}]"# } else { "[]" };
        send_json(stream, &format!(r#"{{"d": {records}, "total": 7}}"#));
    });
    let announced = json!({"by": "page", "parameter": "page", "total": "total"});
    let error = scene
        .fails(
            &config(&short, announced),
            "http_short",
            "announced 7 records and gave 1",
        )
        .await;
    assert!(error.is_retryable());
    // The last page leads to itself.
    let last = Server::new(|number, _, stream| {
        let records = if number == 0 { r#"[{"a": 1}]"# } else { "[]" };
        send_json(stream, &format!(r#"{{"d": {records}, "next": "z"}}"#));
    });
    let by_token = json!({"by": "cursor", "path": "next", "parameter": "at"});
    assert_eq!(scene.rows(&config(&last, by_token)).await, ["a", "1"]);
}
