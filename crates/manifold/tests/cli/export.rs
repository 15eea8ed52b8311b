//! Exports.

use serde_json::json;

use crate::folder::{Folder, listing};

/// Everything that makes a file differ from what would be written anew.
const ODD_FILE: &str = "\u{feff}id,\"name\",v\r\n1,a,007\r\n\r\n2,\"b\",\r\n3,\"c \"\"d\"\"\",1.50\r\n4\r\n5,6,7,8\r\n9,,\"\"";

#[test]
fn the_original_bytes_come_out_again() {
    let folder = Folder::new();
    folder.import("odd.csv", ODD_FILE, &[]);
    folder.import("odd.csv", "id,name,v\n1,a,8\n", &[]);
    let exported = folder.json(&[
        "export",
        "p",
        "--source",
        "odd",
        "--snapshot",
        "odd@1",
        "--original",
        "--to",
        "out.csv",
    ]);
    assert_eq!(folder.read("out.csv"), ODD_FILE.as_bytes());
    assert_eq!(
        (&exported["export"]["rows"], &exported["export"]["original"]),
        (&json!(5), &json!(true))
    );
    assert_eq!(exported["export"]["size_bytes"], ODD_FILE.len());
    let stdout = folder.ok(&["export", "p", "--source", "odd", "--to", "-", "--original"]);
    assert_eq!(stdout, "id,name,v\n1,a,8\n");
}

#[test]
fn plain_csv_is_written_of_a_snapshot_or_a_query() {
    let folder = Folder::new();
    folder.import("odd.csv", ODD_FILE, &[]);
    let whole = folder.ok(&["export", "p", "--source", "odd", "--to", "-"]);
    assert_eq!(
        whole,
        "id,name,v\n1,a,007\n2,b,\n3,\"c \"\"d\"\"\",1.50\n4,,\n9,,\"\"\n"
    );
    let some = folder.ok(&[
        "export",
        "p",
        "--sql",
        "SELECT name FROM odd WHERE id = 2",
        "--to",
        "-",
    ]);
    assert_eq!(some, "name\nb\n");
    folder.ok(&["export", "p", "--sql", "SELECT 1 AS one", "--to", "one.csv"]);
    assert_eq!(folder.read("one.csv"), b"one\n1\n");
}

#[test]
fn a_file_is_replaced_only_with_a_yes_and_only_by_a_whole_one() {
    let folder = Folder::new();
    folder.import("a.csv", "x\n1\n", &[]);
    folder.write("out.csv", "mine");
    assert_eq!(
        folder.fails(&["export", "p", "--source", "a", "--to", "out.csv"]),
        (2, "needs_yes".to_owned())
    );
    let failing = "SELECT x, json_extract('{', '$') FROM a";
    assert_eq!(
        folder
            .run(&["export", "p", "--sql", failing, "--to", "out.csv", "--yes"])
            .code,
        1
    );
    assert_eq!(folder.read("out.csv"), b"mine");
    let names: Vec<_> = listing(&folder.path("."))
        .into_iter()
        .filter(|(path, _)| !path.starts_with(folder.path("./data")))
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    folder.ok(&["export", "p", "--source", "a", "--to", "out.csv", "--yes"]);
    assert_eq!(folder.read("out.csv"), b"x\n1\n");
}

#[test]
fn wrong_targets_and_sources_are_told() {
    let folder = Folder::new();
    folder.import("a.csv", "x\n1\n", &[]);
    folder.import("b.csv", "x\n2\n", &[]);
    std::fs::create_dir(folder.path("sub")).unwrap();
    for (arguments, expected) in [
        (vec!["--source", "a", "--to", "sub"], (1, "file_is_folder")),
        (vec!["--source", "a", "--to", "none/x.csv"], (1, "io")),
        (
            vec!["--source", "a", "--snapshot", "b@1", "--to", "x.csv"],
            (2, "usage"),
        ),
        (vec!["--source", "c", "--to", "x.csv"], (1, "not_found")),
        (vec!["--to", "x.csv"], (2, "usage")),
        (
            vec!["--sql", "SELECT 1", "--original", "--to", "x.csv"],
            (2, "usage"),
        ),
    ] {
        let found = folder.fails(&[vec!["export", "p"], arguments.clone()].concat());
        assert_eq!(found, (expected.0, expected.1.to_owned()), "{arguments:?}");
    }
    assert!(!folder.path("x.csv").exists());
}
