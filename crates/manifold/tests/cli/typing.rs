//! Null tokens, types and dates: found, said, remembered and forgotten.

use serde_json::{Value as Json, json};

use crate::folder::Folder;

const FLIGHTS: &str = "id,speed,day,late,code\n\
    a,1,31/12/2013,yes,NA\nb,NA,NA,no,NL\nc,-999,01/01/2014,-,DE\nd,,,yes,FR\n";

fn rows(folder: &Folder, sql: &str) -> Json {
    folder.json(&["query", "p", sql])["rows"].clone()
}

/// Name, type and format of the columns of a snapshot, and what is NULL in them.
fn columns(folder: &Folder, project: &str, snapshot: &str) -> Vec<String> {
    let shown = folder.json(&["snapshot", "show", project, snapshot]);
    let columns = shown["snapshot"]["columns"].as_array().unwrap().iter();
    columns
        .map(|column| {
            let text = |name: &str| column[name].as_str().unwrap_or_default().to_owned();
            let nulls = column["null_tokens"].as_array().unwrap().iter();
            let nulls: Vec<&str> = nulls.map(|token| token.as_str().unwrap()).collect();
            let (name, found, format) = (text("name"), text("type"), text("format"));
            format!(
                "{name} {found} {format} [{}] {}",
                nulls.join(" "),
                column["odd_cells"]
            )
        })
        .collect()
}

#[test]
fn tokens_among_numbers_dates_and_booleans_are_null_and_stay_in_the_file() {
    let folder = Folder::new();
    folder.import("f.csv", FLIGHTS, &["--key", "id"]);
    assert_eq!(
        columns(&folder, "p", "f@1"),
        [
            "id text  [] 0",
            "speed integer  [NA] 0",
            "day date %d/%m/%Y [NA] 0",
            "late boolean yes/no [-] 0",
            "code text  [] 0",
        ]
    );
    let expected = json!([
        ["a", 1, "2013-12-31", 1, "NA"],
        ["b", null, null, 0, "NL"],
        ["c", -999, "2014-01-01", null, "DE"],
        ["d", null, null, 1, "FR"],
    ]);
    assert_eq!(rows(&folder, "SELECT * FROM f"), expected);
    assert_eq!(rows(&folder, "SELECT * FROM \"f@1\""), expected);
    let shown = folder.json(&["snapshot", "rows", "p", "f@1"]);
    assert_eq!(shown["rows"], expected);
    assert_eq!(
        rows(&folder, "SELECT count(speed), sum(speed) FROM f"),
        json!([[2, -998]])
    );
    let original = folder.ok(&["export", "p", "--source", "f", "--original", "--to", "-"]);
    assert_eq!(original, FLIGHTS);
    // An index is on what the view shows.
    folder.json(&["source", "index", "add", "p", "f", "speed"]);
    assert_eq!(
        rows(&folder, "SELECT id FROM f WHERE speed = -999"),
        json!([["c"]])
    );
    assert_eq!(
        rows(&folder, "SELECT id FROM f WHERE speed IS NULL"),
        json!([["b"], ["d"]])
    );

    folder.import("f.csv", &FLIGHTS.replace("b,NA", "b,7"), &[]);
    let diff = folder.json(&["snapshot", "diff", "p", "f@1", "f@2"]);
    assert_eq!(diff["changes"][0]["before"]["speed"], Json::Null);
    assert_eq!(diff["changes"][0]["after"]["speed"], 7);
    let history = folder.json(&["snapshot", "history", "p", "f", "b"]);
    assert_eq!(
        history["versions"][0]["row"]["speed"],
        Json::Null,
        "{history}"
    );
}

