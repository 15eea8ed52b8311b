//! Sources.

use serde_json::json;

use crate::folder::Folder;

#[test]
fn a_source_is_made_listed_and_shown() {
    let folder = Folder::new();
    folder.ok(&["project", "create", "p"]);
    let config = r#"{"url": "https://example.com/w.csv", "headers": {"Authorization": "Bearer ${env:TOKEN}"}}"#;
    let made = folder.json(&[
        "source", "create", "p", "Weather", "--type", "http", "--config", config, "--key", "a,b",
    ]);
    assert_eq!(made["source"]["type"], "http");
    assert_eq!(made["source"]["key_columns"], json!(["a", "b"]));
    assert_eq!(
        folder.json(&["source", "list", "p"])["sources"][0],
        made["source"]
    );
    assert_eq!(
        folder.json(&["source", "show", "p", "weather"])["source"],
        made["source"]
    );
    assert_eq!(
        folder.fails(&["source", "show", "p", "nothing"]),
        (1, "not_found".to_owned())
    );
    assert_eq!(
        folder.fails(&["source", "create", "p", "WEATHER", "--type", "file"]),
        (1, "name_taken".to_owned())
    );
}

#[test]
fn a_secret_is_not_stored_as_a_literal() {
    let folder = Folder::new();
    folder.ok(&["project", "create", "p"]);
    let config = r#"{"password": "hunter2hunter2"}"#;
    let refused = folder.run(&[
        "source", "create", "p", "db", "--type", "database", "--config", config,
    ]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("${env:NAME}") && !refused.stderr.contains("hunter2"),
        "{}",
        refused.stderr
    );
    for (path, _) in crate::folder::listing(&folder.path("data")) {
        let bytes = std::fs::read(&path).unwrap();
        assert!(
            !bytes.windows(7).any(|part| part == b"hunter2"),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_config_is_an_object() {
    let folder = Folder::new();
    for config in ["[1]", "{", "text"] {
        let arguments = [
            "source", "create", "p", "s", "--type", "http", "--config", config,
        ];
        assert_eq!(
            folder.fails(&arguments),
            (2, "usage".to_owned()),
            "{config}"
        );
    }
}

#[test]
fn a_config_that_cannot_be_pulled_is_refused_where_it_is_written() {
    let folder = Folder::new();
    folder.ok(&["project", "create", "p"]);
    let create = |config| {
        let arguments = [
            "source", "create", "p", "s", "--type", "http", "--config", config,
        ];
        folder.run(&[&arguments[..], &["--json"]].concat())
    };
    let refused = create(r#"{"url": "https://example.com", "pages": {"by": "magic"}}"#);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("bad_origin")
            && refused
                .stderr
                .contains("`pages.by` is one of link, page, offset, cursor, next_url"),
        "{}",
        refused.stderr
    );
    let literal = create(r#"{"url": "https://example.com", "auth": "hunter2"}"#);
    assert_eq!(literal.code, 1);
    assert!(!literal.stderr.contains("hunter2"), "{}", literal.stderr);
    let literal = create(r#"{"url": "https://example.com", "auth": {"bearer": "hunter2"}}"#);
    assert!(
        literal.stderr.contains("secret_literal") && !literal.stderr.contains("hunter2"),
        "{}",
        literal.stderr
    );
    let made = create(
        r#"{"url": "https://example.com", "auth": {"header": {"name": "X-Key", "value": "${secret:k}"}}}"#,
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    let update = |config| folder.fails(&["source", "update", "p", "s", "--config", config]);
    assert_eq!(
        update(r#"{"url": "https://example.com", "page": 1}"#),
        (1, "bad_origin".to_owned())
    );
    assert_eq!(
        folder.json(&["source", "show", "p", "s"])["source"]["config"]["auth"]["header"]["name"],
        "X-Key"
    );
}

#[test]
fn a_source_gets_another_name_and_its_view_follows() {
    let folder = Folder::new();
    folder.import("t.csv", "a,b\n1,x\n", &[]);
    folder.import("u.csv", "a\n7\n", &[]);
    let before = folder.json(&["source", "show", "p", "t"]);
    let update =
        |source, more: &[&'static str]| [&["source", "update", "p", source], more].concat();

    let renamed = folder.json(&update("t", &["--name", "Orders of 2013"]));
    assert_eq!(renamed["source"]["id"], before["source"]["id"]);
    assert_eq!(renamed["source"]["view_name"], json!("Orders of 2013"));
    assert_eq!(
        renamed["source"]["latest_snapshot_id"],
        before["source"]["latest_snapshot_id"]
    );
    let query = |sql| folder.ok(&["query", "p", sql, "--format", "csv"]);
    assert_eq!(query("SELECT b FROM \"orders of 2013\""), "b\nx\n");
    assert_eq!(query("SELECT b FROM \"Orders of 2013@1\""), "b\nx\n");
    assert_eq!(
        folder.fails(&["query", "p", "SELECT b FROM t"]).1,
        "unknown_table"
    );
    // An import goes on with it, with new columns too.
    folder.write("t.csv", "a,b,c\n1,x,2\n2,y,3\n");
    folder.ok(&[
        "import",
        "t.csv",
        "--project",
        "p",
        "--source",
        "orders of 2013",
    ]);
    assert_eq!(query("SELECT c FROM \"Orders of 2013\""), "c\n2\n3\n");
    // The same letters, in another case, and a name that SQL needs itself.
    folder.json(&update("orders of 2013", &["--name", "ORDERS of 2013"]));
    folder.json(&update("orders of 2013", &["--name", "project"]));
    let shown = folder.json(&["source", "show", "p", "project"]);
    assert_ne!(shown["source"]["view_name"], json!("project"));
    let view = shown["source"]["view_name"].as_str().unwrap();
    assert_eq!(query(&format!("SELECT c FROM \"{view}\"")), "c\n2\n3\n");
    assert!(folder.ok(&["doctor"]).contains("No problem"));
}

#[test]
fn what_cannot_be_changed_stays_as_it_is() {
    let folder = Folder::new();
    folder.import("t.csv", "a\n1\n", &[]);
    folder.import("u.csv", "a\n7\n", &[]);
    let before = folder.json(&["source", "show", "p", "t"]);
    for (more, code) in [
        (
            &["--name", "U", "--description", "x"][..],
            (1, "name_taken"),
        ),
        (&["--name", "a/b"], (1, "invalid_name")),
        (
            &["--config", "{\"password\": \"hunter2\"}"],
            (1, "secret_literal"),
        ),
        (&["--config", "[]"], (2, "usage")),
        (&[], (2, "usage")),
    ] {
        let failed = folder.fails(&[&["source", "update", "p", "t"], more].concat());
        assert_eq!(failed, (code.0, code.1.to_owned()), "{more:?}");
    }
    assert_eq!(folder.json(&["source", "show", "p", "t"]), before);
    let both = ["--description", "x", "--config", "{\"path\": \"in\"}"];
    let updated = folder.json(&[&["source", "update", "p", "t"][..], &both].concat());
    assert_eq!(updated["source"]["description"], json!("x"));
    assert_eq!(updated["source"]["config"], json!({ "path": "in" }));
    let cleared = folder.json(&["source", "update", "p", "t", "--description", ""]);
    assert_eq!(cleared["source"]["description"], json!(null));
    assert_eq!(cleared["source"]["config"], json!({ "path": "in" }));
}

#[test]
fn a_deleted_source_lies_in_the_trash_and_comes_back() {
    let folder = Folder::new();
    folder.write("planes.csv", "id,name\n1,a\n2,b\n");
    folder.ok(&["import", "planes.csv", "--project", "p", "--create-project"]);
    let shown = folder.json(&["source", "show", "p", "planes"]);
    let plan = folder.json(&["source", "delete", "p", "planes", "--dry-run"]);
    assert_eq!(plan["plan"]["source"], shown["source"]);
    assert_eq!(plan["plan"]["row_count"], 2);
    assert_eq!(
        folder.fails(&["source", "delete", "p", "planes"]),
        (2, "needs_yes".to_owned())
    );
    let deleted = folder.json(&["source", "delete", "p", "planes", "--yes"]);
    let trash = folder.json(&["source", "trash", "list", "p"]);
    assert_eq!(trash["trash"], json!([deleted["source"]]));
    assert_eq!(deleted["source"]["snapshot_count"], 1);
    assert_eq!(folder.json(&["source", "list", "p"])["sources"], json!([]));
    let again = folder.run(&["source", "delete", "p", "planes", "--yes"]);
    assert!(
        again.stderr.contains("manifold source undelete p planes"),
        "{}",
        again.stderr
    );
    for hidden in ["@trash_1_rows", "@trash_1_data_sources", "trashed_sources"] {
        let sql = format!("SELECT * FROM \"{hidden}\"");
        assert_eq!(folder.fails(&["query", "p", &sql]).1, "denied");
    }
    assert_eq!(
        folder.fails(&["source", "undelete", "p", "nothing"]),
        (1, "not_found".to_owned())
    );
    folder.json(&["source", "undelete", "p", "planes"]);
    let rows = folder.json(&["query", "p", "SELECT count(*) FROM planes"]);
    assert_eq!(rows["rows"], json!([[2]]));
    folder.json(&["source", "delete", "p", "planes", "--yes"]);
    let kept = folder.json(&["source", "trash", "empty", "p", "--expired", "--yes"]);
    assert_eq!(kept["purged"], json!([]));
    let purged = folder.json(&["source", "trash", "empty", "p", "--yes"]);
    assert_eq!(purged["purged"][0]["id"], deleted["source"]["id"]);
    assert_eq!(
        folder.fails(&["source", "trash", "empty", "p", "planes", "--yes"]),
        (1, "not_found".to_owned())
    );
}

#[test]
fn a_disabled_source_refuses_a_dry_run_too() {
    let folder = Folder::new();
    folder.write("planes.csv", "id,name\n1,a\n2,b\n");
    folder.ok(&["import", "planes.csv", "--project", "p", "--create-project"]);
    let disabled = folder.json(&["source", "update", "p", "planes", "--disable"]);
    assert_eq!(disabled["source"]["status"], "disabled");
    assert_eq!(disabled["source"]["enabled"], false);
    for extra in [&[][..], &["--dry-run"]] {
        let import = [&["import", "planes.csv", "--project", "p"], extra].concat();
        assert_eq!(folder.fails(&import), (1, "source_disabled".to_owned()));
    }
    let enabled = folder.json(&["source", "update", "p", "planes", "--enable", "--key", "id"]);
    assert_eq!(enabled["source"]["status"], "ok");
    assert_eq!(enabled["source"]["key_columns"], json!(["id"]));
    assert_eq!(
        folder.fails(&["source", "update", "p", "planes", "--key", "nothing"]),
        (1, "missing_key_column".to_owned())
    );
}
