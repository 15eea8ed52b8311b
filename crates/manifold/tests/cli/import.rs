//! Imports.

use std::path::PathBuf;

use serde_json::json;

use crate::folder::{Folder, listing, snapshots};

const PLANES: &str = "tailnum,year,seats\nN1,2004,55\nN2,,182\nN3,NA,2\n";

#[test]
fn a_file_becomes_a_snapshot_and_the_next_one_its_successor() {
    let folder = Folder::new();
    let first = folder.import("planes.csv", PLANES, &["--key", "tailnum"]);
    assert_eq!(first["job"]["state"], "completed");
    assert_eq!(first["unchanged"], false);
    let snapshot = &first["snapshots"][0];
    assert_eq!(
        (&snapshot["source_name"], &snapshot["number"]),
        (&json!("planes"), &json!(1))
    );
    assert_eq!(
        (&snapshot["row_count"], &snapshot["added"]),
        (&json!(3), &json!(3))
    );

    let again = folder.import("planes.csv", PLANES, &[]);
    assert_eq!(
        (&again["unchanged"], &again["snapshots"][0]["id"]),
        (&json!(true), &snapshot["id"])
    );

    let second = folder.import(
        "planes.csv",
        "tailnum,year,seats\nN1,2004,56\nN3,NA,2\nN4,1,1\n",
        &[],
    );
    let second = &second["snapshots"][0];
    let counts =
        ["number", "added", "removed", "changed"].map(|name| second[name].as_i64().unwrap());
    assert_eq!(counts, [2, 1, 1, 1]);

    let always = folder.import(
        "planes.csv",
        "tailnum,year,seats\nN1,2004,56\nN3,NA,2\nN4,1,1\n",
        &["--always"],
    );
    assert_eq!(
        (&always["unchanged"], &always["snapshots"][0]["number"]),
        (&json!(false), &json!(3))
    );
}

#[test]
fn people_are_told_what_happened() {
    let folder = Folder::new();
    let odd: String = (0..40).map(|row| format!("{row},{row}.50,x\n")).collect();
    folder.write(
        "orders.csv",
        format!("id,price,a,a,\n{odd}x,n/a\n1,2,3,4,5,6\n7,\"8"),
    );
    let import = [
        "import",
        "orders.csv",
        "--project",
        "my shop",
        "--create-project",
    ];
    let said = folder.run(&import);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let again = folder.run(&import);
    snapshots(&folder).bind(|| {
        insta::assert_snapshot!(
            "import-first",
            format!("{}--- stderr\n{}", said.stdout, said.stderr)
        );
        insta::assert_snapshot!(
            "import-unchanged",
            format!("{}--- stderr\n{}", again.stdout, again.stderr)
        );
    });
    let quiet = folder.run(&[
        "import",
        "orders.csv",
        "--project",
        "my shop",
        "--quiet",
        "--always",
    ]);
    assert_eq!(
        (quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()),
        (0, "", "")
    );
}

