//! Copies of a project: a clone, a file to take along, a project made of such a file.

use serde_json::{Value as Json, json};

use crate::changed_database::changed;
use crate::folder::{Folder, listing};

/// A project `p` with two versions of `t`.
fn filled() -> Folder {
    let folder = Folder::new();
    folder.import("t.csv", "id,name\n1,a\n2,b\n", &[]);
    folder.import("t.csv", "id,name\n1,a\n2,c\n3,d\n", &[]);
    folder
}

/// What is in a project, as `arguments` show it: its tables with their rows and hashes.
fn tables(folder: &Folder, global: &[&str], project: &str) -> Json {
    let backup = ["backup", "create", project, "--type", "sqlite"];
    let mut tables = folder.json(&[global, &backup].concat())["backup"]["tables"].take();
    // The one row that says which project it is differs.
    let own = |table: &Json| table["name"] != "project" && table["name"] != "job_cursors";
    tables.as_array_mut().unwrap().retain(own);
    tables
}

#[test]
fn a_clone_has_everything_and_goes_its_own_way() {
    let folder = filled();
    let before = tables(&folder, &[], "p");
    let made = folder.json(&["project", "clone", "p", "q"]);
    assert_eq!(made["project"]["snapshot_count"], json!(2));
    assert_ne!(
        made["project"]["id"],
        folder.json(&["project", "show", "p"])["project"]["id"]
    );
    assert_eq!(tables(&folder, &[], "q"), before);
    assert_eq!(
        folder.json(&["import-history", "q"])["imports"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let first = ["query", "q", "SELECT name FROM \"t@1\"", "--format", "csv"];
    assert_eq!(folder.ok(&first), "name\na\nb\n");

    folder.write("t.csv", "id,name\n9,z\n");
    folder.ok(&["import", "t.csv", "--project", "q"]);
    assert_eq!(tables(&folder, &[], "p"), before);
    assert_eq!(
        folder.fails(&["project", "clone", "p", "Q"]),
        (1, "name_taken".to_owned())
    );
    assert_eq!(
        folder.fails(&["project", "clone", "nothing", "r"]),
        (1, "not_found".to_owned())
    );
    assert!(folder.ok(&["doctor"]).contains("No problem"));
}

#[test]
fn a_project_goes_to_another_data_folder_as_one_file() {
    let folder = filled();
    let before = tables(&folder, &[], "p");
    let said = folder.json(&["project", "export-file", "p", "p.db"]);
    let file = folder.read("p.db");
    assert_eq!(said["export"]["size_bytes"], json!(file.len()));
    assert!(!folder.path("p.db-wal").exists());
    assert_eq!(file[18..20], [1, 1], "it needs no log when it is opened");

    let elsewhere = ["--data-dir", "elsewhere"];
    let adopted = folder.json(&[&elsewhere[..], &["project", "adopt", "p.db"]].concat());
    let original = folder.json(&["project", "show", "p"]);
    assert_eq!(adopted["project"]["id"], original["project"]["id"]);
    assert_eq!(adopted["new_id"], json!(false));
    assert_eq!(tables(&folder, &elsewhere, "p"), before);
    assert_eq!(folder.read("p.db"), file, "the file stays as it is");
    folder.ok(&[&elsewhere[..], &["doctor"]].concat());

    // Here the id is known, in use or in the trash.
    let again = ["project", "adopt", "p.db", "--as", "again"];
    for _ in 0..2 {
        let adopted = folder.json(&again);
        assert_eq!(adopted["new_id"], json!(true));
        assert_eq!(adopted["id_in_file"], original["project"]["id"]);
        folder.ok(&["project", "delete", "again", "--yes"]);
        folder.run(&["project", "delete", "p", "--yes"]);
    }
}

#[test]
fn a_file_that_exists_is_replaced_only_when_asked() {
    let folder = filled();
    folder.write("p.db", "something else");
    let export = ["project", "export-file", "p", "p.db"];
    assert_eq!(folder.fails(&export), (2, "needs_yes".to_owned()));
    assert_eq!(folder.read("p.db"), b"something else");
    folder.ok(&[&export[..], &["--yes"]].concat());
    assert!(folder.read("p.db").starts_with(b"SQLite format 3\0"));

    folder.write("q.db-wal", "the log of another database");
    let files = || {
        let mut files = listing(&folder.path("data"));
        files.retain(|(path, _)| !path.ends_with("core.db")); // it tells of the jobs that failed
        files
    };
    let before = files();
    for path in ["q.db", "data/core.db", "data/projects/../x.db"] {
        let export = ["project", "export-file", "p", path, "--yes"];
        assert_eq!(
            folder.fails(&export),
            (1, "invalid_value".to_owned()),
            "{path}"
        );
    }
    assert_eq!(
        folder.fails(&["project", "export-file", "p", "data"]),
        (1, "file_is_folder".to_owned())
    );
    assert_eq!(files(), before);
}

#[test]
fn a_file_that_is_no_sound_project_is_refused() {
    let folder = filled();
    folder.ok(&["project", "export-file", "p", "p.db"]);
    let whole = folder.read("p.db");
    folder
        .write("empty.db", "")
        .write("cut.db", &whole[..20_000]);
    let of_another = |sql: &str| changed(&whole, sql);
    folder.write("newer.db", of_another("PRAGMA user_version = 99"));
    folder.write("foreign.db", of_another("PRAGMA application_id = 1"));
    for (file, code) in [
        ("t.csv", "not_a_manifold_database"),
        ("empty.db", "not_a_manifold_database"),
        ("foreign.db", "not_a_manifold_database"),
        ("data/core.db", "not_a_manifold_database"),
        ("newer.db", "newer_schema"),
        ("cut.db", "corrupt"),
        ("nowhere.db", "io"),
        ("data", "file_is_folder"),
    ] {
        let (exit, error) = folder.error(&["project", "adopt", file, "--as", "n"]);
        assert_eq!((exit, &error["code"]), (1, &json!(code)), "{file}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(file), "{file}: {message}");
    }
    let (_, error) = folder.error(&["project", "adopt", "p.db"]);
    assert_eq!(error["code"], json!("name_taken"));
    assert!(error["hint"].as_str().unwrap().contains("--as NAME"));
    let projects = folder.json(&["project", "list"]);
    assert_eq!(projects["projects"].as_array().unwrap().len(), 1);
    let staged = std::fs::read_dir(folder.path("data/tmp")).unwrap();
    let staged = staged.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!staged.into_iter().any(|name| name.starts_with("staged-")));
}
