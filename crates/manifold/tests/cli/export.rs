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
        (vec!["--source", "a", "--to", "x.parquet"], (2, "usage")),
        (vec!["--source", "a", "--to", "x"], (2, "usage")),
        (
            vec!["--source", "a", "--to", "-", "--format", "sqlite"],
            (2, "no_stream"),
        ),
        (
            vec!["--source", "a", "--since", "b@1", "--to", "x.csv"],
            (2, "usage"),
        ),
        (
            vec!["--source", "a", "--since", "a@9", "--to", "x.csv"],
            (1, "not_found"),
        ),
        (
            vec!["--sql", "DELETE FROM a", "--to", "x.csv"],
            (1, "not_one_select"),
        ),
        (
            vec!["--source", "a", "--to", "s3://bucket"],
            (2, "bad_address"),
        ),
        (
            vec!["--source", "a", "--to", "ftp://host/x.csv"],
            (2, "bad_address"),
        ),
        (
            vec!["--source", "a", "--to", "data/x.csv"],
            (1, "invalid_value"),
        ),
    ] {
        let found = folder.fails(&[vec!["export", "p"], arguments.clone()].concat());
        assert_eq!(found, (expected.0, expected.1.to_owned()), "{arguments:?}");
    }
    assert!(!folder.path("x.csv").exists());
}

/// Every cell of the latest snapshot of a source, and its types.
fn rows(folder: &Folder, source: &str) -> serde_json::Value {
    let shown = folder.json(&["snapshot", "show", "p", &format!("{source}@latest")]);
    let columns = shown["snapshot"]["columns"].as_array().unwrap();
    let columns: Vec<_> = columns
        .iter()
        .map(|column| json!([column["name"], column["type"]]))
        .collect();
    let rows = folder.json(&["snapshot", "rows", "p", &format!("{source}@latest")]);
    json!([columns, rows["rows"]])
}

const STAFF: &str = "id,name,price,day,speed\n1,\"a \"\"b\"\"\",1.50,31/12/2024,NA\n2,\"\",2.00,01/12/2024,7\n3,,0.25,02/12/2024,8\n";

#[test]
fn the_extension_tells_the_format_and_a_folder_of_exports_is_imported() {
    let folder = Folder::new();
    folder.import("staff.csv", STAFF, &[]);
    for name in ["a.csv", "b.tsv", "c.json", "d.ndjson"] {
        let file = format!("out/{name}");
        std::fs::create_dir_all(folder.path("out")).unwrap();
        let exported = folder.json(&["export", "p", "--source", "staff", "--to", &file]);
        assert_eq!(exported["export"]["rows"], 3);
        assert_eq!(exported["job"]["kind"], "export_data");
        assert_eq!(
            exported["export"]["datapackage"],
            format!("{file}.datapackage.json")
        );
        let back = format!("back {name}");
        folder.json(&["import", &file, "--project", "p", "--source", &back]);
        assert_eq!(rows(&folder, &back), rows(&folder, "staff"), "{name}");
    }
    assert_eq!(listing(&folder.path("out")).len(), 8);
    let imported = folder.json(&["import", "out", "--project", "q", "--create-project"]);
    assert_eq!(
        imported["snapshots"].as_array().unwrap().len(),
        4,
        "descriptions are no data"
    );
    folder.ok(&[
        "export",
        "p",
        "--source",
        "staff",
        "--to",
        "e.sqlite",
        "--no-datapackage",
    ]);
    assert!(!folder.path("e.sqlite.datapackage.json").exists());
    let stdout = folder.ok(&[
        "export", "p", "--source", "staff", "--to", "-", "--format", "jsonl",
    ]);
    let first = stdout.lines().next().unwrap();
    assert_eq!(
        first,
        r#"{"id":1,"name":"a \"b\"","price":1.50,"day":"2024-12-31","speed":null}"#
    );
}

#[test]
fn a_dry_run_says_how_much_there_is_and_writes_nothing() {
    let folder = Folder::new();
    folder.import("staff.csv", STAFF, &[]);
    folder.import(
        "staff.csv",
        "id,name,price,day,speed\n1,c,1.50,31/12/2024,NA\n",
        &[],
    );
    folder.write("e.csv", "mine");
    let before = listing(&folder.path("."));
    for (arguments, rows, columns) in [
        (&["--source", "staff"][..], 1, 5),
        (&["--source", "staff", "--snapshot", "staff@1"], 3, 5),
        (&["--source", "staff", "--since", "staff@1"], 4, 6),
        (
            &["--sql", "SELECT id, count(*) FROM \"staff@1\" GROUP BY 1"],
            3,
            2,
        ),
    ] {
        let export = [&["export", "p", "--to", "e.csv", "--dry-run"], arguments].concat();
        let plan = folder.json(&export);
        assert_eq!(plan["plan"]["rows"], rows, "{arguments:?}");
        assert_eq!(plan["plan"]["columns"].as_array().unwrap().len(), columns);
        assert_eq!(plan["plan"]["replaces"], true);
        assert!(folder.ok(&export).contains("which it replaces"));
    }
    let names = |listing: Vec<(std::path::PathBuf, u64)>| -> Vec<_> {
        listing
            .into_iter()
            .map(|(path, _)| path)
            .filter(|path| !path.starts_with(folder.path("./data")))
            .collect()
    };
    assert_eq!(names(listing(&folder.path("."))), names(before));
    assert_eq!(folder.read("e.csv"), b"mine");
    assert_eq!(
        folder.json(&["job", "list", "--kind", "export_data"])["jobs"],
        json!([])
    );
}

#[test]
fn what_changed_is_exported() {
    let folder = Folder::new();
    folder.import("t.csv", "id,v\n1,a\n2,b\n3,c\n", &["--key", "id"]);
    folder.import("t.csv", "id,v\n1,a\n3,C\n4,d\n", &[]);
    let changes = folder.ok(&[
        "export", "p", "--source", "t", "--since", "t@1", "--to", "-",
    ]);
    let mut lines: Vec<&str> = changes.lines().collect();
    assert_eq!(lines.remove(0), "op,id,v");
    lines.sort_unstable();
    assert_eq!(lines, ["+,4,d", "-,2,b", "~,3,C"]);
    let newer = [
        "export",
        "p",
        "--source",
        "t",
        "--snapshot",
        "t@1",
        "--since",
        "t@2",
        "--to",
        "-",
    ];
    assert_eq!(folder.fails(&newer), (2, "usage".to_owned()));
}

#[test]
fn a_job_that_failed_is_in_the_history() {
    let folder = Folder::new();
    folder.import("a.csv", "x\n1\n", &[]);
    folder.fails(&["export", "p", "--source", "a", "--to", "none/x.csv"]);
    folder.ok(&["export", "p", "--source", "a", "--to", "x.csv"]);
    let jobs = folder.json(&["job", "list", "--kind", "export_data"]);
    let states: Vec<_> = jobs["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["state"].clone())
        .collect();
    assert_eq!(states, [json!("completed"), json!("failed")]);
    assert_eq!(jobs["jobs"][0]["result"]["rows"], 1);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_written_to_as_it_is() {
    let folder = Folder::new();
    folder.import("a.csv", "x\n1\n", &[]);
    let pipe = folder.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let reader = std::thread::spawn(move || std::fs::read(pipe).unwrap());
    folder.ok(&["export", "p", "--source", "a", "--to", "pipe"]);
    assert_eq!(reader.join().unwrap(), b"x\n1\n");
}
