//! Ten thousand projects: made by eight creators, listed, opened one after the other.
//!
//! `cargo xtask bench fleet` runs it; by itself: `cargo bench -p manifold-store --bench fleet -- PROFILE PROJECTS CREATORS
//! FOLDER [PROGRAM]`, where the profile is `wal` (`store.durability = relaxed`) or `full` (the default), and a new folder
//! for the data is made in FOLDER. With PROGRAM, a release build of `manifold`, the first page of its `project list` is
//! compared with the same SELECT in the `sqlite3` command. Each step prints one JSON line.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs
)]

mod listing;
mod opening;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use manifold_store::{Durability, Layout, SqliteManager, StoreOptions};
use serde_json::{Value as Json, json};
use support::{cpu_us, rss_mb};

struct Arguments {
    profile: String,
    projects: usize,
    creators: usize,
    folder: PathBuf,
    program: Option<PathBuf>,
}

impl Arguments {
    fn read() -> Self {
        let mut given = std::env::args()
            .skip(1)
            .filter(|argument| argument != "--bench");
        let mut next = |default: &str| given.next().unwrap_or_else(|| default.to_owned());
        Self {
            profile: next("full"),
            projects: next("10000").parse().unwrap(),
            creators: next("8").parse().unwrap(),
            folder: next(std::env::temp_dir().to_str().unwrap()).into(),
            program: given.next().map(PathBuf::from),
        }
    }

    fn options(&self) -> StoreOptions {
        let durability = match self.profile.as_str() {
            "wal" => Durability::Relaxed,
            "full" => Durability::Full,
            other => panic!("the profile is `wal` or `full`, not `{other}`"),
        };
        StoreOptions {
            durability: Some(durability),
            ..StoreOptions::default()
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // In a task of its own, as real callers are: on the main thread every await would hop threads.
    tokio::spawn(run(Arguments::read())).await.unwrap();
}

async fn run(arguments: Arguments) {
    let folder = tempfile::Builder::new()
        .prefix("fleet-")
        .tempdir_in(&arguments.folder)
        .unwrap();
    let data = folder.path().join("data");
    let open = || SqliteManager::open(Layout::new(&data), arguments.options());
    let manager = open().await.unwrap();
    create(&manager, &arguments).await;
    manager.shut_down().await.unwrap();
    drop(manager);

    if let Some(program) = &arguments.program {
        listing::by_command(&arguments.profile, program, &data);
    }
    let manager = open().await.unwrap();
    listing::by_library(&arguments.profile, &manager).await;
    opening::round_robin(&arguments.profile, &manager).await;
    manager.shut_down().await.unwrap();
}

async fn create(manager: &Arc<SqliteManager>, arguments: &Arguments) {
    support::project(manager, "first").await; // makes the template and registers this process
    let (creators, count) = (arguments.creators, arguments.projects - 1);
    let (cpu, begun) = (cpu_us(), Instant::now());
    let tasks: Vec<_> = (0..creators)
        .map(|creator| {
            let manager = manager.clone();
            tokio::spawn(async move {
                let mut took = Vec::new();
                for number in (creator..count).step_by(creators) {
                    let begun = Instant::now();
                    support::project(&manager, &format!("project {number:05}")).await;
                    took.push(begun.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.unwrap());
    }
    let more = json!({ "creators": creators });
    let step = Step {
        profile: &arguments.profile,
        name: "create",
        wall: begun.elapsed(),
        cpu_us: cpu_us() - cpu,
    };
    step.print(took, &more);
}

/// A step that was measured.
struct Step<'a> {
    profile: &'a str,
    name: &'a str,
    wall: Duration,
    cpu_us: f64,
}

impl Step<'_> {
    fn print(self, mut took: Vec<Duration>, more: &Json) {
        took.sort();
        let n = took.len();
        let quantile = |part: f64| took[((part * n as f64) as usize).min(n - 1)].as_secs_f64();
        let mut line = json!({
            "kit": "fleet",
            "peer": "manifold",
            "profile": self.profile,
            "step": self.name,
            "n": n,
            "ops_s": (n as f64 / self.wall.as_secs_f64()).round(),
            "p50_ms": rounded(quantile(0.5) * 1e3),
            "p99_ms": rounded(quantile(0.99) * 1e3),
            "cpu_ms_op": rounded(self.cpu_us / 1e3 / n as f64),
            "rss_mb": rounded(rss_mb()),
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            line[key] = value.clone();
        }
        println!("{line}");
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