#[test]
fn what_cannot_be_imported_leaves_nothing() {
    let folder = Folder::new();
    folder.ok(&["init"]);
    folder
        .write("empty.csv", "")
        .write("folder/x.md", "a\n1\n")
        .write(
            "binary.csv",
            b"\x7fELF\x02\x01\x01\x00\x00\x03\x00\x3e\x00\x01\x00\x00\x00",
        );
    folder.write("wide.csv", vec!["c"; 2_500].join(","));
    folder
        .write("utf32.csv", b"\xff\xfe\x00\x00a\x00\x00\x00\n\x00\x00\x00")
        .write("cut.csv.gz", b"\x1f\x8b\x08\x00\x00\x00");
    let before = folder.json(&["project", "list"]);
    for (file, code) in [
        ("missing.csv", "file_missing"),
        ("folder", "nothing_to_import"),
        ("empty.csv", "empty_file"),
        ("binary.csv", "binary_file"),
        ("wide.csv", "too_many_columns"),
        ("utf32.csv", "unsupported_encoding"),
        ("cut.csv.gz", "damaged_gzip"),
    ] {
        let (exit, error) = folder.error(&["import", file, "--project", "p", "--create-project"]);
        assert_eq!((exit, &error["code"]), (1, &json!(code)), "{file}: {error}");
        assert!(error["message"].as_str().unwrap().contains(file), "{error}");
    }
    assert_eq!(folder.json(&["project", "list"]), before);
    folder.write("ok.csv", "a,b\n1,2\n");
    assert_eq!(
        folder.fails(&["import", "ok.csv", "--project", "p"]),
        (1, "not_found".to_owned())
    );
    let key = [
        "import",
        "ok.csv",
        "--project",
        "p",
        "--create-project",
        "--key",
        "c",
    ];
    assert_eq!(folder.fails(&key), (1, "missing_key_column".to_owned()));
    let name = ["import", "ok.csv", "--project", "a/b", "--create-project"];
    assert_eq!(folder.fails(&name), (1, "invalid_name".to_owned()));
    assert_eq!(folder.json(&["project", "list"]), before);
}

/// Rows, and far behind them a cell that is larger than 2,048 bytes.
fn bad_at_the_end() -> String {
    let rows: String = (0..20_000).map(|n| format!("{n},x\n")).collect();
    format!("n,text\n{rows}1,{}\n", "y".repeat(5_000))
}

#[test]
fn an_import_that_fails_in_mid_file_leaves_no_project_and_no_source() {
    let folder = Folder::new();
    folder.ok(&["settings", "set", "import.max_cell", "2048"]);
    folder.write("bad.csv", bad_at_the_end());
    let before = listing(&folder.path("data/projects"));
    let bad = ["import", "bad.csv", "--project", "p", "--create-project"];
    let said = folder.run(&bad);
    assert_eq!((said.code, said.stdout.as_str()), (1, ""));
    assert!(said.stderr.contains("bad.csv"), "{}", said.stderr);
    assert!(!said.stderr.contains("Made the project"), "{}", said.stderr);
    assert_eq!(folder.json(&["project", "list"])["projects"], json!([]));
    let databases = |files: Vec<(PathBuf, u64)>| -> Vec<_> {
        let databases = files.into_iter();
        databases
            .filter(|(path, _)| path.to_string_lossy().contains(".db"))
            .collect()
    };
    assert_eq!(
        databases(listing(&folder.path("data/projects"))),
        databases(before)
    );

    folder.import("a.csv", "x\n1\n", &[]);
    assert_eq!(folder.run(&bad).code, 1);
    let sources = folder.json(&["source", "list", "p"]);
    assert_eq!(sources["sources"].as_array().unwrap().len(), 1);
    folder.write("b.csv", "x\n2\n");
    let two = ["import", "b.csv", "bad.csv", "--project", "q"];
    assert_eq!(
        folder.run(&[&two[..], &["--create-project"]].concat()).code,
        1
    );
    let sources = folder.json(&["source", "list", "q"]);
    assert_eq!(
        sources["sources"][0]["name"], "b",
        "what was imported stays"
    );
}

#[test]
fn imports_at_once_into_one_new_project_are_versions_of_one_source() {
    let folder = Folder::new();
    folder.ok(&["init"]);
    let imports: Vec<_> = (0..4)
        .map(|n| {
            let name = format!("{n}.csv");
            folder.write(&name, format!("x\n{n}\n"));
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_manifold"));
            command
                .current_dir(folder.path("."))
                .env("MANIFOLD_DATA_DIR", folder.path("data"))
                .args(["import", &name, "--project", "p", "--create-project"])
                .args(["--source", "all", "--quiet"]);
            command.spawn().unwrap()
        })
        .collect();
    for mut import in imports {
        assert!(import.wait().unwrap().success());
    }
    let listed = folder.json(&["snapshot", "list", "p"]);
    assert_eq!(listed["snapshots"].as_array().unwrap().len(), 4);
    let sources = folder.json(&["source", "list", "p"]);
    assert_eq!(sources["sources"].as_array().unwrap().len(), 1);
}

