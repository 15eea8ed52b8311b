//! Several commands at once on the same projects, beside a program that keeps them open: restores in place, deletions,
//! undeletions, imports, migrations. After every round everything that was acknowledged is there, nobody hangs, and who
//! had to give up was told for whom.

use std::collections::BTreeMap;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use entity_project::project;
use manifold_store::{
    DatabaseManager as _, Direction, Layout, Project, ProjectId, Projects, SqliteManager,
    StoreError, StoreOptions, migrate,
};
use sea_orm::EntityTrait as _;

use crate::command::Said;
use crate::folder::Folder;
use crate::scene;
use crate::seed::{Seed, rounds};
use crate::state::Version;

const ROUNDS: u64 = 100;

/// Commands of a round.
const AT_ONCE: usize = 4;

const PROJECTS: [&str; 2] = ["p", "q"];

/// Longer than any command here takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Rows of the first version; each later one has a number of rows of its own.
const ROWS: usize = 40;

/// What a command may say that comes too late, or too early.
const REFUSALS: [&str; 5] = [
    "busy",
    "not_found",
    "schema_moved",
    "lease_lost",
    "project_replaced",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    /// A version with so many rows.
    Import(usize),
    Restore,
    Delete,
    Undelete,
    Migrate,
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Self::Import(_) => "import",
            Self::Restore => "restore",
            Self::Delete => "delete",
            Self::Undelete => "undelete",
            Self::Migrate => "migrate",
        }
    }
}

/// A command that ran in a round.
struct Ran {
    project: &'static str,
    verb: Verb,
    said: Said,
}

#[test]
fn what_several_processes_acknowledged_is_there() {
    let mut seed = Seed::new();
    let folder = scene::initial();
    let mut backups = BTreeMap::new();
    for name in PROJECTS {
        backups.insert(name, prepare(&folder, name));
    }
    let first = folder.state("before").projects;
    let user = User::begin(&folder);
    let mut rows = ROWS;
    let mut answers = BTreeMap::new();
    for round in 0..ROUNDS * rounds() {
        let before = folder.state("before a round").projects;
        let name = PROJECTS[seed.below(2)];
        match seed.below(8) {
            0 | 1 => make_older(&folder, name),
            2 => drop(folder.ok(&["project", "delete", name])),
            _ => {}
        }
        let commands: Vec<(&str, Verb)> = (0..AT_ONCE)
            .map(|_| {
                rows += 1;
                (PROJECTS[seed.below(2)], verb(&mut seed, rows))
            })
            .collect();
        let what = format!("round {round}: {commands:?}");
        let ran = run(&folder, &commands, &backups, &what);
        for ran in &ran {
            let answer = format!("{} {}", ran.verb.word(), ran.said.error);
            *answers.entry(answer).or_insert(0) += 1;
        }
        for name in folder.state(&what).trash {
            folder.ok(&["project", "undelete", &name]);
        }
        let now = folder.state(&what).projects;
        for name in PROJECTS {
            let of_project: Vec<&Ran> = ran.iter().filter(|ran| ran.project == name).collect();
            let backup = &first[name]["a"][..1];
            check(
                &before[name]["a"],
                backup,
                &now[name]["a"],
                &of_project,
                &what,
            );
        }
    }
    user.end();
    println!("{answers:#?}");
    let left = folder.leftovers();
    assert!(left.is_empty(), "{left:?}");
}

/// A project with one version that is backed up; the id of the backup.
fn prepare(folder: &Folder, name: &str) -> String {
    folder.write("first.csv", scene::versioned(ROWS, 1));
    let import = ["import", "first.csv", "--project", name, "--source", "a"];
    folder.ok(&[&import[..], &["--create-project"]].concat());
    let made = folder.ok(&["backup", "create", name, "--type", "sqlite"]);
    made.json["backup"]["id"].as_str().unwrap().to_owned()
}

fn verb(seed: &mut Seed, rows: usize) -> Verb {
    match seed.below(10) {
        0..4 => Verb::Import(rows),
        4 => Verb::Restore,
        5 | 6 => Verb::Delete,
        7 | 8 => Verb::Undelete,
        _ => Verb::Migrate,
    }
}

/// Gives the project's file the schema before the latest.
fn make_older(folder: &Folder, name: &str) {
    let shown = folder.ok(&["project", "show", name]);
    let path = shown.json["project"]["path"].as_str().unwrap().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let older = migrate::<Project>(path.as_ref(), Direction::Down(1));
    runtime.unwrap().block_on(older).unwrap();
}