#[test]
fn what_is_said_is_remembered_until_it_is_forgotten() {
    let folder = Folder::new();
    folder.import("f.csv", FLIGHTS, &[]);
    let before = rows(&folder, "SELECT sum(added) FROM (SELECT 1 AS added)");
    assert_eq!(before, json!([[1]]));
    let said = [
        "--null",
        "-999",
        "--null",
        "code=NA",
        "--type",
        "id=text",
        "--type",
        "late=text",
    ];
    let second = folder.import("f.csv", FLIGHTS, &said);
    assert_eq!(
        second["unchanged"], false,
        "the same bytes have another meaning"
    );
    let second = &second["snapshots"][0];
    let counts =
        ["added", "removed", "changed", "moved"].map(|name| second[name].as_i64().unwrap());
    assert_eq!(counts, [0; 4], "no row is stored again");
    let meaning = [
        "id text  [] 0",
        "speed integer  [-999 NA] 0",
        "day date %d/%m/%Y [NA] 0",
        "late text  [] 0",
        "code text  [NA] 0",
    ];
    assert_eq!(columns(&folder, "p", "f@2"), meaning);
    assert_eq!(
        rows(&folder, "SELECT * FROM f"),
        json!([
            ["a", 1, "2013-12-31", "yes", null],
            ["b", null, null, "no", "NL"],
            ["c", null, "2014-01-01", "-", "DE"],
            ["d", null, null, "yes", "FR"],
        ])
    );
    assert_eq!(folder.import("f.csv", FLIGHTS, &[])["unchanged"], true);
    folder.import("f.csv", &FLIGHTS.replace("a,1", "a,2"), &[]);
    assert_eq!(columns(&folder, "p", "f@3"), meaning);
    let typing = folder.json(&["source", "show", "p", "f"])["source"]["typing"].clone();
    assert_eq!(typing["types"], json!({"id": "text", "late": "text"}));
    let shown = folder.ok(&["source", "show", "p", "f"]);
    let options = "--null=-999 --null='code=NA' --type 'id=text' --type 'late=text'";
    assert!(shown.contains(options), "{shown}");

    // What is said again replaces what was said of the same column.
    folder.import(
        "f.csv",
        &FLIGHTS.replace("a,1", "a,3"),
        &["--type", "late=auto", "--null", "none"],
    );
    assert_eq!(
        columns(&folder, "p", "f@4"),
        [
            "id text  [] 0",
            "speed text  [] 0",
            "day text  [] 0",
            "late text  [] 0",
            "code text  [NA] 0",
        ]
    );
    folder.json(&["source", "update", "p", "f", "--no-typing"]);
    let typing = folder.json(&["source", "show", "p", "f"])["source"]["typing"].clone();
    assert_eq!(typing, Json::Null);
    let again = folder.import("f.csv", &FLIGHTS.replace("a,1", "a,3"), &[]);
    assert_eq!(again["unchanged"], false);
    assert_eq!(columns(&folder, "p", "f@5")[1], "speed integer  [NA] 0");
    let original = [
        "export",
        "p",
        "--source",
        "f",
        "--snapshot",
        "f@2",
        "--original",
        "--to",
        "-",
    ];
    assert_eq!(folder.ok(&original), FLIGHTS);
}

#[test]
fn copies_and_backups_keep_what_is_null() {
    let folder = Folder::new();
    folder.import("f.csv", FLIGHTS, &["--null", "-999"]);
    let expected = rows(&folder, "SELECT * FROM f");
    assert_eq!(expected[2][1], Json::Null);
    folder.json(&["project", "clone", "p", "clone"]);
    for kind in ["sqlite", "csv", "full"] {
        let made = folder.json(&["backup", "create", "p", "--type", kind]);
        let id = made["backup"]["id"].as_str().unwrap().to_owned();
        folder.json(&["restore", &id, "--as", kind]);
    }
    folder.json(&["source", "delete", "p", "f", "--yes"]);
    let deleted = folder.json(&["source", "trash", "list", "p"]);
    let id = deleted["sources"][0]["id"]
        .as_str()
        .unwrap_or("f")
        .to_owned();
    folder.json(&["source", "undelete", "p", &id]);
    for project in ["p", "clone", "sqlite", "csv", "full"] {
        let found = folder.json(&["query", project, "SELECT * FROM f"])["rows"].clone();
        assert_eq!(found, expected, "{project}");
        let typing = folder.json(&["source", "show", project, "f"])["source"]["typing"].clone();
        assert_eq!(
            typing,
            json!({"nulls": {"tokens": ["-999"], "find": true}}),
            "{project}"
        );
    }
}

