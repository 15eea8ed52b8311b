//! `kill -9` at random moments of incremental backups, of pruning and of restores: every listed backup verifies.

use std::time::{Duration, Instant};

use crate::backups::{Saved, all_verify};
use crate::command::Said;
use crate::folder::Folder;
use crate::seed::{Seed, rounds};

/// What a shell says of a process that was killed.
const KILLED: i32 = 128 + 9;

/// Kills of each command.
const KILLS: u64 = 12;

const DONE_BEFORE: [&str; 2] = ["name_taken", "not_found"];

#[test]
fn increments() {
    survive(
        |_| vec!["backup", "create", "p", "--type", "incremental"],
        2,
    );
}

#[test]
fn pruning() {
    survive(|_| vec!["backup", "prune", "p", "--keep-last", "1"], 1);
}

#[test]
fn deleting() {
    survive(|saved| vec!["backup", "delete", &saved.ids[0]], 1);
}

#[test]
fn restores() {
    survive(|saved| vec!["restore", &saved.ids[1], "--as", "r"], 2);
    survive(|saved| vec!["restore", &saved.ids[0], "--in-place"], 2);
}

/// `left`: how many backups there are at least, whatever happens.
fn survive(command: impl for<'a> Fn(&'a Saved) -> Vec<&'a str>, left: usize) {
    let mut seed = Seed::new();
    let saved = Saved::new(&["--type", "incremental"]);
    let (arguments, folder) = (command(&saved), &saved.folder);
    let begin = Instant::now();
    folder.ok(&arguments);
    let whole = begin.elapsed();
    let new = folder.state("undisturbed");
    let mut killed = 0;
    for round in 0..KILLS * rounds() {
        saved.put_back();
        let moment = seed.moment(whole);
        let what = format!("{arguments:?}, round {round}, killed after {moment:?} of {whole:?}");
        let said = killed_after(folder, &arguments, moment);
        assert!([0, KILLED].contains(&said.code), "{what}: {}", said.stderr);
        killed += u64::from(said.code == KILLED);
        assert!(all_verify(folder, &what) >= left, "{what}");
        let again = folder.run(&arguments);
        let is_done = again.code == 0 || DONE_BEFORE.contains(&again.error.as_str());
        assert!(is_done, "{what}, again: {}", again.stderr);
        // Pruning leaves the line of a backup whose files are gone, and the doctor tells of it.
        if arguments[1] != "prune" {
            assert_eq!(folder.state(&what), new, "{what}, again");
        }
        assert!(all_verify(folder, &what) >= left, "{what}, again");
        let mut leftovers = folder.leftovers();
        // A tombstone may be one that another hub is writing, and goes with the collecting an hour later.
        leftovers.retain(|path| {
            !path
                .parent()
                .is_some_and(|project| project.parent().is_some_and(|gc| gc.ends_with("gc")))
        });
        assert!(leftovers.is_empty(), "{what}: {leftovers:?}");
    }
    println!("{arguments:?}: {killed} killed");
    assert!(killed > 0, "no round was killed: {whole:?} is too short");
}

fn killed_after(folder: &Folder, arguments: &[&str], moment: Duration) -> Said {
    let mut child = folder.start(arguments);
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait_with_output().unwrap().into()
}
