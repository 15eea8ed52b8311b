//! What can be done with jobs of other processes: watched, cancelled, retried, explained, paused.

use std::io::{BufRead as _, BufReader};
use std::process::Output;

use serde_json::{Value as Json, json};

use crate::folder::Folder;
use crate::interrupt::{start, until};
use crate::worker::{Slow, detach, reasons, signal, state};

fn codes(shown: &Json) -> Vec<&str> {
    let attempts = shown["executions"].as_array().unwrap();
    attempts
        .iter()
        .map(|attempt| attempt["end_reason"].as_str().unwrap())
        .collect()
}

#[test]
fn a_job_is_watched_to_its_end_and_goes_on_when_the_watching_ends() {
    let folder = Folder::new();
    let mut slow = Slow::new(&folder);
    let mut waiting = start(&folder, &["job", "watch", &slow.job]);
    let mut said = BufReader::new(waiting.stderr.take().unwrap()).lines();
    let why = said.next().unwrap().unwrap();
    assert!(why.contains("No worker is running"), "{why}");
    let mut worker = start(&folder, &["worker", "--once"]);
    until("the job runs", || state(&folder, &slow.job) == "running");
    let left = start(&folder, &["job", "watch", &slow.job, "--json"]);
    std::thread::sleep(std::time::Duration::from_millis(700)); // until it listens
    signal(&left, "-INT");
    let Output { status, stderr, .. } = left.wait_with_output().unwrap();
    let error: Json = serde_json::from_slice(&stderr).unwrap();
    assert_eq!(status.code(), Some(130), "{error}");
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .contains("goes on")
    );
    assert_eq!(state(&folder, &slow.job), "running");

    slow.end();
    assert!(worker.wait().unwrap().success());
    let Output { status, stdout, .. } = waiting.wait_with_output().unwrap();
    let stdout = String::from_utf8(stdout).unwrap();
    assert_eq!(status.code(), Some(0), "{stdout}");
    assert!(stdout.contains("is completed"), "{stdout}");
}

#[test]
fn a_watched_job_whose_process_dies_ends_the_watching() {
    let folder = Folder::new();
    let slow = Slow::new(&folder);
    let mut worker = start(&folder, &["worker"]);
    until("the job runs", || state(&folder, &slow.job) == "running");
    let watching = start(&folder, &["job", "watch", &slow.job, "--json"]);
    worker.kill().unwrap();
    worker.wait().unwrap();
    // Whether it failed or waits for another attempt: a worker ends it one way or the other.
    until("the death is seen", || {
        state(&folder, &slow.job) != "running"
    });
    folder.run(&["job", "cancel", &slow.job]);
    let ended = watching.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
}

#[test]
fn a_job_is_cancelled_from_any_process() {
    let folder = Folder::new();
    folder.write("t.csv", "a\n1\n");
    let pending = detach(&folder, "t.csv");
    let asked = folder.json(&["job", "cancel", &pending, "--reason", "the wrong file"]);
    assert_eq!(
        (&asked["job"]["state"], &asked["job"]["cancel_reason"]),
        (&json!("cancelled"), &json!("the wrong file"))
    );
    assert_eq!(
        folder.fails(&["job", "cancel", &pending]),
        (1, "job_conflict".to_owned())
    );
    let explained = folder.ok(&["job", "explain", &pending]);
    assert!(explained.contains("the wrong file"), "{explained}");

    let mut slow = Slow::new(&folder);
    let mut worker = start(&folder, &["worker", "--once"]);
    until("the job runs", || state(&folder, &slow.job) == "running");
    let said = folder.ok(&["job", "cancel", &slow.job, "--reason", "enough"]);
    assert!(said.contains("stops at a safe point"), "{said}");
    assert!(worker.wait().unwrap().success());
    slow.end();
    let (code, error) = folder.error(&["job", "watch", &slow.job]);
    assert_eq!((code, &error["code"]), (1, &json!("job_cancelled")));
    assert!(
        error["message"].as_str().unwrap().contains("enough"),
        "{error}"
    );

    // What was cancelled can be done after all.
    let again = folder.json(&["job", "retry", &pending]);
    assert_eq!(
        (&again["job"]["state"], &again["job"]["cancel_reason"]),
        (&json!("pending"), &Json::Null)
    );
    folder.ok(&["worker", "--once"]);
    assert_eq!(state(&folder, &pending), "completed");
    assert_eq!(
        folder.fails(&["job", "retry", &pending]),
        (1, "job_conflict".to_owned())
    );
}

