//! A disk with no space left: every verb that writes says so and what to do, nothing is lost, and with more space the
//! same command succeeds.

use std::panic::catch_unwind;
use std::path::Path;

use crate::folder::Folder;
use crate::passage::Start;
use crate::small_disk::{Filler, on_small_disk};
use crate::state::State;

/// Space that is left for the command, in KiB. With little it fails early, with more in the middle.
const SPACES: [u64; 13] = [
    0, 16, 32, 64, 96, 128, 192, 256, 512, 1_024, 2_048, 4_096, 16_384,
];

/// With so much space left, in KiB, what is stored can be read: SQLite needs some for the index of a write-ahead log.
const ENOUGH_TO_READ: u64 = 256;

const VERBS: [(Start, &[&str]); 21] = [
    (Start::Nowhere, &["init"]),
    (Start::Initial, &["project", "create", "n"]),
    (Start::Filled, &["project", "rename", "p", "q"]),
    (Start::Filled, &["project", "describe", "p", "d"]),
    (Start::Filled, &["project", "delete", "p"]),
    (Start::InTrash, &["project", "undelete", "p"]),
    (
        Start::Filled,
        &["import", "new.csv", "--project", "p", "--source", "b"],
    ),
    (
        Start::Filled,
        &["import", "next.csv", "--project", "p", "--source", "a"],
    ),
    (
        Start::Filled,
        &["source", "create", "p", "s", "--type", "file"],
    ),
    (Start::Filled, &["snapshot", "delete", "p", "a@2"]),
    (
        Start::Filled,
        &["export", "p", "--source", "a", "--to", "out.csv"],
    ),
    (
        Start::Filled,
        &["export", "p", "--source", "a", "--to", "out.sqlite"],
    ),
    (Start::Filled, &["backup", "create", "p", "--type", "csv"]),
    (
        Start::Filled,
        &["backup", "create", "p", "--type", "sqlite"],
    ),
    (Start::Filled, &["backup", "create", "p", "--type", "full"]),
    (
        Start::Filled,
        &["backup", "create", "p", "--type", "incremental"],
    ),
    (
        Start::Filled,
        &["backup", "create", "p", "--type", "sqlite", "--compress"],
    ),
    (Start::Filled, &["backup", "create", "--all"]),
    (Start::Filled, &["restore", "backup", "--as", "r"]),
    (Start::Filled, &["restore", "backup", "--in-place"]),
    (
        Start::Filled,
        &["settings", "set", "import.max_cell", "1000000"],
    ),
];

#[test]
fn every_verb_says_so_and_loses_nothing() {
    on_small_disk(
        "full_disk::every_verb_says_so_and_loses_nothing",
        on_the_disk,
    );
}

fn on_the_disk(disk: &Path) {
    let mut failed = Vec::new();
    for (start, arguments) in VERBS {
        if catch_unwind(|| loses_nothing(disk, start, arguments)).is_err() {
            failed.push(arguments);
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

fn loses_nothing(disk: &Path, start: Start, arguments: &[&str]) {
    let undisturbed = start.folder();
    let old = (start != Start::Nowhere).then(|| undisturbed.state("before"));
    let folder = undisturbed.copy_into(disk);
    undisturbed.ok(arguments);
    let new = undisturbed.state("undisturbed");
    let filler = Filler::on(disk);
    let (mut failed, mut done) = (0, false);
    for space in SPACES {
        let what = format!("{arguments:?} with {space} KiB");
        filler.leave(space);
        let said = folder.run(arguments);
        if said.code == 0 {
            done = true;
            break;
        }
        failed += 1;
        assert_eq!(said.error, "disk_full", "{what}: {}", said.stderr);
        assert!(
            said.stderr.contains("free some space"),
            "{what}: {}",
            said.stderr
        );
        if let Some(old) = &old {
            if start == Start::Filled {
                filler.leave(space.max(ENOUGH_TO_READ));
                is_readable(&folder, &new, &what);
            }
            filler.leave(8 * 1_024);
            let now = folder.state(&what);
            // With space enough for the work and not for the hub to hear of it.
            if now == new {
                done = true;
                break;
            }
            assert_eq!(&now, old, "{what}");
        }
        // A hub that was made, and no space for SQLite's log beside it: the next process takes the log away.
        let is_log = |path: &Path| path.ends_with("core.db-shm") || path.ends_with("core.db-wal");
        let mut leftovers = folder.leftovers();
        leftovers.retain(|path| !(start == Start::Nowhere && is_log(path)));
        assert!(leftovers.is_empty(), "{what}: {leftovers:?}");
    }
    assert!(failed > 0, "{arguments:?} needs no space");
    assert!(done, "{arguments:?} never has enough space");
    drop(filler);
    assert_eq!(folder.state("in the end"), new, "{arguments:?}");
    assert!(
        folder.leftovers().is_empty(),
        "{arguments:?}: {:?}",
        folder.leftovers()
    );
}

/// What is stored can be read although the disk is full. Reading may take up and finish what could not be undone.
fn is_readable(folder: &Folder, new: &State, what: &str) {
    let said = folder.run(&["query", "p", "SELECT count(*) FROM a"]);
    let is_gone = said.error == "not_found" && !new.projects.contains_key("p");
    assert!(
        said.code == 0 || is_gone,
        "{what}, then a query: {}",
        said.stderr
    );
}
