//! Each call to the system that a backup, its verification, a restore or a deletion makes for a file fails once: the old state stays or
//! the new one is there, every listed backup verifies, no backup is blamed, and the same command again succeeds.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;

use crate::backups::{Saved, all_verify};
use crate::preload::{Fault, Preload};
use crate::seed::{Seed, rounds};

/// `EIO` and `ENOSPC`.
const ERRORS: [i32; 2] = [5, 28];

/// Errors of a command that finds its work done.
const DONE_BEFORE: [&str; 2] = ["name_taken", "not_found"];

/// What is told: a file that could not be opened for writing is one that may only be read.
const TOLD: [&str; 3] = ["io", "disk_full", "read_only"];

/// Which of the calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Calls {
    /// Each.
    All,
    /// One of so many, at random; each in long runs.
    OneOf(u64),
}

/// An encryption key of nobody.
const RECIPIENT: &str = "age1ay0h0rzx37l8ykh9jz2yn2kvgqgk2vecc3zplx4a4mw02r6uhdhsd8y8ry";

const INCREMENTAL: &[&str] = &["--type", "incremental"];

/// The same, encrypted.
const SEALED: &[&str] = &["--type", "incremental", "--encrypt-to", RECIPIENT];

#[test]
fn an_incremental_backup() {
    survives(INCREMENTAL, Calls::OneOf(3), |_| {
        vec!["backup", "create", "p", "--type", "incremental"]
    });
}

#[test]
fn an_incremental_backup_that_is_encrypted() {
    survives(SEALED, Calls::OneOf(7), |_| {
        [&["backup", "create", "p"], SEALED].concat()
    });
}

#[test]
fn a_restore_of_an_incremental_backup() {
    survives(INCREMENTAL, Calls::OneOf(9), |saved| {
        vec!["restore", &saved.ids[1], "--as", "r"]
    });
}

#[test]
fn a_restore_of_an_incremental_backup_in_place() {
    survives(INCREMENTAL, Calls::OneOf(19), |saved| {
        vec!["restore", &saved.ids[1], "--in-place"]
    });
}

#[test]
fn a_restore_of_an_incremental_backup_that_is_encrypted() {
    survives(SEALED, Calls::OneOf(71), |saved| {
        vec!["restore", &saved.ids[1], "--as", "r"]
    });
}

#[test]
fn incremental_backups_that_are_verified() {
    survives(INCREMENTAL, Calls::OneOf(23), |saved| {
        vec!["backup", "verify", &saved.ids[1]]
    });
    survives(SEALED, Calls::OneOf(67), |saved| {
        vec!["backup", "verify", &saved.ids[1]]
    });
}

#[test]
fn an_incremental_backup_that_is_drilled() {
    survives(INCREMENTAL, Calls::OneOf(61), |saved| {
        vec!["backup", "verify", &saved.ids[1], "--drill"]
    });
}

#[test]
fn an_incremental_backup_that_is_deleted_and_its_segments() {
    survives(INCREMENTAL, Calls::All, |saved| {
        vec!["backup", "delete", &saved.ids[0]]
    });
}

#[test]
fn incremental_backups_that_are_pruned() {
    survives(INCREMENTAL, Calls::OneOf(3), |_| {
        vec!["backup", "prune", "p", "--keep-last", "1"]
    });
}

#[test]
fn backups_of_the_other_types() {
    for how in [
        &["--type", "csv"][..],
        &["--type", "sqlite"],
        &["--type", "sqlite", "--compress"],
        &["--type", "full", "--encrypt-to", RECIPIENT],
    ] {
        survives(how, Calls::OneOf(17), |_| {
            [&["backup", "create", "p"], how].concat()
        });
    }
}

#[test]
fn restores_of_the_other_types() {
    for how in [
        &["--type", "csv", "--compress"][..],
        &["--type", "sqlite"],
        &["--type", "full"],
    ] {
        survives(how, Calls::OneOf(29), |saved| {
            vec!["restore", &saved.ids[1], "--as", "r"]
        });
    }
}

#[test]
fn backups_of_the_other_types_that_are_verified() {
    for how in [
        &["--type", "csv", "--compress"][..],
        &["--type", "sqlite"],
        &["--type", "full"],
    ] {
        survives(how, Calls::OneOf(59), |saved| {
            vec!["backup", "verify", &saved.ids[1]]
        });
    }
}

fn survives(how: &[&str], calls: Calls, command: impl for<'a> Fn(&'a Saved) -> Vec<&'a str>) {
    let Some(preload) = Preload::new() else {
        return;
    };
    let saved = Saved::new(how);
    let arguments = command(&saved);
    let folder = &saved.folder;
    let old = folder.state("before");
    saved.put_back();
    // What has to do with the backups, and every file that is not of the hub: what becomes of a hub that cannot write is told by others.
    let (within, except) = (folder.data(), "/core.db");
    let (undisturbed, count) = preload.run(folder, &within, except, None, &arguments);
    assert_eq!(undisturbed.code, 0, "{arguments:?}: {}", undisturbed.stderr);
    let new = folder.state("undisturbed");
    assert!(count > 20, "{arguments:?}: {count} calls");
    let step = match calls {
        Calls::OneOf(step) if rounds() == 1 => step,
        _ => 1,
    };
    let (mut tried, mut failed) = (0, 0);
    let mut told = BTreeMap::<String, u64>::new();
    let step = usize::try_from(step).unwrap();
    let mut seed = Seed::new();
    let first = 1 + u64::try_from(seed.below(step)).unwrap();
    let other = seed.below(ERRORS.len());
    for at in (first..).step_by(step) {
        let error = ERRORS[(tried + other) % ERRORS.len()];
        let what = format!("{arguments:?}, call {at} of about {count} fails with {error}");
        saved.put_back();
        let fault = Some(Fault { at, error });
        let (said, made) = preload.run(folder, &within, except, fault, &arguments);
        if at > made {
            assert_eq!(said.code, 0, "{what}, which was not made: {said:?}");
            break;
        }
        tried += 1;
        assert!([0, 1, 2].contains(&said.code), "{what}: {said:?}");
        if said.code != 0 {
            failed += 1;
            assert!(!said.error.is_empty(), "{what}: {said:?}");
            let is_of_system = TOLD.contains(&said.error.as_str());
            assert!(is_of_system, "{what}: {}", said.stderr);
            *told.entry(said.error.clone()).or_default() += 1;
        }
        all_verify(folder, &what);
        // Of a backup whose files are gone and whose line is not the doctor tells, and pruning leaves its line.
        if !["delete", "prune"].contains(&arguments[1]) {
            let now = folder.state(&what);
            assert!(now == old || now == new, "{what}: {now:?}");
        }
        let again = folder.run(&arguments);
        let is_done = again.code == 0 || DONE_BEFORE.contains(&again.error.as_str());
        assert!(is_done, "{what}, again: {}", again.stderr);
        if arguments[1] != "prune" {
            assert_eq!(folder.state(&what), new, "{what}, again");
        }
        assert!(all_verify(folder, &what) > 0, "{what}");
        let leftovers = folder.leftovers();
        assert!(leftovers.is_empty(), "{what}: {leftovers:?}");
    }
    println!("{arguments:?}: {tried} of {count} calls, {failed} failures were told: {told:?}");
    assert!(failed > 0, "{arguments:?}: nothing failed");
}
