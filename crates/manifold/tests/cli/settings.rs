//! Settings and schema versions.

use crate::folder::Folder;

#[test]
fn a_setting_is_set_checked_and_unset() {
    let folder = Folder::new();
    folder.ok(&["settings", "set", "import.max_cell", "2048"]);
    assert_eq!(folder.ok(&["settings", "get", "import.max_cell"]), "2048\n");
    let long = format!("a\n{}\n", "x".repeat(3_000));
    folder.write("long.csv", &long);
    let import = ["import", "long.csv", "--project", "p", "--create-project"];
    assert_eq!(folder.fails(&import), (1, "cell_too_large".to_owned()));
    folder.ok(&["settings", "unset", "import.max_cell"]);
    folder.json(&import);

    assert_eq!(
        folder.fails(&["settings", "set", "import.max_cell", "much"]),
        (1, "invalid_value".to_owned())
    );
    assert_eq!(
        folder.fails(&["settings", "get", "nothing"]),
        (1, "invalid_value".to_owned())
    );
}

#[test]
fn migrations_are_listed_and_up_to_date() {
    let folder = Folder::new();
    folder.ok(&["project", "create", "p"]);
    for verb in ["status", "up"] {
        let found = folder.json(&["migrate", verb]);
        assert_eq!(found["core"]["pending"], serde_json::json!([]));
        assert!(!found["core"]["applied"].as_array().unwrap().is_empty());
        assert_eq!(found["projects"][0]["pending"], serde_json::json!([]));
        assert_eq!(found["projects"][0]["error"], serde_json::Value::Null);
    }
}

#[test]
fn a_project_that_cannot_be_read_does_not_hide_the_others() {
    let folder = Folder::new();
    folder.ok(&["project", "create", "good"]);
    folder.ok(&["project", "create", "bad"]);
    let bad = folder.json(&["project", "show", "bad"])["project"]["path"]
        .as_str()
        .unwrap()
        .to_owned();
    std::fs::remove_file(&bad).unwrap();
    let found = folder.json(&["migrate", "status"]);
    let projects = found["projects"].as_array().unwrap();
    assert_eq!(projects.len(), 2);
    assert_eq!(projects[0]["error"]["code"], "project_file_missing");
    assert_eq!(projects[1]["error"], serde_json::Value::Null);
    let (code, error) = folder.error(&["migrate", "up"]);
    assert_eq!((code, &error["code"]), (1, &"not_all_migrated".into()));
    assert_eq!(
        folder.fails(&["source", "list", "bad"]),
        (1, "project_file_missing".to_owned())
    );
    assert!(
        !std::path::Path::new(&bad).exists(),
        "a missing project is not made anew"
    );
}
