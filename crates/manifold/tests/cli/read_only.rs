//! A data folder that must not be written.

use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use serde_json::Value as Json;

use crate::folder::{Folder, Said, listing};
use crate::nobody;

/// A project with two versions of a source, an empty one, and a backup.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.import("t.csv", "k,n\na,1\nb,2\n", &["--key", "k"]);
    folder.import("t.csv", "k,n\na,1\nb,3\n", &[]);
    folder.ok(&["project", "create", "empty"]);
    folder.ok(&["backup", "create", "p", "--type", "full"]);
    folder
}

const READING: [&[&str]; 19] = [
    &["project", "list"],
    &["project", "show", "p"],
    &["source", "list", "p"],
    &["source", "show", "p", "t"],
    &["source", "index", "list", "p", "t"],
    &["snapshot", "list", "p"],
    &["snapshot", "show", "p", "t@1"],
    &["snapshot", "rows", "p", "t@1"],
    &["snapshot", "diff", "p", "t@1", "t@2"],
    &["snapshot", "profile", "p", "t@1"],
    &["snapshot", "drift", "p", "t@1", "t@2"],
    &["snapshot", "history", "p", "t", "b"],
    &["snapshot", "rejects", "p", "t@1"],
    &["import-history"],
    &["query", "p", "SELECT * FROM t JOIN \"t@1\" USING (k)"],
    &["query", "--all-projects", "SELECT count(*) FROM t"],
    &["backup", "list"],
    &["settings", "list"],
    &["migrate", "status"],
];

const WRITING: [&[&str]; 14] = [
    &["init"],
    &["project", "create", "q"],
    &["project", "rename", "p", "q"],
    &["project", "describe", "p", "x"],
    &["source", "create", "p", "s", "--type", "file"],
    &["source", "index", "add", "p", "t", "n"],
    &["source", "index", "drop", "p", "t", "n"],
    &["import", "t.csv", "--project", "p"],
    &["snapshot", "delete", "p", "t@2", "--yes"],
    &["backup", "create", "p", "--type", "csv"],
    &["backup", "verify", "0"],
    &["restore", "0", "--as", "q"],
    &["settings", "set", "store.durability", "relaxed"],
    &["migrate", "up"],
];

/// Every file of the data folder, with its length and when it was written.
fn files(folder: &Folder) -> Vec<(PathBuf, u64, SystemTime)> {
    let data = listing(&folder.path("data"));
    let when = |path: &PathBuf| std::fs::metadata(path).unwrap().modified().unwrap();
    data.into_iter()
        .map(|(path, bytes)| (path.clone(), bytes, when(&path)))
        .collect()
}

/// A document without what differs from run to run.
fn document(said: &str) -> Json {
    let mut document: Json =
        serde_json::from_str(said).unwrap_or_else(|error| panic!("{error}: {said}"));
    if let Some(object) = document.as_object_mut() {
        object.remove("elapsed_ms");
    }
    document
}

fn arguments<'a>(command: &[&'a str]) -> Vec<&'a str> {
    [&["--read-only", "--json"], command].concat()
}

#[test]
fn what_reads_answers_as_ever_and_leaves_no_trace() {
    let folder = folder();
    let expected: Vec<Json> = READING
        .iter()
        .map(|command| document(&folder.ok(&[*command, &["--json"]].concat())))
        .collect();
    let before = files(&folder);
    for (command, expected) in READING.iter().zip(expected) {
        let said = folder.run(&arguments(command));
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{command:?}");
        assert_eq!(document(&said.stdout), expected, "{command:?}");
    }
    let exported = folder.ok(&[
        "export",
        "p",
        "--source",
        "t",
        "--original",
        "--to",
        "-",
        "--read-only",
    ]);
    assert_eq!(exported, "k,n\na,1\nb,3\n");
    assert_eq!(files(&folder), before);
}

#[test]
fn what_writes_is_refused_before_anything() {
    let folder = folder();
    let before = files(&folder);
    for command in WRITING {
        assert_eq!(
            folder.fails(&arguments(command)),
            (1, "read_only".to_owned()),
            "{command:?}"
        );
    }
    assert_eq!(files(&folder), before);
    let none = Folder::new();
    assert_eq!(
        none.fails(&["project", "list", "--read-only"]),
        (1, "io".to_owned())
    );
    assert!(!none.path("data").exists());
}

/// The commands that read work, and the folder stays as it is.
fn reads(folder: &Folder, run: impl Fn(&[&str]) -> Said) {
    let before = files(folder);
    for command in READING {
        let said = run(&arguments(command));
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{command:?}");
        document(&said.stdout);
    }
    assert_eq!(files(folder), before);
}

#[test]
fn a_folder_without_the_right_to_write_is_read() {
    let folder = folder();
    let root = folder.path("data");
    let permissions = |folder_mode: u32, file_mode: u32| {
        for (path, _) in listing(&root) {
            nobody::permit(&path, file_mode);
        }
        for inner in ["projects", "workers", "tmp", "backups", ""] {
            nobody::permit(&root.join(inner), folder_mode);
        }
    };
    nobody::run(&folder, &["project", "list", "--read-only"]); // the folder becomes nobody's
    permissions(0o555, 0o444);
    let refused = nobody::run(&folder, &["project", "create", "q"]);
    assert_ne!(refused.code, 0, "it can be written after all");
    reads(&folder, |command| nobody::run(&folder, command));
    permissions(0o755, 0o644);
}

#[test]
fn a_read_only_mount_is_read() {
    let folder = folder();
    let data = folder.path("data");
    let mounted = |command: &[&str]| {
        let script = "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\" && exec \"$@\"";
        let said = Command::new("unshare")
            .args(["-rm", "sh", "-c", script])
            .arg(&data)
            .arg(env!("CARGO_BIN_EXE_manifold"))
            .args(command)
            .env("MANIFOLD_DATA_DIR", &data)
            .output();
        said.map(Said::from)
    };
    let tried = mounted(&["completions", "bash"]);
    if !tried.is_ok_and(|said| said.code == 0) {
        eprintln!("skipped: this system does not let a test mount a folder");
        return;
    }
    let refused = mounted(&["project", "create", "q", "--json"]).unwrap();
    assert_ne!(refused.code, 0, "it can be written after all");
    reads(&folder, |command| mounted(command).unwrap());
}

#[test]
fn what_another_process_has_committed_is_seen() {
    let folder = folder();
    let shown = folder.json(&["project", "show", "p"]);
    let file = shown["project"]["path"].as_str().unwrap();
    let writer = rusqlite::Connection::open_with_flags_and_vfs(
        file,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    writer
        .execute_batch("PRAGMA wal_autocheckpoint = 0; UPDATE d1 SET c2 = 77 WHERE c1 = 'a'")
        .unwrap();
    let log = std::fs::metadata(format!("{file}-wal")).unwrap();
    assert!(log.len() > 0, "the change is in the log alone");
    let sql = "SELECT n FROM t WHERE k = 'a'";
    let found = folder.json(&["query", "p", sql, "--read-only"]);
    assert_eq!(found["rows"], serde_json::json!([[77]]));
    drop(writer);
}
