//! Workers: jobs that one process writes down and another does.

use std::fs::File;
use std::io::Write as _;
use std::process::{Child, Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::folder::Folder;
use crate::interrupt::{start, until};

pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

pub(crate) fn state(folder: &Folder, job: &str) -> String {
    let shown = folder.json(&["job", "show", job]);
    shown["job"]["state"].as_str().unwrap().to_owned()
}

pub(crate) fn reasons(folder: &Folder, job: &str) -> Vec<String> {
    let explained = folder.json(&["job", "explain", job]);
    let reasons = explained["reasons"].as_array().unwrap();
    reasons
        .iter()
        .map(|reason| reason["code"].as_str().unwrap().to_owned())
        .collect()
}

/// Writes the import of a file down.
pub(crate) fn detach(folder: &Folder, file: &str) -> String {
    let import = [
        "import",
        file,
        "--project",
        "p",
        "--create-project",
        "--detach",
    ];
    let written = folder.json(&import);
    assert_eq!(written["snapshots"], json!([]));
    written["job"]["id"].as_str().unwrap().to_owned()
}

/// Writes down the import of a file that is a pipe by the time it is read, so that a test decides when it ends.
pub(crate) struct Slow {
    pub(crate) job: String,
    going_on: Arc<AtomicBool>,
    writer: Option<std::thread::JoinHandle<()>>,
}

impl Slow {
    pub(crate) fn new(folder: &Folder) -> Self {
        folder.write("slow.csv", "a,b\n1,2\n");
        let job = detach(folder, "slow.csv");
        let path = folder.path("slow.csv");
        std::fs::remove_file(&path).unwrap();
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let going_on = Arc::new(AtomicBool::new(true));
        let writer = std::thread::spawn({
            let going_on = going_on.clone();
            move || {
                // Waits until somebody reads.
                let mut pipe = File::options().write(true).open(path).unwrap();
                pipe.write_all(b"a,b\n").unwrap();
                let rows = b"1,2\n".repeat(64); // what is read at once fills soon
                while going_on.load(Ordering::Relaxed) && pipe.write_all(&rows).is_ok() {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        });
        Self {
            job,
            going_on,
            writer: Some(writer),
        }
    }

    /// The pipe ends, and with it the import.
    pub(crate) fn end(&mut self) {
        self.going_on.store(false, Ordering::Relaxed);
        if let Some(writer) = self.writer.take() {
            writer.join().unwrap();
        }
    }
}

fn output(child: Child) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_detached_import_is_done_by_a_worker_wherever_it_runs() {
    let folder = Folder::new();
    folder.write("t.csv", "a,b\n1,2\n");
    let import = [
        "import",
        "t.csv",
        "--project",
        "p",
        "--create-project",
        "--detach",
    ];
    let said = folder.run(&import);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stdout.contains("waits to be done"), "{}", said.stdout);
    assert!(
        said.stderr.contains("No worker is running") && said.stderr.contains("manifold worker"),
        "{}",
        said.stderr
    );
    let jobs = folder.json(&["job", "list"]);
    let job = jobs["jobs"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(reasons(&folder, &job), ["no_worker"]);

    // The path is the file's, whatever the worker's folder is.
    std::fs::create_dir(folder.path("elsewhere")).unwrap();
    let mut worker = folder.command(&["worker", "--once", "--json"]);
    let worked = worker
        .current_dir(folder.path("elsewhere"))
        .output()
        .unwrap();
    assert!(worked.status.success());
    let lines: Vec<Json> = String::from_utf8(worked.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let events: Vec<_> = lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["began", "ended", "stopped"]);
    assert_eq!(lines[1]["job"]["state"], "completed");
    assert_eq!(lines[2]["attempts"], 1);

    assert_eq!(reasons(&folder, &job), ["ended"]);
    assert_eq!(
        folder.json(&["job", "watch", &job])["job"]["state"],
        "completed"
    );
    assert_eq!(
        folder.ok(&["query", "p", "SELECT * FROM t", "--format", "csv"]),
        "a,b\n1,2\n"
    );
    let idle = folder.run(&["worker", "--once"]);
    assert!(
        idle.code == 0 && idle.stderr.contains("No job was due"),
        "{}",
        idle.stderr
    );
}

#[test]
fn every_long_verb_can_be_detached() {
    let folder = Folder::new();
    folder.import("t.csv", "a,b\n1,2\n", &[]);
    let backup = folder.json(&["backup", "create", "p"]);
    let backup = backup["backup"]["id"].as_str().unwrap();
    folder.ok(&["project", "export-file", "p", "p.db"]);
    for verb in [
        &["backup", "create", "p", "--detach"][..],
        &["backup", "verify", backup, "--detach"],
        &["restore", backup, "--as", "restored", "--detach"],
        &["restore", backup, "--in-place", "--yes", "--detach"],
        &["project", "clone", "p", "cloned", "--detach"],
        &["project", "adopt", "p.db", "--as", "adopted", "--detach"],
        &["project", "export-file", "p", "again.db", "--detach"],
        &[
            "export",
            "p",
            "--source",
            "t",
            "--to",
            "again.csv",
            "--detach",
        ],
    ] {
        let written = folder.json(verb);
        assert_eq!(written["job"]["state"], "pending", "{verb:?}");
    }
    assert!(!folder.path("again.db").exists());
    let worked = folder.run(&["worker", "--once"]);
    assert_eq!(worked.code, 0, "{}", worked.stderr);
    assert!(folder.path("again.db").exists());
    assert_eq!(folder.read("again.csv"), b"a,b\n1,2\n");
    let listed = folder.json(&["job", "list", "--state", "completed"]);
    assert_eq!(listed["jobs"].as_array().unwrap().len(), 11);
    let projects = folder.json(&["project", "list"]);
    assert_eq!(projects["projects"].as_array().unwrap().len(), 4);
}

#[test]
fn what_another_process_could_not_read_is_not_detached() {
    let folder = Folder::new();
    let made = Command::new("mkfifo").arg(folder.path("pipe.csv")).status();
    assert!(made.unwrap().success());
    for (file, word) in [("-", "stdin"), ("pipe.csv", "pipe")] {
        let (code, error) = folder.error(&[
            "import",
            file,
            "--project",
            "p",
            "--create-project",
            "--detach",
        ]);
        assert_eq!((code, &error["code"]), (2, &json!("usage")));
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
    }
    let both = ["import", "a.csv", "--project", "p", "--detach", "--dry-run"];
    assert_eq!(folder.fails(&both), (2, "usage".to_owned()));
    assert_eq!(folder.json(&["project", "list"])["projects"], json!([]));
}

#[test]
fn the_first_sigterm_lets_jobs_end_and_begins_no_more() {
    let folder = Folder::new();
    let mut slow = Slow::new(&folder);
    let worker = start(&folder, &["worker", "--concurrency", "1"]);
    until("the job runs", || state(&folder, &slow.job) == "running");
    assert_eq!(reasons(&folder, &slow.job), ["runs"]);
    folder.write("next.csv", "a\n1\n");
    let next = detach(&folder, "next.csv");
    assert_eq!(reasons(&folder, &next), ["in_turn"]);
    signal(&worker, "-TERM");
    until("it is told", || reasons(&folder, &next) == ["not_served"]);
    slow.end();
    let (code, stdout, stderr) = output(worker);
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
    assert!(
        stderr.contains(&format!("begin  import_file {}", slow.job))
            && stderr.contains(&format!("done   import_file {}", slow.job))
            && stderr.contains("no further job is begun"),
        "{stderr}"
    );
    assert_eq!(state(&folder, &slow.job), "completed");
    assert_eq!(state(&folder, &next), "pending");
    assert_eq!(reasons(&folder, &next), ["no_worker"]);
}

#[test]
fn the_second_sigterm_leaves_at_once_and_the_job_is_taken_up() {
    let folder = Folder::new();
    let slow = Slow::new(&folder);
    let worker = start(&folder, &["worker", "--json"]);
    until("the job runs", || state(&folder, &slow.job) == "running");
    signal(&worker, "-TERM");
    until("it is stopping", || {
        folder.write("other.csv", "a\n1\n");
        let other = detach(&folder, "other.csv");
        let stopping = reasons(&folder, &other) == ["not_served"];
        folder.ok(&["job", "cancel", &other]);
        stopping
    });
    signal(&worker, "-TERM");
    let (code, _, stderr) = output(worker);
    assert_eq!(code, Some(130), "{stderr}");
    let shown = folder.json(&["job", "show", &slow.job]);
    assert_ne!(shown["job"]["state"], "running");
    let first = &shown["executions"][0];
    assert_eq!(first["end_reason"], "crashed");
    assert_eq!(first["worker"]["alive"], false);
}

#[test]
fn a_worker_that_drains_says_whether_jobs_failed() {
    let folder = Folder::new();
    folder
        .write("good.csv", "a\n1\n")
        .write("bad.csv", "a\n1\n");
    let good = detach(&folder, "good.csv");
    let bad = detach(&folder, "bad.csv");
    std::fs::remove_file(folder.path("bad.csv")).unwrap();
    let worked = folder.run(&["worker", "--once"]);
    assert_eq!(worked.code, 1);
    assert!(
        worked.stderr.contains("1 of 2 jobs failed")
            && worked.stderr.contains("FAILED import_file"),
        "{}",
        worked.stderr
    );
    assert_eq!(state(&folder, &good), "completed");
    let (code, error) = folder.error(&["job", "watch", &bad]);
    assert_eq!((code, &error["code"]), (1, &json!("job_failed")));
}
