//! What columns hold, and how that changes.

use std::path::PathBuf;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value as Json, json};

use crate::folder::Folder;

const TYPED: &str = "id,price,day,done,note\n1,10.50,31/12/2023,yes,long\n2,0.25,01/02/2024,no,\n3,,15/06/2022,yes,\"\"\n\
                     4,7.00,02/03/2024,yes,ä\n";

fn spoke(folder: &Folder, project: &str) -> Connection {
    let shown = folder.json(&["project", "show", project]);
    let path = PathBuf::from(shown["project"]["path"].as_str().unwrap());
    Connection::open_with_flags_and_vfs(path, OpenFlags::default(), manifold_store::vfs()).unwrap()
}

fn profile(folder: &Folder, project: &str, snapshot: &str) -> Json {
    folder.json(&["snapshot", "profile", project, snapshot])["columns"].clone()
}

/// The same from the rows, as for snapshots that are older than profiles.
fn found_again(folder: &Folder, project: &str, snapshot: &str) -> Json {
    let connection = spoke(folder, project);
    let none = "UPDATE snapshot_columns SET profile = NULL";
    assert!(connection.execute(none, []).unwrap() > 0);
    drop(connection);
    profile(folder, project, snapshot)
}

fn stored(folder: &Folder, project: &str) -> i64 {
    let count = "SELECT count(*) FROM snapshot_columns WHERE profile IS NOT NULL";
    spoke(folder, project)
        .query_row(count, [], |row| row.get(0))
        .unwrap()
}

#[test]
fn columns_are_profiled_as_their_types() {
    let folder = Folder::new();
    folder.import("t.csv", TYPED, &[]);
    let columns = profile(&folder, "p", "t@1");
    let column = |at: usize, fields: &[&str]| -> Json {
        fields
            .iter()
            .map(|field| columns[at][*field].clone())
            .collect()
    };
    let ends = ["type", "min", "max", "mean", "nulls", "distinct"];
    assert_eq!(column(0, &ends), json!(["integer", 1, 4, 2.5, 0, 4]));
    let mean = (10.5 + 0.25 + 7.0) / 3.0;
    assert_eq!(column(1, &ends), json!(["decimal", 0.25, 10.5, mean, 1, 3]));
    let days = json!(["date", "2022-06-15", "2024-03-02", null, 0, 4]);
    assert_eq!(column(2, &ends), days);
    assert_eq!(
        column(3, &["type", "min", "distinct"]),
        json!(["boolean", null, 2])
    );
    assert_eq!(
        columns[3]["top"][0],
        json!({ "value": 1, "shortened": false, "count": 3, "error": 0 })
    );
    let text = [
        "nulls",
        "null_rate",
        "empties",
        "min",
        "max",
        "min_length",
        "max_length",
    ];
    assert_eq!(column(4, &text), json!([1, 0.25, 1, "long", "ä", 1, 4]));
    let table = folder.ok(&["snapshot", "profile", "p", "t@1"]);
    assert!(
        table.contains("31/12/2023") || table.contains("02/03/2024"),
        "{table}"
    );
    assert!(table.contains("yes 75 %"), "{table}");
    let one = folder.ok(&["snapshot", "profile", "p", "t@1", "--column", "NOTE"]);
    assert!(
        one.contains("characters") && one.contains("1 (25 %)"),
        "{one}"
    );
}

#[test]
fn rows_of_older_snapshots_show_the_same() {
    let folder = Folder::new();
    folder.import("t.csv", TYPED, &["--key", "id"]);
    let first = profile(&folder, "p", "t@1");
    let more =
        TYPED.replace("4,7.00", "4,x7").replace("3,,", "3,1e3,") + "0,1.1,17/01/2020,no,new\n";
    folder.import("t.csv", &more, &[]);
    let second = profile(&folder, "p", "t@2");
    assert_ne!(first, second);
    assert_eq!(stored(&folder, "p"), 10);
    assert_eq!(found_again(&folder, "p", "t@1"), first);
    assert_eq!(profile(&folder, "p", "t@2"), second);
}

/// The first rows say integer, and what follows says text.
#[test]
fn columns_that_turn_out_otherwise_show_the_same_too() {
    let folder = Folder::new();
    let row = |n: u32| match n {
        0..5_000 => format!("{n},{n}.5,\n"),
        5_000 => format!("{n},x,a\n"),
        _ => format!("{n},00{n},{n}\n"),
    };
    let rows: String = (0..6_000).map(row).collect();
    folder.import("t.csv", &format!("a,b,c\n{rows}"), &[]);
    let columns = profile(&folder, "p", "t@1");
    assert_eq!(columns[1]["type"], "text");
    assert_eq!(
        (&columns[1]["min"], &columns[1]["max"]),
        (&json!("0.5"), &json!("x"))
    );
    assert_eq!(found_again(&folder, "p", "t@1"), columns);
}

