//! What people can say, and what they are told.

use entity_project::enums::SourceType;
use serde_json::json;

use crate::origin::check;

#[test]
fn what_can_be_said_is_taken() {
    let url = "https://h.example/x?a=${env:A}";
    for more in [
        json!({}),
        json!({"fetched": {"url": "x", "anything": 1}, "sync": {"x": 1}}),
        json!({"method": "GET", "headers": {"X-A": "${secret:k}"}, "query": {"a": [1, true, "x"]}}),
        json!({"method": "POST", "body": {"a": null}, "records": ["a.b", "c"]}),
        json!({"format": "tsv", "pages": {"by": "link", "max_pages": 5}}),
        json!({"pages": null, "cursor": null, "timeout_seconds": 5, "max_bytes": 1000}),
        json!({"pages": {"by": "offset", "parameter": "o", "first": 0, "size": 5, "size_parameter": "l", "total": "n"}}),
        json!({"cursor": {"column": "c", "parameter": "p", "lag": "2d", "start": "2024-01-01"}}),
        json!({"method": "POST", "cursor": {"column": "c", "parameter": "p.q", "in": "body", "lag": 0.5, "start": 1}}),
    ] {
        let mut config = more;
        config["url"] = json!(url);
        check("s", SourceType::Http, &config).unwrap();
    }
    check("s", SourceType::File, &json!({"anything": 1})).unwrap();
}

#[test]
fn what_cannot_be_said_is_told_by_its_key() {
    let wrong = [
        (
            json!({"urls": 1}),
            "`urls` is not known here; there are url, method",
        ),
        (json!({"url": 5}), "`url` is text"),
        (json!({"method": "hunter2"}), "`method` is one of GET, POST"),
        (json!({"body": {}}), "`body` is sent with"),
        (json!({"headers": {"a b": "x"}}), "`headers.a b` is no name"),
        (json!({"headers": {"a": 1}}), "`headers.a` is text"),
        (
            json!({"headers": {"a": "x\ny"}}),
            "`headers.a` has characters",
        ),
        (
            json!({"query": {"a": {"hunter2": 1}}}),
            "`query.a` is text, a number",
        ),
        (json!({"auth": "hunter2"}), "`auth` is an object"),
        (json!({"auth": {}}), "`auth` holds one of bearer"),
        (
            json!({"auth": {"bearer": "${secret:a}", "basic": {}}}),
            "`auth` holds one of",
        ),
        (
            json!({"auth": {"basic": {"user": "me"}}}),
            "`auth.basic.password` is missing",
        ),
        (
            json!({"auth": {"header": {"name": "a b", "value": "x"}}}),
            "`auth.header.name` is no name",
        ),
        (
            json!({"auth": {"digest": {}}}),
            "`auth.digest` is not known here; there are bearer, basic, header, query",
        ),
        (
            json!({"format": "xml"}),
            "`format` is one of json, jsonl, csv, tsv",
        ),
        (json!({"records": ""}), "`records` is a path"),
        (json!({"records": "a..b"}), "`records` is a path"),
        (
            json!({"records": "a", "format": "csv"}),
            "`records` leads into JSON",
        ),
        (
            json!({"pages": {"by": "magic"}}),
            "`pages.by` is one of link, page, offset, cursor, next_url",
        ),
        (json!({"pages": {}}), "`pages.by` is missing"),
        (
            json!({"pages": {"by": "link", "path": "x"}}),
            "`pages.path` is not known here; there are by, total, max_pages",
        ),
        (
            json!({"pages": {"by": "page"}}),
            "`pages.parameter` is missing",
        ),
        (
            json!({"pages": {"by": "page", "parameter": "p", "size_parameter": "s"}}),
            "`pages.size` is missing",
        ),
        (
            json!({"pages": {"by": "page", "parameter": "p", "size": 0}}),
            "`pages.size` is a whole number, at least 1",
        ),
        (
            json!({"pages": {"by": "cursor", "parameter": "p"}}),
            "`pages.path` is missing",
        ),
        (
            json!({"pages": {"by": "next_url", "path": "p"}, "format": "csv"}),
            "`pages` looks into JSON",
        ),
        (
            json!({"pages": {"by": "page", "parameter": "p", "in": "body"}}),
            "`p` is in the body",
        ),
        (
            json!({"cursor": {"column": "c"}}),
            "`cursor.parameter` is missing",
        ),
        (
            json!({"cursor": {"column": "c", "parameter": "p", "lag": "soon"}}),
            "`cursor.lag` is a number",
        ),
        (
            json!({"cursor": {"column": "c", "parameter": "p", "start": "x"}}),
            "`cursor.start` is a number, or a time",
        ),
        (
            json!({"cursor": {"column": "c", "parameter": "p", "start": 1, "lag": "1h"}}),
            "`cursor.lag` is of another kind",
        ),
        (json!({"delimiter": "ab"}), "`delimiter` is one character"),
        (json!({"delimiter": "\u{e9}"}), "`delimiter` is an ASCII"),
        (json!({"quote": "\n"}), "`quote` is no line end"),
        (json!({"quote": 1}), "`quote` is text"),
        (json!({"encoding": "utf-99"}), "`encoding` is none"),
        (json!({"header": 0}), "`header` is true, false, or"),
        (json!({"header": "yes"}), "`header` is true, false, or"),
        (json!({"null": [1]}), "`null` is a token"),
        (
            json!({"format": "json", "delimiter": ";"}),
            "`delimiter` is for CSV and TSV",
        ),
        (
            json!({"header": 2, "pages": {"by": "page", "parameter": "p"}}),
            "`header` is at most 1",
        ),
        (
            json!({"encoding": "utf-16le", "pages": {"by": "page", "parameter": "p"}}),
            "`encoding` is none of which pages",
        ),
        (
            json!({"timeout_seconds": -1}),
            "`timeout_seconds` is a whole number",
        ),
    ];
    for (more, words) in wrong {
        let mut config = more;
        if config.get("url").is_none() {
            config["url"] = json!("https://h.example/");
        }
        let error = check("orders", SourceType::Http, &config).unwrap_err();
        let told = error.to_string();
        assert_eq!(error.code(), "bad_origin", "{told}");
        assert!(
            told.starts_with("in the config of orders, ") && told.contains(words),
            "{told}"
        );
        assert!(!told.contains("hunter2"), "{told}");
    }
    let code = |config| check("s", SourceType::Http, &config).unwrap_err().code();
    assert_eq!(code(json!([])), "bad_origin");
    check("s", SourceType::Http, &json!({})).unwrap();
    assert_eq!(code(json!({"url": "ftp://h"})), "invalid_url");
    assert_eq!(
        code(json!({"url": "https://u:hunter2@h/"})),
        "secret_literal"
    );
}
