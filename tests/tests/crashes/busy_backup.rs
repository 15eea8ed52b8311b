//! A backup is made while other processes commit: it is one state, the one that it says.

use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::command::Said;
use crate::folder::Folder;
use crate::scene;
use crate::seed::rounds;
use crate::state::Version;

/// Snapshots that are published while the backup is being made, at least; in long runs more. Each import commits several times.
const COMMITS: usize = 20;

const ROWS: usize = 3_000;

#[test]
fn csv() {
    is_one_state(&["--type", "csv"], "backup-rows-passed");
}

#[test]
fn compressed_csv() {
    is_one_state(&["--type", "csv", "--compress"], "backup-rows-passed");
}

#[test]
fn sqlite() {
    is_one_state(&["--type", "sqlite"], "backup-frozen");
}

#[test]
fn compressed_sqlite() {
    is_one_state(&["--type", "sqlite", "--compress"], "backup-frozen");
}

#[test]
fn full() {
    is_one_state(&["--type", "full"], "backup-rows-passed");
}

#[test]
fn compressed_full() {
    is_one_state(&["--type", "full", "--compress"], "backup-rows-passed");
}

#[test]
fn incremental() {
    is_one_state(&["--type", "incremental"], "backup-frozen");
}

/// The first segment is written and the others are not.
#[test]
fn incremental_in_the_middle() {
    is_one_state(&["--type", "incremental"], "backup-segment-kept");
}

/// The backup is stopped at `point`, where it holds its state; goes on when enough was committed; and others go on
/// committing until it is done.
fn is_one_state(how: &[&str], point: &str) {
    let folder = scene::filled(ROWS, "sqlite");
    let before = versions(&folder, "p");
    let arguments = [&["backup", "create", "p"], how].concat();
    let backup = folder.start_with(&format!("{point}=stop"), &arguments);
    wait_until_stopped(&backup);

    let mut commits = 0;
    let wanted = COMMITS * usize::try_from(rounds()).unwrap();
    for version in 10..10 + wanted {
        import(&folder, version);
        commits += 1;
    }
    let done = AtomicBool::new(false);
    let said: Said = std::thread::scope(|scope| {
        let others = scope.spawn(|| {
            let mut commits = 0;
            loop {
                import(&folder, 30 + wanted + commits);
                commits += 1;
                if done.load(Ordering::Relaxed) {
                    return commits;
                }
            }
        });
        let continued = Command::new("kill")
            .args(["-CONT", &backup.id().to_string()])
            .status();
        assert!(continued.unwrap().success());
        let said = backup.wait_with_output().unwrap().into();
        done.store(true, Ordering::Relaxed);
        commits += others.join().unwrap();
        said
    });
    assert_eq!(said.code, 0, "{how:?}: {}", said.stderr);
    let after = versions(&folder, "p");
    assert_eq!(
        after.len(),
        before.len() + commits,
        "{how:?}: published meanwhile"
    );

    let made = &said.json["backup"];
    let id = made["id"].as_str().unwrap();
    folder.ok(&["backup", "verify", id]);
    let restored = folder.ok(&["restore", id, "--as", "copy"]);
    for table in restored.json["compared"]["tables"].as_array().unwrap() {
        assert_eq!(table["hash_equal"], true, "{how:?}: {table}");
    }
    let copy = versions(&folder, "copy");
    assert_eq!(copy, before, "{how:?}: the state when it began");
    assert_eq!(
        copy,
        after[..copy.len()],
        "{how:?}: the project's versions of these numbers"
    );
    assert_eq!(made["snapshot_count"], copy.len(), "{how:?}");
}

/// The versions of `a`.
fn versions(folder: &Folder, project: &str) -> Vec<Version> {
    let mut state = folder.state("versions");
    let mut sources = state.projects.remove(project).unwrap();
    sources.remove("a").unwrap()
}

fn import(folder: &Folder, version: usize) {
    let file = format!("{version}.csv");
    folder.write(&file, scene::versioned(ROWS, version));
    let said = folder.ok(&["import", &file, "--project", "p", "--source", "a"]);
    assert_eq!(said.json["unchanged"], false, "{version}");
}

/// The state of a process as Linux tells it is `T` when it is stopped.
pub fn wait_until_stopped(child: &Child) {
    let begin = Instant::now();
    loop {
        let state = Command::new("ps")
            .args(["-o", "state=", "-p", &child.id().to_string()])
            .output()
            .unwrap();
        match state.stdout.first() {
            Some(b'T') => return,
            Some(b'Z') | None => panic!("the backup ended before it was stopped"),
            Some(_) => assert!(
                begin.elapsed() < Duration::from_secs(60),
                "it is not stopped"
            ),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
