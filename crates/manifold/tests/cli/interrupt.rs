//! Ctrl-C: the first stops at a safe point, the second leaves at once.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::folder::Folder;

pub(crate) fn start(folder: &Folder, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manifold"));
    command
        .env("MANIFOLD_DATA_DIR", folder.path("data"))
        .current_dir(folder.path("."))
        .args(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// Waits until `ready`, for a minute at most.
pub(crate) fn until(what: &str, mut ready: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !ready() {
        assert!(begin.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn ended(child: Child) -> (Option<i32>, Json) {
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(stdout).unwrap(), "");
    let document: Json = serde_json::from_slice(&stderr).unwrap_or_default();
    (status.code(), document["error"]["code"].clone())
}

#[test]
fn a_query_stops() {
    let folder = Folder::new();
    folder.import("a.csv", "x\n1\n", &[]);
    let endless =
        "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t";
    let mut child = start(
        &folder,
        &["query", "p", endless, "--timeout", "0", "--json"],
    );
    // It is certainly at work when it has used the processor for a while.
    std::thread::sleep(Duration::from_secs(1));
    assert!(child.try_wait().unwrap().is_none());
    interrupt(&child);
    assert_eq!(ended(child), (Some(130), json!("interrupted")));
}

#[test]
fn an_import_that_cannot_stop_is_left_by_the_second_and_undone() {
    let folder = Folder::new();
    folder.import("a.csv", "x\n1\n", &[]);
    let made = Command::new("mkfifo")
        .arg(folder.path("pipe.csv"))
        .status()
        .unwrap();
    assert!(made.success());
    // Nobody writes into the pipe, so opening it never returns.
    let child = start(
        &folder,
        &[
            "import",
            "pipe.csv",
            "--project",
            "p",
            "--source",
            "a",
            "--json",
        ],
    );
    let states = || {
        let history = folder.json(&["import-history"]);
        let lines = history["imports"].as_array().unwrap().clone();
        lines
            .iter()
            .map(|line| line["state"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    until("the import runs", || {
        states().first().is_some_and(|state| state == "running")
    });
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&child);
    assert_eq!(ended(child), (Some(130), json!("interrupted")));
    assert_eq!(
        states(),
        ["failed", "completed"],
        "the next command ends the job of the dead process"
    );
    assert_eq!(
        folder.ok(&["query", "p", "SELECT * FROM a", "--format", "csv"]),
        "x\n1\n"
    );
    folder.import("a.csv", "x\n2\n", &[]);
}

#[test]
fn what_a_dead_import_made_is_gone_after_the_next_command() {
    let folder = Folder::new();
    folder.ok(&["init"]);
    let made = Command::new("mkfifo")
        .arg(folder.path("pipe.csv"))
        .status()
        .unwrap();
    assert!(made.success());
    let import = ["import", "pipe.csv", "--project", "new", "--create-project"];
    let mut child = start(&folder, &import);
    until("the import runs", || {
        let history = folder.json(&["import-history"]);
        history["imports"][0]["state"] == "running"
    });
    let listed = folder.json(&["project", "list"]);
    assert_eq!(listed["projects"][0]["name"], "new");
    child.kill().unwrap();
    child.wait().unwrap();
    let listed = folder.json(&["project", "list"]);
    assert_eq!(listed["projects"], json!([]));
    folder.write("a.csv", "x\n1\n");
    folder.ok(&["import", "a.csv", "--project", "new", "--create-project"]);
}
