//! `kill -9` at random moments of imports and restores: what was there stays, and the same command again succeeds.

use std::time::{Duration, Instant};

use crate::command::Said;
use crate::folder::Folder;
use crate::scene;
use crate::seed::{Seed, rounds};

/// What a shell says of a process that was killed.
const KILLED: i32 = 128 + 9;

/// Kills of each command.
const KILLS: u64 = 13;

/// Rows of the files: enough to be hit in the middle.
const ROWS: usize = 20_000;

#[test]
fn first_imports() {
    survive(&["import", "new.csv", "--project", "p", "--source", "b"]);
}

#[test]
fn later_imports() {
    survive(&["import", "next.csv", "--project", "p", "--source", "a"]);
}

#[test]
fn restores_as_new() {
    survive(&["restore", "backup", "--as", "r"]);
}

#[test]
fn restores_in_place() {
    survive(&["restore", "backup", "--in-place"]);
}

fn survive(arguments: &[&str]) {
    let mut seed = Seed::new();
    let original = scene::filled(ROWS, "sqlite");
    let old = original.state("before");
    let undisturbed = original.copy();
    let begin = Instant::now();
    undisturbed.ok(arguments);
    let whole = begin.elapsed();
    let new = undisturbed.state("undisturbed");

    let (mut killed, mut before, mut after) = (0, 0, 0);
    for round in 0..KILLS * rounds() {
        let folder = original.copy();
        let moment = seed.moment(whole);
        let what = format!("{arguments:?}, round {round}, killed after {moment:?} of {whole:?}");
        let said = killed_after(&folder, arguments, moment);
        assert!([0, KILLED].contains(&said.code), "{what}: {}", said.stderr);
        killed += u64::from(said.code == KILLED);

        let now = folder.state(&what);
        if now == new {
            after += 1;
        } else {
            assert_eq!(now, old, "{what}");
            assert_eq!(said.code, KILLED, "{what}: it said that it was done");
            before += 1;
        }
        let again = folder.run(arguments);
        let done = again.code == 0 || (now == new && again.error == "name_taken");
        assert!(done, "{what}, again: {}", again.stderr);
        assert_eq!(folder.state(&what), new, "{what}, again");
        assert!(
            folder.leftovers().is_empty(),
            "{what}: {:?}",
            folder.leftovers()
        );
    }
    println!("{arguments:?}: {killed} killed; {before} in the old state, {after} in the new");
    assert!(killed > 0, "no round was killed: {whole:?} is too short");
}

fn killed_after(folder: &Folder, arguments: &[&str], moment: Duration) -> Said {
    let mut child = folder.start(arguments);
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait_with_output().unwrap().into()
}
