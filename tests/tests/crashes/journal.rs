//! Every verb that changes a project's life, one after the other in one data folder, killed at random moments. A journal
//! is kept of what was acknowledged; after every kill nothing of it is missing, and the next command finds nothing in
//! its way.
//!
//! `MANIFOLD_KILLS` says how often; each fault point is met in `fail_points.rs`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::command::Said;
use crate::folder::Folder;
use crate::model::{Act, Fixed, Model};
use crate::scene;
use crate::seed::{Seed, kills};
use crate::state::State;

/// What a shell says of a process that was killed.
const KILLED: i32 = 128 + 9;

/// Files to import.
const FILES: usize = 5;

/// Rows of a file.
const ROWS: usize = 400;

/// A folder is left for a new one after so many commands, before reading everything in it takes long.
const COMMANDS_OF_A_FOLDER: usize = 25;

/// Commands of which the next one is chosen.
const CANDIDATES: usize = 3;

/// At most so many projects in a folder, in use.
const PROJECTS: usize = 5;

/// How long a command takes as long as none of its kind has ended.
const FIRST_GUESS: Duration = Duration::from_millis(150);

/// What came of the commands of one kind.
#[derive(Debug, Default)]
struct Tally {
    killed: u64,
    /// Of those, how many were done all the same.
    done: u64,
    acknowledged: u64,
}

#[test]
fn nothing_acknowledged_is_lost_whenever_a_command_is_killed() {
    let mut seed = Seed::new();
    let (original, fixed) = prepare();
    let model = Model::of(original.state("before"));
    let mut tallies = BTreeMap::<&str, Tally>::new();
    let mut usual = BTreeMap::new();
    let (mut killed, mut names) = (0, 0);
    while killed < kills() {
        let mut history = History {
            folder: original.copy(),
            model: model.clone(),
            journal: Vec::new(),
        };
        for _ in 0..COMMANDS_OF_A_FOLDER {
            names += 1;
            // Of some that it could be, the one that was killed least.
            let act = (0..CANDIDATES)
                .map(|_| history.choose(&mut seed, names))
                .min_by_key(|act| tallies.get(act.kind()).map_or(0, |tally| tally.killed))
                .unwrap();
            let said = history.killed_in(&act, &mut seed, &mut usual, &fixed);
            let tally = tallies.entry(act.kind()).or_default();
            match said {
                Outcome::Acknowledged => tally.acknowledged += 1,
                Outcome::Killed { done } => {
                    tally.killed += 1;
                    tally.done += u64::from(done);
                    killed += 1;
                }
            }
        }
        history.settle(&fixed);
    }
    println!("{killed} killed: {tallies:#?}");
    assert!(
        killed < 500 || (tallies.len() == Act::KINDS && tallies.values().all(|of| of.killed > 0)),
        "some were never killed"
    );
}

enum Outcome {
    Acknowledged,
    Killed { done: bool },
}

/// A folder, what is in it, and how it came about.
struct History {
    folder: Folder,
    model: Model,
    journal: Vec<String>,
}

impl History {
    /// A command that can succeed.
    fn choose(&self, seed: &mut Seed, number: u64) -> Act {
        let new = |what: &str| format!("{what}{number}");
        loop {
            let projects: Vec<&String> = self.model.projects.keys().collect();
            let of = |seed: &mut Seed, names: &[&String]| match names {
                [] => String::new(),
                names => names[seed.below(names.len())].clone(),
            };
            let project = of(seed, &projects);
            let own = of(
                seed,
                &projects
                    .into_iter()
                    .filter(|name| *name != "p")
                    .collect::<Vec<_>>(),
            );
            let trashed = of(seed, &self.model.trash.keys().collect::<Vec<_>>());
            let file = of(seed, &self.model.files.keys().collect::<Vec<_>>());
            let act = match seed.below(14) {
                0 => Act::Create(new("created")),
                1 => Act::Rename(own, new("renamed")),
                2 => Act::Delete(project),
                3 => Act::Undelete(trashed),
                4 => Act::Clone(project, new("clone")),
                5 => Act::CloneTrashed(trashed, new("clone")),
                6 => Act::EmptyTrash,
                7 => Act::ExportFile(project, format!("{number}.db")),
                8 => Act::Adopt(file, new("adopted")),
                9 => Act::RestoreAsNew(new("restored")),
                10 => Act::RestoreInPlace,
                kind => Act::Import {
                    file: seed.below(FILES),
                    project: if kind == 11 { new("imported") } else { project },
                    source: if kind == 13 {
                        "a".to_owned()
                    } else {
                        new("source")
                    },
                },
            };
            let is_new = match &act {
                Act::Import { project, .. } => !self.model.projects.contains_key(project),
                act => act.makes_a_project(),
            };
            let room = !is_new || self.model.projects.len() < PROJECTS;
            if room && self.model.allows(&act) {
                return act;
            }
        }
    }

