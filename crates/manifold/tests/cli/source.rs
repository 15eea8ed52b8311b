//! Sources.

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
    assert_eq!(made["source"]["key_columns"], serde_json::json!(["a", "b"]));
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
