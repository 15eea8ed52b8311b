//! At every named point the process dies once, and once the step fails: the state is the old one or the new one, and
//! the same command again leads to the new one.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use regex::Regex;

use crate::folder::Folder;
use crate::passage::{ABORTED, PASSAGES, Passage, Start};
use crate::state::State;

/// Errors of a command that finds its work done.
const DONE_BEFORE: [&str; 2] = ["name_taken", "not_found"];

/// Points that only a worker passes, and only when a schedule's time has come: `manifold-jobs/tests/schedules/processes.rs` kills
/// it there.
const OF_WORKERS: [&str; 1] = ["schedule-planted"];

/// Points of what is sent elsewhere: `manifold/tests/cli/s3.rs` kills them there, where a server that speaks S3 is at hand.
const OF_PLACES: [&str; 5] = [
    "backup-spooled",
    "backup-file-sent",
    "backup-sent",
    "backup-publishing-elsewhere",
    "export-data-sent",
];

/// Points of syncs with what is elsewhere: `manifold-jobs/tests/jobs/deaths` kills them there.
const OF_SYNCS: [&str; 5] = [
    "sync-source-pulled",
    "sync-target-begun",
    "sync-target-rows-taken",
    "sync-target-written",
    "sync-target-committed",
];

/// The names in the sources.
fn names(folder: &Path, found: &mut BTreeSet<String>) {
    let point = Regex::new(r#"fail_point!\(\s*"([^"]+)""#).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                names(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.extend(point.captures_iter(&text).map(|name| name[1].to_owned()));
        }
    }
}

#[test]
fn every_point_is_passed_by_a_command() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut in_sources = BTreeSet::new();
    names(&crates, &mut in_sources);
    let passed: BTreeSet<String> = PASSAGES
        .iter()
        .map(|passage| passage.point)
        .chain(OF_WORKERS)
        .chain(OF_PLACES)
        .chain(OF_SYNCS)
        .map(str::to_owned)
        .collect();
    assert!(in_sources.len() > 50, "{in_sources:?}");
    assert_eq!(
        in_sources, passed,
        "the points in the sources, and those in passage.rs"
    );
}

/// The command in a folder; `BACKUP` is the id of the only backup there, `POINT` that of the newest restore point of `p`.
fn arguments(passage: &Passage, folder: &Folder) -> Vec<String> {
    let backup = || {
        let listed = folder.ok(&["backup", "list"]);
        listed.json["backups"][0]["id"].as_str().unwrap().to_owned()
    };
    let point = || {
        let listed = folder.ok(&["undo", "p", "--list"]);
        listed.json["restore_points"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let words = passage.command.iter().map(|word| match *word {
        "BACKUP" => backup(),
        "POINT" => point(),
        word => word.to_owned(),
    });
    words.collect()
}

/// Folders to begin with, and what commands make of them.
struct Beginnings {
    folders: HashMap<Start, Folder>,
    wanted: HashMap<(Start, &'static [&'static str]), (State, State)>,
}

impl Beginnings {
    fn new() -> Self {
        Self {
            folders: HashMap::new(),
            wanted: HashMap::new(),
        }
    }

    fn folder(&mut self, start: Start) -> Folder {
        let folder = self.original(start).copy();
        start.prepare(&folder);
        folder
    }

    fn original(&mut self, start: Start) -> &Folder {
        self.folders.entry(start).or_insert_with(|| start.folder())
    }

    /// The state before the command and after it, undisturbed.
    fn states(&mut self, passage: &Passage) -> (State, State) {
        let key = (passage.start, passage.command);
        if let Some(known) = self.wanted.get(&key) {
            return known.clone();
        }
        let folder = self.folder(passage.start);
        let old = match passage.start {
            Start::Nowhere | Start::Damaged => State::empty(),
            _ => folder.state("before"),
        };
        let folder = self.folder(passage.start);
        let arguments = arguments(passage, &folder);
        folder.ok(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let new = folder.state("after");
        self.wanted.insert(key, (old.clone(), new.clone()));
        (old, new)
    }
}

fn survives(passage: &Passage, fault: &str, beginnings: &mut Beginnings) {
    let (old, new) = beginnings.states(passage);
    let mut plan = format!("{}={fault}", passage.point);
    if !passage.after.is_empty() {
        plan = format!("{}=error;{plan}", passage.after);
    }
    let what = format!("{plan} in {:?} of {:?}", passage.command, passage.start);
    let folder = beginnings.folder(passage.start);
    let arguments = arguments(passage, &folder);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = folder.run_with(&plan, &arguments);
    match fault {
        "abort" => assert_eq!(said.code, ABORTED, "{what}: never reached: {}", said.stderr),
        _ => assert!([1, 2, 130].contains(&said.code), "{what}: {}", said.stderr),
    }

    if !passage.is_told_by_the_doctor() {
        let now = folder.state(&what);
        assert!(now == old || now == new, "{what}: {now:?}");
    }
    let again = folder.run(&arguments);
    let now = folder.state(&what);
    assert_eq!(now, new, "{what}, again: {}", again.stderr);
    let done = again.code == 0 || DONE_BEFORE.contains(&again.error.as_str());
    assert!(done, "{what}, again: {}", again.stderr);
    assert_eq!(folder.leftovers(), [] as [&Path; 0], "{what}");
    is_verified(&folder, passage, &what);
}

/// What a backup has made can be read back.
fn is_verified(folder: &Folder, passage: &Passage, what: &str) {
    if !passage.command.starts_with(&["backup", "create"]) {
        return;
    }
    let listed = folder.ok(&["backup", "list"]);
    let backups = listed.json["backups"].as_array().unwrap();
    let completed: Vec<_> = backups
        .iter()
        .filter(|backup| backup["state"] == "completed")
        .collect();
    assert!(!completed.is_empty(), "{what}");
    for backup in completed {
        folder.ok(&["backup", "verify", backup["id"].as_str().unwrap()]);
    }
}

#[test]
fn a_process_that_dies_at_any_point_leaves_the_old_state_or_the_new() {
    at_every_point("abort");
}

#[test]
fn a_step_that_fails_at_any_point_leaves_the_old_state_or_the_new() {
    at_every_point("error");
}

fn at_every_point(fault: &str) {
    let mut beginnings = Beginnings::new();
    let mut failed = Vec::new();
    for passage in PASSAGES {
        let survived = AssertUnwindSafe(|| survives(passage, fault, &mut beginnings));
        if catch_unwind(survived).is_err() {
            failed.push(passage);
        }
    }
    assert!(failed.is_empty(), "{fault}: {failed:#?}");
}