#[test]
fn a_job_is_taken_from_a_process_that_is_stopped() {
    let folder = Folder::new();
    let rows: String = (0..3_000).map(|row| format!("{row}\n")).collect();
    folder.import("t.csv", &format!("a\n{rows}"), &[]);
    let written = folder.json(&["backup", "create", "p", "--type", "csv", "--detach"]);
    let job = written["job"]["id"].as_str().unwrap().to_owned();
    // It stops itself, as SIGSTOP does, while it writes rows.
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_manifold"));
    let stopped = command
        .env("MANIFOLD_DATA_DIR", folder.path("data"))
        .env("MANIFOLD_FAILPOINT", "backup-rows-passed=stop")
        .args(["worker", "--once"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    until("it is stopped", || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", stopped.id()));
        let is_stopped = |stat: String| stat.rsplit(')').next().unwrap().starts_with(" T");
        cfg!(not(target_os = "linux")) || stat.is_ok_and(is_stopped)
    });
    assert_eq!(
        state(&folder, &job),
        "running",
        "a process that lives keeps its job"
    );
    let plain = folder.error(&["job", "retry", &job]);
    assert_eq!((plain.0, &plain.1["code"]), (1, &json!("job_conflict")));
    assert!(plain.1["hint"].as_str().unwrap().contains("--force"));
    assert_eq!(
        folder.fails(&["job", "retry", &job, "--force"]),
        (2, "needs_yes".to_owned())
    );
    assert_eq!(state(&folder, &job), "running");
    let forced = folder.json(&["job", "retry", &job, "--force", "--yes"]);
    assert_eq!(forced["job"]["state"], "pending");
    folder.ok(&["worker", "--once"]);

    signal(&stopped, "-CONT");
    let late = stopped.wait_with_output().unwrap();
    let said = String::from_utf8(late.stderr).unwrap();
    assert!(said.contains(&format!("lost   {job}")), "{said}");
    let shown = folder.json(&["job", "show", &job]);
    assert_eq!(shown["job"]["state"], "completed");
    assert_eq!(codes(&shown), ["lease_lost", "ok"]);
}

#[test]
fn a_paused_queue_begins_nothing_and_says_so() {
    let folder = Folder::new();
    folder.write("t.csv", "a\n1\n");
    let job = detach(&folder, "t.csv");
    folder.ok(&["job", "pause"]);
    assert_eq!(reasons(&folder, &job), ["queue_paused", "no_worker"]);
    folder.ok(&["worker", "--once"]);
    assert_eq!(state(&folder, &job), "pending");
    folder.ok(&["job", "resume"]);

    let mut other = start(&folder, &["worker", "--queue", "nightly"]);
    until("it waits for jobs of another queue", || {
        reasons(&folder, &job) == ["not_served"]
    });
    let explained = folder.ok(&["job", "explain", &job]);
    assert!(
        explained.contains("serves nightly") && explained.contains("--queue default"),
        "{explained}"
    );
    signal(&other, "-TERM");
    assert!(other.wait().unwrap().success());
    folder.ok(&["worker", "--once", "--queue", "default"]);
    assert_eq!(state(&folder, &job), "completed");

    let stats = folder.json(&["job", "stats"]);
    let import = &stats["stats"][0];
    assert_eq!(
        (
            &import["kind"],
            &import["states"]["completed"],
            &import["measured"]
        ),
        (&json!("import_file"), &json!(1), &json!(1))
    );
    assert!(import["p50_ms"].is_u64() && import["crashes"] == 0 && import["retries"] == 0);
}

#[test]
fn what_a_job_says_is_followed() {
    let folder = Folder::new();
    folder.write("t.csv", "a,b\n1,2\n3\n");
    let job = detach(&folder, "t.csv");
    let following = start(&folder, &["job", "logs", &job, "--follow", "--json"]);
    folder.ok(&["worker", "--once"]);
    let Output { status, stdout, .. } = following.wait_with_output().unwrap();
    assert!(status.success());
    let stdout = String::from_utf8(stdout).unwrap();
    let lines: Vec<Json> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let logs = folder.json(&["job", "logs", &job]);
    assert_eq!(Json::from(lines), logs["logs"]);
    assert!(!logs["logs"].as_array().unwrap().is_empty());
}
