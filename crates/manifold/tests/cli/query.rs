//! SQL.

use serde_json::{Value as Json, json};

use crate::folder::{Folder, listing};

fn folder() -> Folder {
    let folder = Folder::new();
    folder.import(
        "planes.csv",
        "tailnum,year,seats\nN1,2004,55\nN2,,182\nN3,1999,2\n",
        &["--key", "tailnum"],
    );
    folder
}

fn query(folder: &Folder, sql: &str, more: &[&str]) -> Json {
    folder.json(&[&["query", "p", sql], more].concat())
}

#[test]
fn a_result_has_types_and_exact_values() {
    let folder = folder();
    let found = query(
        &folder,
        "SELECT *, seats * 2 AS twice, NULL AS none, x'00ff' AS bytes FROM planes ORDER BY 1",
        &[],
    );
    let columns: Vec<_> = found["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["name"].clone(), c["type"].clone()))
        .collect();
    assert_eq!(
        columns,
        [
            (json!("tailnum"), json!("text")),
            (json!("year"), json!("integer")),
            (json!("seats"), json!("integer")),
            (json!("twice"), json!("integer")),
            (json!("none"), Json::Null),
            (json!("bytes"), json!("blob")),
        ]
    );
    assert_eq!(
        found["rows"][1],
        json!(["N2", null, 182, 364, null, { "$blob": "00ff" }])
    );
    assert_eq!(
        (&found["truncated"], &found["warnings"]),
        (&json!(false), &json!([]))
    );
    assert!(found["elapsed_ms"].is_u64());
    let exact = query(
        &folder,
        "SELECT 9223372036854775807, -9223372036854775808, 0.1, 1e300, 9e999",
        &[],
    );
    assert_eq!(
        exact["rows"][0].to_string(),
        r#"[9223372036854775807,-9223372036854775808,0.1,1e+300,{"$real":"inf"}]"#
    );
}

#[test]
fn no_row_is_an_empty_list() {
    let found = query(&folder(), "SELECT tailnum FROM planes WHERE 0", &[]);
    assert_eq!(
        (&found["columns"][0]["name"], &found["rows"]),
        (&json!("tailnum"), &json!([]))
    );
}

#[test]
fn statements_come_from_arguments_files_and_stdin_with_parameters() {
    let folder = folder();
    let sql = "SELECT count(*) FROM planes WHERE seats > :least AND tailnum <> :not";
    let parameters = [
        "--param", "least=50", "--param", "not=N1", "--format", "csv",
    ];
    let told = "count(*)\n1\n";
    assert_eq!(
        folder.ok(&[&["query", "p", sql][..], &parameters].concat()),
        told
    );
    folder.write("q.sql", sql);
    assert_eq!(
        folder.ok(&[&["query", "p", "--file", "q.sql"][..], &parameters].concat()),
        told
    );
    let piped = folder
        .command(&[&["query", "p", "-"][..], &parameters].concat())
        .write_stdin(sql)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(piped.stdout).unwrap(), told);

    assert_eq!(
        folder.fails(&["query", "p", sql]),
        (1, "parameter".to_owned())
    );
    assert_eq!(
        folder.fails(&["query", "p", "SELECT 1", "--param", "x=1"]),
        (1, "parameter".to_owned())
    );
    assert_eq!(
        folder.fails(&["query", "p", "SELECT 1", "--param", "x"]),
        (2, "usage".to_owned())
    );
    assert_eq!(folder.fails(&["query", "p"]), (2, "usage".to_owned()));
    assert_eq!(
        folder.fails(&["query", "p", "--file", "none.sql"]),
        (1, "file_unreadable".to_owned())
    );
}

#[test]
fn older_snapshots_answer_as_before() {
    let folder = folder();
    folder.import("planes.csv", "tailnum,year,seats\nN9,1,1\n", &[]);
    let count = |table: &str| {
        query(&folder, &format!("SELECT count(*) FROM {table}"), &[])["rows"][0][0].clone()
    };
    assert_eq!(
        (
            count("planes"),
            count("\"planes@2\""),
            count("\"planes@1\"")
        ),
        (json!(1), json!(1), json!(3))
    );
    assert_eq!(
        folder
            .fails(&["query", "p", "SELECT * FROM \"planes@7\""])
            .0,
        1
    );
}

#[test]
fn a_limit_is_told_and_streams_have_none() {
    let folder = folder();
    let limited = query(&folder, "SELECT tailnum FROM planes", &["--limit", "2"]);
    assert_eq!(
        (
            limited["rows"].as_array().unwrap().len(),
            &limited["truncated"]
        ),
        (2, &json!(true))
    );
    let many = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t WHERE x < 1000) SELECT x FROM t";
    assert_eq!(
        folder
            .run(&["query", "p", many, "--format", "jsonl"])
            .stdout
            .lines()
            .count(),
        1_000
    );
    let table = folder.run(&["query", "p", many]);
    assert_eq!(table.stdout.lines().count(), 202);
    assert!(table.stderr.contains("--limit"), "{}", table.stderr);
}

#[test]
fn odd_cells_are_warned_of() {
    let folder = Folder::new();
    let rows: String = (0..40).map(|row| format!("{row}\n")).collect();
    folder.import("n.csv", &format!("n\n{rows}5O\n"), &[]);
    let found = query(&folder, "SELECT max(n) FROM n", &[]);
    let warning = found["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("n.n has 1 cell that is not integer"),
        "{warning}"
    );
    assert!(
        folder
            .run(&["query", "p", "SELECT n FROM n LIMIT 1"])
            .stderr
            .contains("warning: n.n has 1 cell")
    );
}

