//! Imports of other formats than delimited text, and of folders and archives.

use std::io::{Cursor, Write as _};

use serde_json::{Value as Json, json};
use zip::write::SimpleFileOptions;

use crate::folder::{Folder, snapshots};

const ORDERS: &str = r#"{"page": 1, "orders": [
    {"id": 1, "who": {"name": "Ann"}, "items": [{"sku": "007", "n": 2}, {"sku": "A", "n": 1}], "total": 12.50},
    {"id": 2, "id": 3},
    {"id": 4, "items": [], "total": 3.10}
]}"#;

fn source_names(imported: &Json) -> Vec<&str> {
    let snapshots = imported["snapshots"].as_array().unwrap().iter();
    snapshots
        .map(|snapshot| snapshot["source_name"].as_str().unwrap())
        .collect()
}

#[test]
fn json_says_what_it_has_become() {
    let folder = Folder::new();
    folder.write("orders.json", ORDERS);
    let arguments = [
        "import",
        "orders.json",
        "--project",
        "p",
        "--create-project",
    ];
    let mut dry = arguments.to_vec();
    dry.push("--dry-run");
    let (planned, imported) = (folder.ok(&dry), folder.ok(&arguments));
    snapshots(&folder).bind(|| insta::assert_snapshot!(format!("{planned}\n{imported}")));
    let rows = folder.ok(&[
        "query",
        "p",
        "SELECT * FROM \"orders.items\"",
        "--format",
        "csv",
    ]);
    assert_eq!(rows, "_parent,sku,n\n1,007,2\n1,A,1\n");
    let original = [
        "export",
        "p",
        "--source",
        "orders",
        "--original",
        "--to",
        "-",
    ];
    assert_eq!(folder.fails(&original), (1, "original_not_kept".to_owned()));
}

#[test]
fn every_table_has_its_snapshot_and_its_plan() {
    let folder = Folder::new();
    let imported = folder.import("orders.json", ORDERS, &[]);
    assert_eq!(source_names(&imported), ["orders", "orders.items"]);
    assert_eq!(imported["jobs"].as_array().unwrap().len(), 1);
    let arguments = [
        "import",
        "orders.json",
        "--project",
        "p",
        "--dry-run",
        "--no-unnest",
    ];
    let plan = folder.json(&arguments);
    assert_eq!(plan["plans"].as_array().unwrap().len(), 1);
    assert_eq!(plan["plan"]["format"], "json");
    assert_eq!(plan["plan"]["dialect"]["beside"], json!({ "page": "1" }));
    let named = folder.import("orders.json", ORDERS, &["--source", "bought"]);
    assert_eq!(source_names(&named), ["bought", "bought.items"]);
    let one = folder.import("orders.json", ORDERS, &["--table", "items", "--always"]);
    assert_eq!(source_names(&one), ["orders.items"]);
    let lines = "{\"a\": 1}\nbad\n{\"a\": 2}\n";
    let imported = folder.import("lines.txt", lines, &["--format", "jsonl"]);
    assert_eq!(imported["snapshots"][0]["rejected"], 1);
}

#[test]
fn tables_of_a_database_become_sources() {
    let folder = Folder::new();
    let connection = rusqlite::Connection::open(folder.path("shop.db")).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT); INSERT INTO customers VALUES (1, 'Ann'); \
             CREATE TABLE orders(id INTEGER, customer INTEGER REFERENCES customers); INSERT INTO orders VALUES (7, 1); \
             CREATE VIEW both AS SELECT 1",
        )
        .unwrap();
    drop(connection);
    let arguments = ["import", "shop.db", "--project", "p", "--create-project"];
    let imported = folder.json(&arguments);
    assert_eq!(source_names(&imported), ["customers", "orders"]);
    assert_eq!(folder.json(&arguments)["unchanged"], true);
    let refused = folder.fails(&["import", "shop.db", "--project", "p", "--table", "x"]);
    assert_eq!(refused, (1, "no_table".to_owned()));
}

#[test]
fn folders_patterns_and_archives_are_taken_apart() {
    let folder = Folder::new();
    folder
        .write("in/b.csv", "x\n1\n")
        .write("in/a.jsonl", "{\"x\": 1}\n")
        .write("in/.hidden.csv", "x\n")
        .write("in/notes.md", "no\n")
        .write("in/deeper/c.csv", "x\n");
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [
        ("sub/z.csv", "x\n1\n"),
        ("y.json", "[{\"x\": 1}]"),
        ("read.me", "no"),
    ] {
        archive
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    folder.write("all.zip", archive.finish().unwrap().into_inner());
    let import = |what: &str| folder.json(&["import", what, "--project", "p", "--create-project"]);
    assert_eq!(source_names(&import("in")), ["a", "b"]);
    assert_eq!(source_names(&import("in/*.csv")), ["b"]);
    assert_eq!(source_names(&import("all.zip")), ["z", "y"]);
    let one = import("all.zip/sub/z.csv");
    assert_eq!(
        (source_names(&one), &one["unchanged"]),
        (vec!["z"], &json!(true))
    );
    for (what, exit, code) in [
        ("none/*.csv", 1, "nothing_to_import"),
        ("all.zip/x.csv", 1, "file_missing"),
        ("in/**[", 2, "usage"),
    ] {
        let failed = folder.fails(&["import", what, "--project", "p"]);
        assert_eq!(failed, (exit, code.to_owned()), "{what}");
    }
    folder.write("both/b.csv", "x\n1\n");
    let twice = folder.fails(&["import", "in", "both", "--project", "p"]);
    assert_eq!(twice, (2, "usage".to_owned()));
}
