//! W-core: the everyday work of a store, for comparing it with other ways to keep the same data in SQLite files.
//!
//! Projects are made and stay open; each has ten data sources; then sources are read by key, rows of about 1 KB are
//! inserted, lists with a relation are read, jobs live their lives, small files are imported and one larger project is backed up.
//! `docs/BENCHMARKS.md` says what one operation of each step is. Each step prints one JSON line.
//!
//! `cargo xtask bench wcore` runs it; by itself: `cargo bench -p manifold-jobs --bench wcore -- PROFILE PROJECTS CREATORS
//! FOLDER`, where the profile is `wal` (`store.durability = relaxed`) or `full` (the default), and a new folder for the
//! data is made in FOLDER.
// The future of an import is deep.
#![recursion_limit = "256"]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs
)]

mod backups;
mod imports;
mod jobs;
mod meter;
mod projects;
mod sources;

use manifold_store::{Durability, Layout, SqliteManager, StoreOptions};
use meter::Meter;

/// Data sources of each project.
const SOURCES: usize = 10;

/// What is measured, and where.
struct Arguments {
    profile: String,
    projects: usize,
    creators: usize,
    folder: std::path::PathBuf,
}

impl Arguments {
    fn read() -> Self {
        let mut given = std::env::args()
            .skip(1)
            .filter(|argument| argument != "--bench");
        let mut next = |default: &str| given.next().unwrap_or_else(|| default.to_owned());
        Self {
            profile: next("full"),
            projects: next("200").parse().unwrap(),
            creators: next("8").parse().unwrap(),
            folder: next(std::env::temp_dir().to_str().unwrap()).into(),
        }
    }

    fn durability(&self) -> Durability {
        match self.profile.as_str() {
            "wal" => Durability::Relaxed,
            "full" => Durability::Full,
            other => panic!("the profile is `wal` or `full`, not `{other}`"),
        }
    }
}

/// The numbers that the peers draw too: a Lehmer generator.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0 * 16_807 % 2_147_483_647;
        usize::try_from(self.0).unwrap() % end
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // In a task of its own, as real callers are: on the main thread every await would hop threads.
    tokio::spawn(run(Arguments::read())).await.unwrap();
}

async fn run(arguments: Arguments) {
    let folder = tempfile::Builder::new()
        .prefix("wcore-")
        .tempdir_in(&arguments.folder)
        .unwrap();
    let options = StoreOptions {
        durability: Some(arguments.durability()),
        ..StoreOptions::default()
    };
    let manager = SqliteManager::open(Layout::new(folder.path().join("data")), options)
        .await
        .unwrap();
    let meter = Meter::new(&arguments.profile);
    let mut random = Random(42);

    let mut opened = projects::create(&manager, &meter, arguments.projects).await;
    projects::create_in_parallel(&manager, &meter, arguments.projects, arguments.creators).await;
    sources::create(&manager, &meter, &mut opened).await;
    sources::read_by_id(&manager, &meter, &opened, &mut random).await;
    sources::insert_snapshot(&manager, &meter, &opened, &mut random).await;
    sources::list_with_snapshots(&manager, &meter, &opened, &mut random).await;
    jobs::life_cycle(&manager, &meter, &opened).await;
    imports::small(&manager, &meter, &opened, &mut random, folder.path()).await;
    backups::run(&manager, &meter, folder.path()).await;
}
