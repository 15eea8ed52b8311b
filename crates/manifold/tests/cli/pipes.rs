//! Readers that go away, and outputs that are full.

use std::io::Read as _;
use std::process::{Command, Stdio};

use crate::folder::Folder;

const MANY: &str = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t WHERE x < 300000) SELECT x FROM t";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.import("a.csv", "x\n1\n", &[]);
    folder
}

fn start(folder: &Folder, arguments: &[&str], stdout: Stdio) -> std::process::Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manifold"));
    command
        .env("MANIFOLD_DATA_DIR", folder.path("data"))
        .args(arguments);
    command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let folder = folder();
    for arguments in [
        &["query", "p", MANY, "--format", "csv"][..],
        &["query", "p", MANY, "--json"],
        &["query", "p", MANY, "--format", "jsonl"],
        &["export", "p", "--sql", MANY, "--to", "-"],
        &["project", "list"],
        &["--help"],
        &["completions", "bash"],
    ] {
        let mut child = start(&folder, arguments, Stdio::piped());
        let mut stdout = child.stdout.take().unwrap();
        let mut first = [0_u8; 10];
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        let ended = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(
            (ended.status.code(), stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_output_is_an_error() {
    let folder = folder();
    for arguments in [
        &["query", "p", MANY, "--json"][..],
        &["project", "list", "--json"],
        &["completions", "zsh", "--json"],
    ] {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let ended = start(&folder, arguments, full.into())
            .wait_with_output()
            .unwrap();
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}");
        let said: serde_json::Value = serde_json::from_slice(&ended.stderr).unwrap();
        assert_eq!(said["error"]["code"], "output");
    }
}
