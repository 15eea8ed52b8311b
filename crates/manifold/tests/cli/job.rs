//! Jobs: listed, shown, with their logs.

use serde_json::{Value as Json, json};

use crate::folder::Folder;
use crate::interrupt::{start, until};

fn ids(folder: &Folder, filter: &[&str]) -> Vec<String> {
    let listed = folder.json(&[&["job", "list"], filter].concat());
    let jobs = listed["jobs"].as_array().unwrap().iter();
    jobs.map(|job| job["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Two imports that went well, and one that did not.
fn three_jobs() -> (Folder, [String; 3]) {
    let folder = Folder::new();
    let id = |document: &Json| document["job"]["id"].as_str().unwrap().to_owned();
    let first = id(&folder.import("t.csv", "a,b\n1,2\n3\n4,5,6\n", &["--key", "a"]));
    let new = ["import", "t.csv", "--project", "q", "--create-project"];
    let second = id(&folder.json(&new));
    folder.write("t.csv", "b,c\n2,3\n");
    let failed = folder.run(&["import", "t.csv", "--project", "p", "--json"]);
    assert_eq!(failed.code, 1);
    let third = id(&serde_json::from_str(&failed.stdout).unwrap());
    (folder, [first, second, third])
}

#[test]
fn jobs_are_listed_by_state_kind_and_project() {
    let (folder, [first, second, third]) = three_jobs();
    assert_eq!(ids(&folder, &[]), [&*third, &second, &first]);
    assert_eq!(ids(&folder, &["--limit", "2"]), [&*third, &second]);
    assert_eq!(ids(&folder, &["--state", "failed"]), [&*third]);
    assert_eq!(
        ids(&folder, &["--state", "completed", "--project", "q"]),
        [&*second]
    );
    assert_eq!(ids(&folder, &["--kind", "import_file"]).len(), 3);
    assert!(ids(&folder, &["--kind", "backup_project"]).is_empty());
    let table = folder.ok(&["job", "list"]);
    assert!(
        table.lines().count() == 5 && table.contains("missing_key_column"),
        "{table}"
    );
    assert_eq!(
        folder.fails(&["job", "list", "--state", "done"]),
        (2, "usage".to_owned())
    );
    assert_eq!(
        folder.fails(&["job", "list", "--project", "nothing"]),
        (1, "not_found".to_owned())
    );
    let none = folder.run(&["job", "list", "--state", "blocked"]);
    assert!(
        none.stderr.contains("No job is like that"),
        "{}",
        none.stderr
    );
}

#[test]
fn a_job_is_shown_with_its_attempts_and_its_log() {
    let (folder, [first, _, third]) = three_jobs();
    let shown = folder.json(&["job", "show", &first]);
    let attempt = &shown["executions"][0];
    assert_eq!(
        (&attempt["attempt"], &attempt["state"], &attempt["error"]),
        (&json!(1), &json!("completed"), &Json::Null)
    );
    assert_eq!(
        (&attempt["worker"]["alive"], &attempt["worker"]["command"]),
        (
            &json!(false),
            &json!("manifold import t.csv --project p --create-project --key a --json")
        )
    );
    assert_eq!(shown["checkpoints"][0]["step"], "import");
    let text = folder.ok(&["job", "show", &first]);
    assert!(
        text.contains("row_count 2") && !text.contains("runs in"),
        "{text}"
    );
    let logs = folder.json(&["job", "logs", &first]);
    let levels: Vec<_> = logs["logs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (&line["level"], &line["attempt"]))
        .collect();
    assert_eq!(
        levels,
        [(&json!("info"), &json!(1)), (&json!("warn"), &json!(1))]
    );
    let text = folder.ok(&["job", "logs", &first]);
    assert!(
        text.contains("  info   published snapshot 1 with 2 rows") && text.contains("  warn   "),
        "{text}"
    );
    let failed = folder.ok(&["job", "show", &third]);
    assert!(failed.contains("missing_key_column: "), "{failed}");
    let silent = folder.run(&["job", "logs", &third]);
    assert!(
        silent.stderr.contains("has said nothing"),
        "{}",
        silent.stderr
    );

    // Without the project's file the job is still there.
    folder.ok(&["project", "delete", "p", "--yes"]);
    let shown = folder.json(&["job", "show", &first]);
    assert_eq!(shown["checkpoints"], json!([]));
    for verb in ["show", "logs"] {
        assert_eq!(
            folder.fails(&["job", verb, "nothing"]),
            (1, "not_found".to_owned())
        );
        assert_eq!(
            folder.fails(&["job", verb, &first[..4]]),
            (1, "ambiguous".to_owned())
        );
    }
}

#[test]
fn a_running_job_names_its_process_and_keeps_its_project() {
    let folder = Folder::new();
    folder.import("a.csv", "x\n1\n", &[]);
    let made = std::process::Command::new("mkfifo")
        .arg(folder.path("pipe.csv"))
        .status();
    assert!(made.unwrap().success());
    // Nobody writes into the pipe, so the import goes on for ever.
    let mut child = start(
        &folder,
        &["import", "pipe.csv", "--project", "p", "--source", "a"],
    );
    until("the import runs", || {
        !ids(&folder, &["--state", "running"]).is_empty()
    });
    let process = format!(
        "process {} (manifold import pipe.csv --project p --source a)",
        child.id()
    );
    let job = ids(&folder, &["--state", "running"]).remove(0);
    let text = folder.ok(&["job", "show", &job]);
    assert!(text.contains(&format!("runs in   {process}")), "{text}");
    let shown = folder.json(&["job", "show", &job]);
    let worker = &shown["executions"][0]["worker"];
    assert_eq!(
        (&worker["alive"], &worker["pid"]),
        (&json!(true), &json!(child.id()))
    );

    let said = folder.run(&["project", "delete", "p", "--yes"]);
    assert_eq!(said.code, 1);
    let pid = format!("process {} (", child.id());
    assert!(
        said.stderr.contains(&format!("waiting for {pid}"))
            && said.stderr.contains(&format!("is in use by {pid}")),
        "{}",
        said.stderr
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        folder.json(&["job", "show", &job])["job"]["error"]["code"],
        "crashed"
    );
    folder.ok(&["project", "delete", "p", "--yes"]);
}