#[test]
fn nothing_but_a_select_is_run() {
    let folder = folder();
    let before = listing(&folder.path("data/projects"));
    for (sql, code) in [
        ("DELETE FROM planes", "not_one_select"),
        ("SELECT 1; SELECT 2", "not_one_select"),
        ("ATTACH 'x.db' AS x", "not_one_select"),
        ("", "not_one_select"),
        ("SELECT * FRM planes", "sql_syntax"),
        ("SELECT * FROM missing", "unknown_table"),
        ("SELECT missing FROM planes", "unknown_column"),
        ("SELECT missing()", "unknown_function"),
        ("SELECT * FROM snapshots", "denied"),
        ("SELECT load_extension('x')", "denied"),
    ] {
        assert_eq!(
            folder.fails(&["query", "p", sql]),
            (1, code.to_owned()),
            "{sql}"
        );
    }
    let names = |files: Vec<(std::path::PathBuf, u64)>| {
        files.into_iter().map(|(path, _)| path).collect::<Vec<_>>()
    };
    assert_eq!(names(listing(&folder.path("data/projects"))), names(before));
}

#[test]
fn what_runs_for_ever_is_stopped() {
    let folder = folder();
    let endless =
        "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t";
    let (code, error) = folder.error(&["query", "p", endless, "--timeout", "0.2"]);
    assert_eq!((code, &error["code"]), (1, &json!("timed_out")));
    assert!(error["hint"].as_str().unwrap().contains("--timeout"));
    for timeout in ["-1", "x", "NaN"] {
        let wrong = format!("--timeout={timeout}");
        assert_eq!(
            folder.fails(&["query", "p", "SELECT 1", &wrong]),
            (2, "usage".to_owned()),
            "{timeout}"
        );
    }
}

/// Two projects with planes, and one without.
fn fleet() -> Folder {
    let folder = folder();
    folder.write("more.csv", "tailnum,year,seats\nN9,2013,?\nN8,2001,7\n");
    folder.ok(&[
        "import",
        "more.csv",
        "--project",
        "a fleet",
        "--create-project",
        "--source",
        "planes",
    ]);
    folder.ok(&["project", "create", "empty"]);
    folder
}

const ALL: [&str; 2] = ["query", "--all-projects"];

#[test]
fn all_projects_answer_with_their_name_first() {
    let folder = fleet();
    let sql = "SELECT tailnum, year FROM planes WHERE year > :after ORDER BY tailnum";
    let found = folder.json(&[&ALL[..], &[sql, "--param", "after=1999"]].concat());
    assert_eq!(
        found["columns"],
        json!([{ "name": "project", "type": "text" }, { "name": "tailnum", "type": "text" }, { "name": "year", "type": "integer" }])
    );
    assert_eq!(
        found["rows"],
        json!([
            ["a fleet", "N8", 2001],
            ["a fleet", "N9", 2013],
            ["p", "N1", 2004]
        ])
    );
    let warnings = found["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let warning = warnings[0].as_str().unwrap();
    assert!(
        warning.starts_with("project empty is left out: there is no source or snapshot `planes`"),
        "{warning}"
    );
    assert_eq!(found["truncated"], json!(false));
}

#[test]
fn all_projects_in_every_format() {
    let folder = fleet();
    let sql = "SELECT count(*) AS planes FROM planes";
    let said = |more: &[&str]| {
        let said = folder.run(&[&ALL[..], &[sql], more].concat());
        assert_eq!(said.code, 0, "{}", said.stderr);
        assert!(
            said.stderr
                .starts_with("warning: project empty is left out"),
            "{}",
            said.stderr
        );
        said.stdout
    };
    assert_eq!(
        said(&["--format", "csv"]),
        "project,planes\na fleet,2\np,3\n"
    );
    assert_eq!(
        said(&["--format", "jsonl"]),
        "{\"project\":\"a fleet\",\"planes\":2}\n{\"project\":\"p\",\"planes\":3}\n"
    );
    insta::assert_snapshot!(said(&[]), @r"
    project  planes
    ─────────────────
    a fleet       2
    p             3
    ");
    let limited = folder.json(&[&ALL[..], &[sql, "--limit", "1"]].concat());
    assert_eq!(
        (&limited["rows"], &limited["truncated"]),
        (&json!([["a fleet", 2]]), &json!(true))
    );
}

#[test]
fn all_projects_with_other_columns_are_warned_of() {
    let folder = fleet();
    folder.write("other.csv", "name\nx\n");
    let other = [
        "import",
        "other.csv",
        "--project",
        "z",
        "--create-project",
        "--source",
        "planes",
    ];
    folder.ok(&other);
    let found = folder.json(&[&ALL[..], &["SELECT * FROM planes"]].concat());
    let warnings: Vec<_> = found["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w.as_str().unwrap())
        .collect();
    assert!(warnings[1].starts_with("project z is left out: it answers with the columns name, not tailnum, year, seats as `a fleet` does"), "{warnings:?}");
    assert_eq!(found["rows"].as_array().unwrap().len(), 5);
}

#[test]
fn all_projects_fail_together() {
    let folder = fleet();
    let fails = |arguments: &[&str]| folder.fails(&[&ALL[..], arguments].concat());
    assert_eq!(
        fails(&["SELECT * FROM ships"]),
        (1, "unknown_table".to_owned())
    );
    assert_eq!(
        fails(&["DELETE FROM planes"]),
        (1, "not_one_select".to_owned())
    );
    assert_eq!(fails(&["p", "SELECT 1"]), (2, "usage".to_owned()));
    assert_eq!(fails(&[]), (2, "usage".to_owned()));
    assert_eq!(fails(&["p", "--file", "x.sql"]), (2, "usage".to_owned()));
    let none = Folder::new().ok(&["query", "--all-projects", "SELECT 1", "--format", "csv"]);
    assert_eq!(none, "project\n");
}
