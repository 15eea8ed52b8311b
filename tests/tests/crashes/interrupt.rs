//! Ctrl-C at random moments: the command ends with 130, or it was done; there is the old state or the new one, and
//! nothing else.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::command::Said;
use crate::folder::Folder;
use crate::scene;
use crate::seed::{Seed, rounds};

/// What a shell says of a command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Interruptions of each command.
const TIMES: u64 = 4;

/// Rows of the files: enough to be hit in the middle.
const ROWS: usize = 20_000;

const COUNT: &str = "SELECT count(*) FROM a x JOIN a y ON x.note < y.note LIMIT 1";

const COMMANDS: [&[&str]; 9] = [
    &["import", "new.csv", "--project", "p", "--source", "b"],
    &["import", "next.csv", "--project", "p", "--source", "a"],
    &["backup", "create", "p", "--type", "csv"],
    &["backup", "create", "p", "--type", "full", "--compress"],
    &["backup", "create", "p", "--type", "sqlite"],
    &["restore", "backup", "--as", "r"],
    &["restore", "backup", "--in-place"],
    &["export", "p", "--source", "a", "--to", "out.csv"],
    &["query", "p", COUNT, "--timeout", "1"],
];

#[test]
fn an_interrupted_command_leaves_the_old_state_or_the_new() {
    let mut seed = Seed::new();
    let original = scene::filled(ROWS, "csv");
    let old = original.state("before");
    for arguments in COMMANDS {
        let undisturbed = original.copy();
        let begin = Instant::now();
        undisturbed.run(arguments);
        let whole = begin.elapsed();
        let new = undisturbed.state("undisturbed");
        for round in 0..TIMES * rounds() {
            let folder = original.copy();
            let moment = seed.moment(whole);
            let what = format!("{arguments:?}, round {round}, after {moment:?} of {whole:?}");
            let said = interrupted_after(&folder, arguments, moment);
            let is_query = arguments[0] == "query" && said.error == "timed_out";
            let ended = [0, INTERRUPTED].contains(&said.code) || is_query;
            assert!(ended, "{what}: {} {}", said.code, said.stderr);

            let now = folder.state(&what);
            assert!(now == old || now == new, "{what}: {now:?}");
            assert!(
                said.code != 0 || now == new,
                "{what}: it said that it was done"
            );
            assert!(
                folder.leftovers().is_empty(),
                "{what}: {:?}",
                folder.leftovers()
            );
            let backups = completed_backups(&folder);
            assert!(
                said.code != 0 || backups == completed_backups(&undisturbed),
                "{what}"
            );
            let written = std::fs::read(folder.path("out.csv")).ok();
            let whole = std::fs::read(undisturbed.path("out.csv")).ok();
            assert!(
                written == whole || (said.code != 0 && written.is_none()),
                "{what}: out.csv"
            );
        }
    }
}

fn completed_backups(folder: &Folder) -> usize {
    let listed = folder.ok(&["backup", "list"]);
    let backups = listed.json["backups"].as_array().unwrap().clone();
    let completed = backups
        .iter()
        .filter(|backup| backup["state"] == "completed");
    completed.count()
}

fn interrupted_after(folder: &Folder, arguments: &[&str], moment: Duration) -> Said {
    let child = folder.start(arguments);
    std::thread::sleep(moment);
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(
        sent.unwrap().success(),
        "a child that was not waited for has its number"
    );
    child.wait_with_output().unwrap().into()
}