#[test]
fn every_format_is_profiled() {
    let folder = Folder::new();
    folder.import(
        "o.json",
        r#"[{"n": 1, "t": "5"}, {"n": 2.50, "t": null}, {"n": 7}]"#,
        &[],
    );
    let json = profile(&folder, "p", "o@1");
    assert_eq!(
        (&json[0]["min"], &json[0]["max"], &json[1]["nulls"]),
        (&json!(1), &json!(7), &json!(2))
    );
    let database = Connection::open(folder.path("d.db")).unwrap();
    let make = "CREATE TABLE s(a INTEGER, b BLOB); INSERT INTO s VALUES (1, x'00ff'), (NULL, x'00ff'), (5, 'x')";
    database.execute_batch(make).unwrap();
    drop(database);
    folder.ok(&["import", "d.db", "--project", "p"]);
    let sqlite = profile(&folder, "p", "s@1");
    assert_eq!(
        (&sqlite[0]["nulls"], &sqlite[0]["max"]),
        (&json!(1), &json!(5))
    );
    assert_eq!(sqlite[1]["top"][0]["value"], json!({ "$blob": "00ff" }));
    assert_eq!(found_again(&folder, "p", "s@1"), sqlite);
    assert_eq!(profile(&folder, "p", "o@1"), json);
}

#[test]
fn profiles_come_along_with_copies_backups_and_out_of_the_trash() {
    let folder = Folder::new();
    folder.import("t.csv", TYPED, &[]);
    let columns = profile(&folder, "p", "t@1");
    folder.ok(&["project", "clone", "p", "clone"]);
    for kind in ["sqlite", "csv", "full"] {
        let made = folder.json(&["backup", "create", "p", "--type", kind]);
        let id = made["backup"]["id"].as_str().unwrap();
        folder.ok(&["restore", id, "--as", kind]);
    }
    folder.ok(&["source", "delete", "p", "t", "--yes"]);
    folder.ok(&["source", "undelete", "p", "t"]);
    for project in ["p", "clone", "sqlite", "csv", "full"] {
        assert_eq!(stored(&folder, project), 5, "{project}");
        assert_eq!(profile(&folder, project, "t@1"), columns, "{project}");
    }
}

/// A table of which `null` of 100 rows have no value, the others `value` or a number.
fn rows(null: u32, value: &str) -> String {
    let row = |n: u32| match n % 100 {
        m if m < null => format!("{n},\n"),
        m if m < 80 => format!("{n},{value}\n"),
        m => format!("{n},v{}\n", m % 7),
    };
    let rows: String = (0..2_000).map(row).collect();
    format!("id,v\n{rows}")
}

#[test]
fn strong_drift_is_told_after_an_import_and_noise_is_not() {
    let folder = Folder::new();
    folder.import("t.csv", &rows(2, "a"), &[]);
    folder.write("t.csv", rows(3, "a"));
    let quiet = folder.ok(&["import", "t.csv", "--project", "p"]);
    assert!(!quiet.contains("drift"), "{quiet}");
    folder.write("t.csv", rows(40, "a"));
    let told = folder.ok(&["import", "t.csv", "--project", "p"]);
    let line = "drift: `v` is NULL in 40 % of the rows, before in 3.0 %; see `manifold snapshot drift p t@3`";
    assert!(told.contains(line), "{told}");
    let found = folder.json(&["snapshot", "drift", "p", "t@3"]);
    assert_eq!(
        (&found["from_number"], &found["to_number"]),
        (&json!(2), &json!(3))
    );
    let first = &found["drift"][0];
    assert_eq!(first["change"], "null_rate");
    assert_eq!(
        (&first["column"], &first["from"], &first["to"]),
        (&json!("v"), &json!(0.03), &json!(0.4))
    );
    assert_eq!(first["strong"], true);
    let table = folder.ok(&["snapshot", "drift", "p", "t@1", "t@3"]);
    assert!(table.contains("2.0 %") && table.contains("40 %"), "{table}");
    let said = folder.run(&["snapshot", "drift", "p", "t@1", "t@2"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, ""));
    assert!(
        said.stderr.contains("Nothing has drifted from t@1 to t@2"),
        "{}",
        said.stderr
    );
    let none = folder.json(&["snapshot", "drift", "p", "t@1", "t@2"]);
    assert_eq!(none["drift"], json!([]));
}

#[test]
fn values_are_in_no_log_and_no_result() {
    let folder = Folder::new();
    folder.import("t.csv", &rows(0, "planted-before"), &[]);
    let imported = folder
        .import("t.csv", &rows(0, "planted-value"), &[])
        .to_string();
    assert!(imported.contains("drift"), "{imported}");
    let job = folder.json(&["job", "list"])["jobs"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = folder.ok(&["job", "show", &job, "--json"]);
    let logs = folder.ok(&["job", "logs", &job, "--json"]) + &folder.ok(&["log", "--json"]);
    assert!(
        logs.contains("a value that is new fills 80 % of `v`"),
        "{logs}"
    );
    for said in [imported, shown, logs] {
        assert!(!said.contains("planted"), "{said}");
    }
    let found = folder.json(&["snapshot", "drift", "p", "t@2"]).to_string();
    assert!(
        found.contains("planted-value") && found.contains("planted-before"),
        "{found}"
    );
}

#[test]
fn what_is_not_there_is_an_error() {
    let folder = Folder::new();
    folder.import("t.csv", TYPED, &[]);
    folder.import("u.csv", TYPED, &[]);
    let not_found = (1, "not_found".to_owned());
    assert_eq!(
        folder.fails(&["snapshot", "profile", "p", "t@1", "--column", "x"]),
        not_found
    );
    assert_eq!(
        folder.fails(&["snapshot", "profile", "p", "t@2"]),
        not_found
    );
    assert_eq!(folder.fails(&["snapshot", "drift", "p", "t@1"]), not_found);
    let different = (1, "different_sources".to_owned());
    assert_eq!(
        folder.fails(&["snapshot", "drift", "p", "t@1", "u@1"]),
        different
    );
}
