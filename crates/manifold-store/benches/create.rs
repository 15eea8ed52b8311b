//! Commits of the hub for each new project: one creator after the other, and eight at a time, which share commits.
//!
//! `cargo bench -p manifold-store --bench create`: prints commits and wall time per creation, both with the default
//! durability. The argument `serial` or `parallel` runs one half, for counting system calls.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod support;
#[path = "../tests/support/wal.rs"]
mod wal;

use std::sync::Arc;
use std::time::Instant;

use manifold_store::SqliteManager;

const CREATIONS: usize = 40;
const CREATORS: usize = 8;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let only: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let asked = |name: &str| only.is_empty() || only.iter().any(|argument| argument == name);
    if asked("serial") {
        tokio::spawn(run("one creator", 1)).await.unwrap();
    }
    if asked("parallel") {
        tokio::spawn(run("eight creators", CREATORS)).await.unwrap();
    }
}

async fn run(name: &'static str, creators: usize) {
    let folder = tempfile::tempdir().unwrap();
    let manager = support::manager(&folder).await;
    support::project(&manager, "first").await; // makes the template and registers this process
    let hub = manager.layout().core();
    let (before, begun) = (wal::commits(&hub), Instant::now());
    let tasks: Vec<_> = (0..creators)
        .map(|creator| tokio::spawn(create(manager.clone(), creator, CREATIONS / creators)))
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let wall = begun.elapsed().as_secs_f64() * 1e3 / CREATIONS as f64;
    let commits = (wal::commits(&hub) - before) as f64 / CREATIONS as f64;
    println!(
        "{name}: {commits:.2} commits of the hub and {wall:.2} ms for each of {CREATIONS} projects"
    );
}

async fn create(manager: Arc<SqliteManager>, creator: usize, count: usize) {
    for number in 0..count {
        support::project(&manager, &format!("project {creator} {number}")).await;
    }
}