#[test]
fn a_type_is_metadata_and_what_does_not_fit_is_odd() {
    let folder = Folder::new();
    folder.import(
        "t.csv",
        "n,b\n1,1\n2,0\nx,1\n",
        &["--type", "n=integer", "--type", "b=boolean"],
    );
    assert_eq!(
        columns(&folder, "p", "t@1"),
        ["n integer  [] 1", "b boolean 1/0 [] 0"]
    );
    assert_eq!(
        rows(&folder, "SELECT * FROM t"),
        json!([[1, 1], [2, 0], ["x", 1]])
    );
    let text = folder.import("t.csv", "n,b\n1,1\n2,0\nx,1\n", &["--type", "n=text"]);
    assert_eq!(text["snapshots"][0]["added"], 0);
    assert_eq!(
        rows(&folder, "SELECT * FROM t"),
        json!([["1", 1], ["2", 0], ["x", 1]])
    );
    for (wrong, code) in [
        (["--type", "m=text"], "missing_column"),
        (["--null", "m=0"], "missing_column"),
    ] {
        let import = ["import", "t.csv", "--project", "p"];
        for more in [&[][..], &["--dry-run"], &["--source", "new"]] {
            let (exit, error) = folder.error(&[&import[..], &wrong, more].concat());
            assert_eq!((exit, error["code"].as_str()), (1, Some(code)));
            assert!(
                error["message"].as_str().unwrap().contains("n, b"),
                "{error}"
            );
        }
    }
    let sources = folder.json(&["source", "list", "p"]);
    assert_eq!(
        sources["sources"].as_array().unwrap().len(),
        1,
        "nothing is made"
    );
}

#[test]
fn an_order_decides_dates_that_do_not_tell_it() {
    let folder = Folder::new();
    let text = "when\n01/02/2024\n03/04/2024\n";
    folder.import("d.csv", text, &[]);
    folder.write("d.csv", text);
    let said = folder.ok(&["import", "d.csv", "--project", "p", "--always"]);
    assert!(said.contains("--date-order dmy or mdy decides"), "{said}");
    let plan = folder.ok(&["import", "d.csv", "--project", "p", "--dry-run"]);
    assert!(plan.contains("--date-order dmy or mdy decides"), "{plan}");
    folder.import("d.csv", text, &["--date-order", "mdy"]);
    assert_eq!(
        rows(&folder, "SELECT * FROM d"),
        json!([["2024-01-02"], ["2024-03-04"]])
    );
    folder.import("d.csv", "when\n05/06/2024\n", &[]);
    assert_eq!(rows(&folder, "SELECT * FROM d"), json!([["2024-05-06"]]));
}

#[test]
fn json_and_databases_have_tokens_too() {
    let folder = Folder::new();
    let records = r#"[{"n": 1, "t": "NA"}, {"n": "NA", "t": "x"}, {"n": -9, "t": "y"}]"#;
    folder.import("j.json", records, &[]);
    assert_eq!(
        columns(&folder, "p", "j@1"),
        ["n integer  [NA] 0", "t text  [] 0"]
    );
    folder.import("j.json", records, &["--null", "-9", "--null", "t=NA"]);
    assert_eq!(
        rows(&folder, "SELECT * FROM j"),
        json!([[1, null], [null, "x"], [null, "y"]])
    );
    // What is remembered is counted while the tables are found.
    folder.import(
        "j.json",
        r#"[{"n": -9, "t": "NA"}, {"n": 7, "t": "-9"}]"#,
        &[],
    );
    assert_eq!(
        rows(&folder, "SELECT * FROM j"),
        json!([[null, null], [7, null]])
    );

    let database = rusqlite::Connection::open(folder.path("s.sqlite")).unwrap();
    database
        .execute_batch("CREATE TABLE m(v); INSERT INTO m VALUES (1), ('N/A'), (-9)")
        .unwrap();
    drop(database);
    folder.json(&["import", "s.sqlite", "--project", "p", "--null", "v=-9"]);
    assert_eq!(
        rows(&folder, "SELECT * FROM m"),
        json!([[1], [null], [null]])
    );
}

#[test]
fn a_plan_says_why_columns_are_what_they_are() {
    let folder = Folder::new();
    let numbers: String = (0..200).map(|row| format!("{row},x\n")).collect();
    folder.write("w.csv", format!("n,t\n{numbers}5O,007\nNA,x\n"));
    let import = [
        "import",
        "w.csv",
        "--project",
        "p",
        "--create-project",
        "--dry-run",
    ];
    let plan = folder.json(&import)["plan"].clone();
    let column = &plan["columns"][0];
    assert_eq!(column["why"], "200 of 201 cells fit");
    assert_eq!(column["null_tokens"], json!([{"token": "NA", "cells": 1}]));
    assert_eq!(column["odd_examples"], json!([{"line": 202, "cell": "5O"}]));
    let why = plan["columns"][1]["why"].as_str().unwrap();
    assert!(
        why.starts_with("1 cell would not print back as a number"),
        "{why}"
    );
    let text = folder.ok(&import);
    let expected = "  found:\n    n integer: 200 of 201 cells fit; 1 NA shown as NULL\n      odd cells: 1, such as `5O` in line 202\n";
    assert!(text.contains(expected), "{text}");
}