#[test]
fn several_files_are_several_sources_unless_one_is_named() {
    let folder = Folder::new();
    folder
        .write("a.csv", "x\n1\n")
        .write("b.csv", "x\n2\n")
        .write("sub/a.csv", "x\n3\n");
    let each = folder.json(&[
        "import",
        "a.csv",
        "b.csv",
        "--project",
        "p",
        "--create-project",
    ]);
    let names: Vec<_> = each["snapshots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["source_name"].clone())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(each["jobs"].as_array().unwrap().len(), 2);

    assert_eq!(
        folder.fails(&["import", "a.csv", "sub/a.csv", "--project", "p"]),
        (2, "usage".to_owned())
    );
    let one = folder.json(&[
        "import",
        "a.csv",
        "b.csv",
        "sub/a.csv",
        "--project",
        "p",
        "--source",
        "all",
    ]);
    let numbers: Vec<_> = one["snapshots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["number"].clone())
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn a_file_whose_name_begins_like_an_id_is_a_source_of_its_own() {
    let folder = Folder::new();
    let first = folder.import("planes.csv", PLANES, &[]);
    let id = first["snapshots"][0]["source_id"].as_str().unwrap();
    let second = folder.import(&format!("{}.csv", &id[..6]), PLANES, &[]);
    assert_ne!(second["snapshots"][0]["source_id"], *id);
}

#[test]
fn how_a_file_is_read_can_be_said() {
    let folder = Folder::new();
    let semicolons = folder.import("a.txt", "1;2\n3;4\n", &["--delimiter", ";", "--no-header"]);
    assert_eq!(
        semicolons["snapshots"][0]["columns"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(semicolons["snapshots"][0]["row_count"], 2);
    let tabs = folder.import("b.txt", "a\tb\n3\t4\n", &["--delimiter", "tab"]);
    assert_eq!(tabs["snapshots"][0]["columns"][1]["name"], "b");
    let strict = folder.import("c.csv", "a,b\n1\n2,3\n", &["--strict"]);
    let strict = &strict["snapshots"][0];
    assert_eq!(
        (&strict["row_count"], &strict["rejected"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        folder.fails(&["import", "c.csv", "--project", "p", "--delimiter", "||"]),
        (2, "usage".to_owned())
    );
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let folder = Folder::new();
    folder.write("planes.csv", PLANES);
    let new = folder.json(&[
        "import",
        "planes.csv",
        "--project",
        "p",
        "--create-project",
        "--dry-run",
    ]);
    let plan = &new["plan"];
    assert_eq!(
        (&plan["rows"], &plan["added"], &plan["new_source"]),
        (&json!(3), &json!(3), &json!(true))
    );
    assert_eq!(plan["encoding"], "utf-8");
    assert_eq!(plan["dialect"]["delimiter"], ",");
    assert_eq!(folder.json(&["project", "list"])["projects"], json!([]));

    folder.import("planes.csv", PLANES, &["--key", "tailnum"]);
    let before = project_files(&folder);
    folder.write("planes.csv", "tailnum,year,seats\nN1,2004,56\nN2,,182\n");
    let plan = &folder.json(&["import", "planes.csv", "--project", "p", "--dry-run"])["plan"];
    let counts = ["rows", "added", "removed", "changed"].map(|name| plan[name].as_i64().unwrap());
    assert_eq!(counts, [2, 0, 1, 1]);
    assert_eq!(project_files(&folder), before);
    let said = folder.ok(&["import", "planes.csv", "--project", "p", "--dry-run"]);
    assert!(
        said.contains("2 rows; 0 added, 1 removed, 1 changed, 0 moved"),
        "{said}"
    );
}

#[test]
fn the_history_tells_of_every_import() {
    let folder = Folder::new();
    folder.import("planes.csv", PLANES, &[]);
    folder.import("planes.csv", PLANES, &[]);
    folder.import("other.csv", "a\n1\n", &[]);
    let history = |more: &[&str]| {
        let found = folder.json(&[&["import-history"], more].concat());
        let lines = found["imports"].as_array().unwrap();
        lines
            .iter()
            .map(|line| format!("{} {}", line["file_name"], line["state"]).replace('"', ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        history(&[]),
        [
            "other.csv completed",
            "planes.csv unchanged",
            "planes.csv completed"
        ]
    );
    assert_eq!(
        history(&["p", "--source", "planes", "--limit", "1"]),
        ["planes.csv unchanged"]
    );
    assert_eq!(history(&["p", "--source", "gone"]), Vec::<String>::new());
    assert_eq!(
        folder.fails(&["import-history", "q"]),
        (1, "not_found".to_owned())
    );
}

/// The files of projects; who wrote last stands in the `.write` files.
fn project_files(folder: &Folder) -> Vec<(PathBuf, u64)> {
    let files = listing(&folder.path("data/projects")).into_iter();
    files
        .filter(|(path, _)| {
            path.extension()
                .is_none_or(|extension| extension != "write")
        })
        .collect()
}

#[test]
fn how_a_file_is_written_is_found_said_and_remembered() {
    let folder = Folder::new();
    folder.ok(&["project", "create", "p"]);
    // Windows-1252, semicolons, a title, one delimiter too many in a row.
    let rows: String = (1..20)
        .map(|n| format!("{n};{n},50;Z\u{fc}rich\r\n"))
        .collect();
    let text = format!("Report\r\n\r\nid;price;city\r\n{rows}20;;20,50;Z\u{fc}rich\r\n");
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
    folder.write("may.txt", &bytes);
    let import = ["import", "may.txt", "--project", "p", "--source", "s"];
    let plan = &folder.json(&[&import[..], &["--dry-run"]].concat())["plan"];
    assert_eq!(
        (&plan["encoding"], &plan["dialect"]["delimiter"]),
        (&json!("windows-1252"), &json!(";"))
    );
    assert_eq!(plan["dialect"]["reading"]["skip_lines"], 2);
    assert_eq!((&plan["rows"], &plan["mended"]), (&json!(20), &json!(1)));
    let whats: Vec<_> = plan["dialect"]["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|decision| decision["what"].as_str().unwrap().to_owned())
        .collect();
    for what in [
        "encoding",
        "delimiter",
        "quote",
        "line_end",
        "skip_lines",
        "header",
    ] {
        assert!(whats.iter().any(|found| found == what), "{whats:?}");
    }
    let said = folder.ok(&import);
    assert!(said.contains("delimiter ;"), "{said}");
    folder.ok(&[
        "export",
        "p",
        "--source",
        "s",
        "--original",
        "--to",
        "out.txt",
    ]);
    assert_eq!(std::fs::read(folder.path("out.txt")).unwrap(), bytes);
    assert!(folder.ok(&import).contains("nothing was stored"));

    // What one row cannot tell is as before, and what contradicts it is said.
    folder.write("june.txt", "id;price;city\n1;1,50;Bern\n");
    let june = [
        "import",
        "june.txt",
        "--project",
        "p",
        "--source",
        "s",
        "--dry-run",
    ];
    let plan = &folder.json(&june)["plan"];
    assert_eq!(plan["dialect"]["delimiter"], ";");
    folder.write("june.txt", "id,price,city\n1,2,Bern\n2,3,Chur\n");
    assert!(folder.ok(&june).contains("remembered left"));
    let asked = folder.json(&[&june[..], &["--delimiter", ";", "--no-header"]].concat());
    assert_eq!(asked["plan"]["columns"].as_array().unwrap().len(), 1);
    let (exit, _) = folder.error(&[&june[..], &["--encoding", "ebcdic"]].concat());
    assert_eq!(exit, 2);
}
