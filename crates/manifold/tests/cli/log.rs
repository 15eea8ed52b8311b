//! `manifold log`: what went wrong, in jobs and in changes of projects.

use std::io::{BufRead as _, BufReader};

use serde_json::{Value as Json, json};

use crate::folder::Folder;
use crate::interrupt::start;

fn entries(folder: &Folder, more: &[&str]) -> Vec<Json> {
    let log = folder.json(&[&["log"], more].concat());
    log["log"].as_array().unwrap().clone()
}

#[test]
fn warnings_and_errors_of_jobs_and_of_projects_are_told_newest_last() {
    let folder = Folder::new();
    let nothing = folder.run(&["log"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (0, ""));
    folder.import("t.csv", "a,b\n1,2\n3\n4,5,6\n", &["--key", "a"]);
    folder.write("t.csv", "b,c\n2,3\n");
    let failed = folder.run(&["import", "t.csv", "--project", "p"]);
    assert_eq!(failed.code, 1);
    // A change of a project that fails at its last step, and is undone.
    let created = folder
        .command(&["project", "create", "q"])
        .env("MANIFOLD_FAILPOINT", "create-file-made=error")
        .output()
        .unwrap();
    assert!(!created.status.success(), "{created:?}");

    let all = entries(&folder, &[]);
    let told: Vec<_> = all
        .iter()
        .map(|entry| {
            (
                entry["level"].as_str().unwrap(),
                entry["kind"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("warn", "import_file"),
            ("error", "import_file"),
            ("error", "create")
        ]
    );
    assert_eq!(all[1]["code"], "missing_key_column");
    assert_eq!(all[1]["project_name"], "p");
    assert!(all[2]["operation_id"].is_string() && all[2]["job_id"].is_null());
    assert_eq!(entries(&folder, &["--level", "error"]), all[1..]);
    assert_eq!(entries(&folder, &["--limit", "1"]), all[2..]);
    assert_eq!(entries(&folder, &["--project", "p"]), all[..2]);
    assert!(entries(&folder, &["--level", "info"]).len() > 3);
    let text = folder.ok(&["log", "--project", "p"]);
    assert!(
        text.lines().count() == 2
            && text.contains("import_file of p")
            && text.contains("missing_key_column: "),
        "{text}"
    );
    assert_eq!(
        folder.fails(&["log", "--level", "loud"]),
        (2, "usage".to_owned())
    );
}

#[test]
fn what_goes_wrong_is_followed() {
    let folder = Folder::new();
    folder.import("t.csv", "a,b\n1,2\n", &["--key", "a"]);
    folder.write("t.csv", "b,c\n2,3\n");
    let mut following = start(&folder, &["log", "--follow", "--json"]);
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        assert_eq!(folder.run(&["import", "t.csv", "--project", "p"]).code, 1);
        let line: Json = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(
            (&line["level"], &line["kind"]),
            (&json!("error"), &json!("import_file")),
            "{line}"
        );
    }
    following.kill().unwrap();
    following.wait().unwrap();
}
