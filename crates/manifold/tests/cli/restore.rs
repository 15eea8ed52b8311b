//! Restores: as a project of its own, and in place.

use serde_json::{Value as Json, json};

use crate::folder::Folder;

const FIRST: &str = "id,v\n1,a\n2,\"b\"\n003,c\n";
const SECOND: &str = "id,v\n1,a\n2,B\n4,d\n";

/// A project with two snapshots, and the id of a backup of that state.
fn saved(kind: &str) -> (Folder, String) {
    let folder = Folder::new();
    folder.import("t.csv", FIRST, &["--key", "id"]);
    folder.import("t.csv", SECOND, &[]);
    let made = folder.json(&["backup", "create", "p", "--type", kind]);
    let id = made["backup"]["id"].as_str().unwrap().to_owned();
    (folder, id)
}

/// The bytes of a snapshot, as they were imported.
fn original(folder: &Folder, project: &str, snapshot: &str) -> String {
    folder.ok(&[
        "export",
        project,
        "--source",
        "t",
        "--snapshot",
        snapshot,
        "--original",
        "--to",
        "-",
    ])
}

fn all_equal(document: &Json) -> bool {
    let tables = document["compared"]["tables"].as_array().unwrap();
    !tables.is_empty()
        && tables.iter().all(|table| {
            table["hash_equal"] == true && table["rows_expected"] == table["rows_restored"]
        })
}

#[test]
fn each_type_comes_back_as_a_project_of_its_own() {
    for kind in ["sqlite", "csv", "full"] {
        let (folder, id) = saved(kind);
        let restored = folder.json(&["restore", &id, "--as", "again"]);
        assert!(all_equal(&restored), "{kind}");
        assert_eq!(restored["project"]["name"], "again");
        assert_eq!(
            (
                original(&folder, "again", "t@1"),
                original(&folder, "again", "t@2")
            ),
            (FIRST.to_owned(), SECOND.to_owned()),
            "{kind}"
        );
        folder.import("t.csv", "id,v\n9,z\n", &[]);
        assert_eq!(
            original(&folder, "again", "t@latest"),
            SECOND,
            "it stands alone"
        );
    }
}

#[test]
fn a_backup_goes_to_another_data_folder() {
    let (folder, _) = saved("full");
    folder.ok(&["backup", "create", "p", "--to", "usb"]);
    let backup = std::fs::read_dir(folder.path("usb"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let backup = backup.to_str().unwrap();
    let restored = folder.json(&["restore", backup, "--data-dir", "other"]);
    assert_eq!(
        (&restored["project"]["name"], all_equal(&restored)),
        (&json!("p"), true)
    );
    let rows = folder.json(&[
        "query",
        "p",
        "SELECT count(*) AS n FROM t",
        "--data-dir",
        "other",
    ]);
    assert_eq!(rows["rows"], json!([[3]]));
    let (code, error) = folder.error(&[
        "restore",
        backup,
        "--in-place",
        "--yes",
        "--data-dir",
        "third",
    ]);
    assert_eq!((code, &error["code"]), (1, &json!("not_found")));
    assert!(
        error["hint"].as_str().unwrap().contains("--in-place"),
        "{error}"
    );
}

#[test]
fn in_place_replaces_what_is_there_and_keeps_a_copy() {
    let (folder, id) = saved("csv");
    folder.import("t.csv", "id,v\n7,new\n", &[]);
    folder.import("u.csv", "a\n1\n", &[]);
    folder.ok(&["project", "rename", "p", "renamed"]);
    assert_eq!(
        folder.fails(&["restore", &id, "--in-place"]),
        (2, "needs_yes".to_owned())
    );
    let (_, error) = folder.error(&["restore", &id, "--in-place"]);
    let question = error["message"].as_str().unwrap();
    assert!(
        question.contains("renamed") && question.contains("4 snapshots"),
        "{question}"
    );

    let dry = folder.json(&["restore", &id, "--in-place", "--dry-run"]);
    assert_eq!(
        (&dry["dry_run"], &dry["safety_copy"]),
        (&json!(true), &Json::Null)
    );
    assert!(all_equal(&dry));
    assert_eq!(
        original(&folder, "renamed", "t@latest"),
        "id,v\n7,new\n",
        "nothing was changed"
    );

    let restored = folder.json(&["restore", &id, "--in-place", "--yes"]);
    assert_eq!(
        restored["project"]["name"], "renamed",
        "it keeps its present name"
    );
    assert!(std::path::Path::new(restored["safety_copy"].as_str().unwrap()).is_file());
    assert_eq!(original(&folder, "renamed", "t@latest"), SECOND);
    let sources = folder.json(&["source", "list", "renamed"]);
    assert_eq!(sources["sources"].as_array().unwrap().len(), 1);
}

#[test]
fn without_a_name_it_takes_the_saved_one_if_that_is_free() {
    let (folder, id) = saved("sqlite");
    assert_eq!(
        folder.fails(&["restore", &id, "--dry-run"]),
        (1, "name_taken".to_owned())
    );
    let (code, said) = (2, "usage".to_owned());
    assert_eq!(
        folder.fails(&["restore", &id, "--as", "q", "--in-place"]),
        (code, said)
    );
    assert_eq!(
        folder.fails(&["restore", &id, "--as", ""]).1,
        "invalid_name"
    );
    folder.ok(&["project", "rename", "p", "q"]);
    let dry = folder.json(&["restore", &id, "--dry-run"]);
    assert_eq!(
        (&dry["project"], &dry["dry_run"]),
        (&Json::Null, &json!(true))
    );
    let restored = folder.json(&["restore", &id]);
    assert_eq!(restored["project"]["name"], "p");
}