    /// Runs the command, kills it at a random moment unless it has ended, and compares.
    fn killed_in(
        &mut self,
        act: &Act,
        seed: &mut Seed,
        usual: &mut BTreeMap<&'static str, Duration>,
        fixed: &Fixed,
    ) -> Outcome {
        let whole = *usual.get(act.kind()).unwrap_or(&FIRST_GUESS);
        let moment = seed.moment(whole.mul_f64(1.2));
        let words = act.arguments();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let begin = Instant::now();
        let mut child = self.folder.start(&words);
        let ended = loop {
            let passed = begin.elapsed();
            if child.try_wait().unwrap().is_some() {
                usual.insert(act.kind(), passed);
                break true;
            }
            if passed >= moment {
                child.kill().unwrap();
                break false;
            }
            std::thread::sleep(Duration::from_millis(1).min(moment - passed));
        };
        let said: Said = child.wait_with_output().unwrap().into();
        if !ended && said.code == KILLED {
            // Too early a guess would never let one end.
            usual.insert(act.kind(), whole.max(FIRST_GUESS).mul_f64(1.05));
        }
        self.journal
            .push(format!("{words:?} → {} after {moment:?}", said.code));
        let what = self.what();
        assert!([0, KILLED].contains(&said.code), "{what}: {}", said.stderr);
        let new = self.model.after(act, fixed);
        let done = self.compare(&new, act, &said);
        if said.code == 0 {
            return Outcome::Acknowledged;
        }
        Outcome::Killed { done }
    }

    /// What is found is what was acknowledged, or what the command would have made of it.
    fn compare(&mut self, new: &Model, act: &Act, said: &Said) -> bool {
        let what = self.what();
        if matches!(act, Act::Rename(..)) {
            // The name is the file's; the hub is brought in step with it when the project is opened next.
            self.found(&what);
        }
        let now = self.found(&what);
        let mut done = now == new.state();
        // The doctor knows nothing of files elsewhere. One with its final name is complete: adopting it proves it later.
        if let Act::ExportFile(_, file) = act {
            done = done && self.folder.path(file).exists();
        }
        if done {
            self.model = new.clone();
        } else {
            assert_eq!(now, self.model.state(), "{what}");
            assert_eq!(said.code, KILLED, "{what}: it said that it was done");
        }
        for file in self.model.files.keys() {
            assert!(self.folder.path(file).is_file(), "{what}: {file}");
        }
        done
    }

    /// Everything that lies about is proved to be whole: what is in the trash comes back, files are adopted. Nothing is
    /// left over in the end.
    fn settle(mut self, fixed: &Fixed) {
        let trash = self.model.trash.keys().cloned().map(Act::Undelete);
        let files = self.model.files.keys();
        let adopt = files.map(|file| Act::Adopt(file.clone(), format!("of {file}")));
        // Who makes something removes what the dead were making.
        let last = [Act::Create("last".to_owned())];
        for act in trash.chain(adopt).chain(last).collect::<Vec<_>>() {
            let words = act.arguments();
            self.journal.push(format!("{words:?}"));
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            self.folder.ok(&words);
            self.model = self.model.after(&act, fixed);
        }
        let what = self.what();
        assert_eq!(self.found(&what), self.model.state(), "{what}");
        let left = self.folder.leftovers();
        assert!(left.is_empty(), "{what}: {left:?}");
    }

    fn found(&self, what: &str) -> State {
        let mut state = self.folder.state(what);
        state.trash.sort();
        state
    }

    fn what(&self) -> String {
        format!("after\n  {}\n", self.journal.join("\n  "))
    }
}

/// A folder with a project `p`, a backup of it, and files to import.
fn prepare() -> (Folder, Fixed) {
    let folder = scene::filled(ROWS, "sqlite");
    let scratch = scene::initial();
    let mut files = Vec::new();
    for number in 0..FILES {
        let (name, text) = (format!("{number}.csv"), scene::versioned(ROWS, number + 5));
        folder.write(&name, &text);
        scratch.write(&name, &text);
        scratch.ok(&[
            "import",
            &name,
            "--project",
            "s",
            "--source",
            &name,
            "--create-project",
        ]);
    }
    for versions in scratch.state("files").projects["s"].values() {
        files.push((versions[0].rows, versions[0].hash));
    }
    let restored = folder.copy();
    restored.ok(&["restore", "backup", "--in-place"]);
    let backup = restored.state("restored").projects["p"].clone();
    (folder, Fixed { files, backup })
}