/// Runs the commands at once and waits for them.
fn run(
    folder: &Folder,
    commands: &[(&'static str, Verb)],
    backups: &BTreeMap<&str, String>,
    what: &str,
) -> Vec<Ran> {
    let started: Vec<_> = commands
        .iter()
        .map(|(project, verb)| {
            let file;
            let backup = backups[project].as_str();
            let arguments: &[&str] = match verb {
                Verb::Import(rows) => {
                    file = format!("{rows}.csv");
                    folder.write(&file, scene::versioned(*rows, rows % 7));
                    &["import", &file, "--project", project, "--source", "a"]
                }
                Verb::Restore => &["restore", backup, "--in-place"],
                Verb::Delete => &["project", "delete", project],
                Verb::Undelete => &["project", "undelete", project],
                Verb::Migrate => &["migrate", "up"],
            };
            (*project, *verb, folder.start(arguments))
        })
        .collect();
    watch(started, what)
}

/// Waits for the commands, not for ever.
fn watch(started: Vec<(&'static str, Verb, Child)>, what: &str) -> Vec<Ran> {
    let end = Instant::now() + PATIENCE;
    let mut running = started;
    let mut ran = Vec::new();
    while let Some((project, verb, mut child)) = running.pop() {
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > end {
                let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
                let pid = child.id();
                child.kill().unwrap();
                let said: Said = child.wait_with_output().unwrap().into();
                for (_, _, other) in &mut running {
                    other.kill().unwrap();
                }
                panic!(
                    "{what}: {verb:?} of {project} (process {pid}) hangs: {}\n{locks}",
                    said.stderr
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let said: Said = child.wait_with_output().unwrap().into();
        let refused = said.code == 1 && REFUSALS.contains(&said.error.as_str());
        assert!(
            said.code == 0 || refused,
            "{what}: {verb:?} of {project}: {}",
            said.stderr
        );
        let named = said.error != "busy" || said.stderr.contains("process ");
        assert!(
            named,
            "{what}: {verb:?} of {project} waited for nobody knows whom: {}",
            said.stderr
        );
        ran.push(Ran {
            project,
            verb,
            said,
        });
    }
    ran
}

/// What is there can have come about by the commands that were acknowledged, in some order. One that was refused may
/// have been done before it was.
fn check(before: &[Version], backup: &[Version], now: &[Version], ran: &[&Ran], what: &str) {
    let is_done = |verb: Verb| {
        let of_verb = ran.iter().filter(|ran| ran.verb == verb);
        of_verb.map(|ran| ran.said.code == 0).max()
    };
    let mut imported: Vec<(i64, bool)> = Vec::new();
    for ran in ran {
        if let Verb::Import(rows) = ran.verb {
            imported.push((i64::try_from(rows).unwrap(), ran.said.code == 0));
        }
    }
    let follows = |base: &[Version], all: bool| {
        let Some(added) = now.strip_prefix(base) else {
            return false;
        };
        let numbers = now
            .iter()
            .zip(1..)
            .all(|(version, number)| version.number == number);
        let mut left = imported.clone();
        let known = added.iter().all(|version| {
            let place = left.iter().position(|(rows, _)| *rows == version.rows);
            place.map(|place| left.remove(place)).is_some()
        });
        numbers && known && !(all && left.iter().any(|(_, acknowledged)| *acknowledged))
    };
    let as_before = follows(before, true);
    let restored = follows(backup, false);
    let good = match is_done(Verb::Restore) {
        None => as_before,
        Some(true) => restored,
        Some(false) => as_before || restored,
    };
    let said: Vec<_> = ran.iter().map(|ran| (ran.verb, &ran.said.error)).collect();
    assert!(good, "{what}: {said:?} made {now:?} of {before:?}");
}

/// A program that has the projects open all the time, and seldom uses them.
struct User {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl User {
    fn begin(folder: &Folder) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, data) = (stop.clone(), folder.data());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                let manager = SqliteManager::open(Layout::new(data), StoreOptions::default())
                    .await
                    .unwrap();
                let projects = Projects::new(&manager);
                while !stopped.load(Ordering::Relaxed) {
                    for row in projects.list().await.unwrap() {
                        let id = Projects::id(&row).unwrap();
                        if let Err(error) = look(&manager, &id).await {
                            let code = error.code();
                            let named = code != "busy" || error.to_string().contains("process ");
                            assert!(REFUSALS.contains(&code) && named, "the user: {error}");
                        }
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                manager.shut_down().await.unwrap();
            });
        });
        Self { stop, thread }
    }

    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

async fn look(manager: &SqliteManager, id: &ProjectId) -> Result<(), StoreError> {
    let spoke = manager.project(id).await?;
    let row = spoke.one(project::Entity::find()).await?;
    assert_eq!(row.unwrap().id, id.as_str());
    Ok(())
}
