//! Indexes on the rows of sources.

use serde_json::{Value as Json, json};

use crate::folder::Folder;

const TYPED: &str = "tail,seats,speed,price,open,day\n\
    N1,55,1.5,1.50,yes,31/12/2013\nN2,2,0.25,2.25,no,01/01/2014\nN3,7,1000.125,3.00,yes,02/01/2014\n";

/// Each column of the table above, and a condition that one row fulfils.
const CONDITIONS: [(&str, &str); 6] = [
    ("tail", "tail = 'N2'"),
    ("seats", "seats = 2"),
    ("speed", "speed = 0.25"),
    ("price", "price = 2.25"),
    ("open", "open = 0"),
    ("day", "day = '2014-01-01'"),
];

fn index(folder: &Folder, verb: &str, columns: &str) -> Json {
    folder.json(&["source", "index", verb, "p", "t", columns])["index"].clone()
}

fn indexes(folder: &Folder, project: &str) -> Vec<(Json, Json)> {
    let found = folder.json(&["source", "index", "list", project, "t"]);
    let indexes = found["indexes"].as_array().unwrap();
    let told = |index: &Json| (index["columns"].clone(), index["active"].clone());
    indexes.iter().map(told).collect()
}

/// How SQLite runs a query on the project's views.
fn plan(folder: &Folder, project: &str, sql: &str) -> String {
    let shown = folder.json(&["project", "show", project]);
    let file = shown["project"]["path"].as_str().unwrap();
    let connection = rusqlite::Connection::open_with_flags_and_vfs(
        file,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    let mut explain = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let steps = explain.query_map([], |row| row.get(3)).unwrap();
    let steps: Vec<String> = steps.map(Result::unwrap).collect();
    steps.join("\n")
}

fn rows(folder: &Folder, sql: &str) -> Json {
    folder.json(&["query", "p", sql])["rows"].clone()
}

#[test]
fn the_planner_uses_an_index_of_every_type() {
    let folder = Folder::new();
    folder.import("t.csv", TYPED, &[]);
    let types = folder.json(&["snapshot", "show", "p", "t@1"]);
    let types = types["snapshot"]["columns"].as_array().unwrap();
    let types: Vec<_> = types
        .iter()
        .map(|column| column["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        ["text", "integer", "real", "decimal", "boolean", "date"]
    );
    for (number, (column, condition)) in (1..).zip(CONDITIONS) {
        let sql = format!("SELECT tail FROM t WHERE {condition}");
        assert!(!plan(&folder, "p", &sql).contains("d1_i"), "{column}");
        assert_eq!(rows(&folder, &sql), json!([["N2"]]), "{column}");
        let made = index(&folder, "add", column);
        assert_eq!(
            made,
            json!({ "source": "t", "number": number, "columns": [column], "active": true })
        );
        let steps = plan(&folder, "p", &sql);
        assert!(
            steps.contains(&format!("USING INDEX d1_i{number} ")),
            "{column}: {steps}"
        );
        assert_eq!(rows(&folder, &sql), json!([["N2"]]), "{column}");
        let first = format!("SELECT tail FROM \"t@1\" WHERE {condition}");
        assert_eq!(rows(&folder, &first), json!([["N2"]]), "{column}");
    }
}

#[test]
fn an_index_on_two_columns_serves_both() {
    let folder = Folder::new();
    folder.import("t.csv", TYPED, &[]);
    index(&folder, "add", "open,DAY");
    let steps = plan(
        &folder,
        "p",
        "SELECT 1 FROM t WHERE open = 1 AND day > '2014-01-01'",
    );
    assert!(
        steps.contains("d1_i1 (<expr>") || steps.contains("d1_i1 (c5"),
        "{steps}"
    );
    assert!(steps.contains(">?"), "both columns: {steps}");
}

#[test]
fn an_index_outlives_imports_and_changes_of_type() {
    let folder = Folder::new();
    folder.import("t.csv", TYPED, &[]);
    for (column, _) in CONDITIONS {
        index(&folder, "add", column);
    }
    let changed = "day,tail,seats,speed,price,open\n\
        nobody knows,N1,many,fast,1.5,perhaps\nx,N2,few,slow,2.25,never\ny,N4,none,\"\",free,z\n";
    folder.import("t.csv", changed, &[]);
    for (number, (column, condition)) in (1..).zip([
        ("tail", "tail = 'N2'"),
        ("seats", "seats = 'few'"),
        ("speed", "speed = 'slow'"),
        ("price", "price = '2.25'"),
        ("open", "open = 'never'"),
        ("day", "day = 'x'"),
    ]) {
        let sql = format!("SELECT tail FROM t WHERE {condition}");
        let steps = plan(&folder, "p", &sql);
        assert!(
            steps.contains(&format!("USING INDEX d1_i{number} ")),
            "{column}: {steps}"
        );
        assert_eq!(rows(&folder, &sql), json!([["N2"]]), "{column}");
    }
    folder.import("t.csv", "tail\nN5\n", &[]);
    assert_eq!(indexes(&folder, "p")[1], (json!(["seats"]), json!(false)));
    folder.ok(&["snapshot", "delete", "p", "t@3", "--yes"]);
    assert_eq!(indexes(&folder, "p")[1], (json!(["seats"]), json!(true)));
}

#[test]
fn an_index_waits_for_rows_to_come_back() {
    let folder = Folder::new();
    folder.import("t.csv", TYPED, &[]);
    index(&folder, "add", "tail");
    folder.ok(&["snapshot", "delete", "p", "t@1", "--yes"]);
    assert_eq!(indexes(&folder, "p"), [(json!(["tail"]), json!(false))]);
    folder.import("t.csv", TYPED, &[]);
    assert_eq!(indexes(&folder, "p"), [(json!(["tail"]), json!(true))]);
    let steps = plan(&folder, "p", "SELECT * FROM t WHERE tail = 'N1'");
    assert!(steps.contains("USING INDEX d1_i1 "), "{steps}");
}

#[test]
fn every_backup_brings_indexes_back() {
    let folder = Folder::new();
    folder.import("t.csv", TYPED, &[]);
    index(&folder, "add", "day");
    for kind in ["sqlite", "csv", "full"] {
        let made = folder.json(&["backup", "create", "p", "--type", kind]);
        let id = made["backup"]["id"].as_str().unwrap();
        folder.ok(&["restore", id, "--as", kind]);
        assert_eq!(
            indexes(&folder, kind),
            [(json!(["day"]), json!(true))],
            "{kind}"
        );
        let steps = plan(&folder, kind, "SELECT * FROM t WHERE day = '2014-01-01'");
        assert!(steps.contains("USING INDEX d1_i1 "), "{kind}: {steps}");
    }
}

#[test]
fn indexes_are_dropped_and_mistakes_are_told() {
    let folder = Folder::new();
    folder.import("t.csv", TYPED, &[]);
    let fails =
        |verb: &str, columns: &str| folder.fails(&["source", "index", verb, "p", "t", columns]);
    assert_eq!(fails("add", "wings"), (1, "not_found".to_owned()));
    assert_eq!(fails("drop", "tail"), (1, "not_found".to_owned()));
    let said = folder.ok(&["source", "index", "add", "p", "t", "tail,seats"]);
    assert_eq!(said, "Made the index of t on tail, seats.\n");
    assert_eq!(fails("add", "tail,seats"), (1, "index_exists".to_owned()));
    let listed = folder.ok(&["source", "index", "list", "p", "t"]);
    insta::assert_snapshot!(listed, @r"
    number  columns      state
    ─────────────────────────────
         1  tail, seats  in use
    ");
    let said = folder.ok(&["source", "index", "drop", "p", "t", "Tail,seats"]);
    assert_eq!(said, "Dropped the index of t on tail, seats.\n");
    assert!(indexes(&folder, "p").is_empty());
    assert!(!plan(&folder, "p", "SELECT * FROM t WHERE tail = 'N1'").contains("d1_i"));
    folder.ok(&["source", "create", "p", "empty", "--type", "file"]);
    let empty = folder.fails(&["source", "index", "add", "p", "empty", "x"]);
    assert_eq!(empty, (1, "no_snapshot".to_owned()));
}
