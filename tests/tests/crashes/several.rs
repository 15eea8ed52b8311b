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
