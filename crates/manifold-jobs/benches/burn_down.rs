//! How fast workers do 20,000 jobs that do nothing: one and two workers, with none and with 1,000,000 jobs that have
//! ended in the table, in both durabilities; and how fast such jobs are written down.
//!
//! `cargo bench -p manifold-jobs --bench burn_down -- [JOBS] [FINISHED] [ROUNDS] [relaxed|full]` prints jobs per second and
//! the CPU time of a job, of every thread, user and system. Each worker does one job at a time. The jobs belong to 50
//! projects that take turns. Every second round begins with the many ended jobs, so that what a run leaves to the disk
//! does not always meet the same one; the medians are of all rounds.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use manifold_jobs::{Job, JobContext, JobError, Registry, Worker, WorkerOptions, new_job};
use manifold_store::{
    DatabaseManager as _, Durability, Jobs, Layout, NewJob, NewProject, ProjectId, Projects,
    SqliteManager, StoreOptions, vfs,
};
use serde::{Deserialize, Serialize};

const PROJECTS: usize = 50;

#[derive(Serialize, Deserialize)]
struct Nothing;

impl Job for Nothing {
    const KIND: &'static str = "nothing";
    type Output = ();

    async fn run(&self, _context: &JobContext) -> Result<(), JobError> {
        Ok(())
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let jobs: usize = numbers.next().unwrap_or(20_000);
    let finished: usize = numbers.next().unwrap_or(1_000_000);
    let rounds: usize = numbers.next().unwrap_or(5);
    let only = |name: &str| std::env::args().any(|argument| argument == name);
    let durabilities = match (only("relaxed"), only("full")) {
        (true, false) => vec![Durability::Relaxed],
        (false, true) => vec![Durability::Full],
        _ => vec![Durability::Relaxed, Durability::Full],
    };
    for durability in durabilities {
        for workers in [1, 2] {
            compare(durability, workers, jobs, finished, rounds).await;
        }
    }
}

/// Alternates runs without and with ended jobs, and prints the medians.
async fn compare(
    durability: Durability,
    workers: usize,
    jobs: usize,
    finished: usize,
    rounds: usize,
) {
    let full_table = tempfile::tempdir().unwrap();
    let manager = open(full_table.path(), durability).await;
    history(&manager, finished);
    drop(manager);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        for second in [false, true] {
            let many = second != (round % 2 == 1);
            let empty = tempfile::tempdir().unwrap();
            let folder = if many {
                full_table.path()
            } else {
                empty.path()
            };
            let run = run(durability, folder.to_owned(), workers, jobs);
            let rate = tokio::spawn(run).await.unwrap();
            let rates = if many { &mut with } else { &mut without };
            rates.push(rate);
        }
    }
    let (without, with) = (median(without), median(with));
    println!(
        "{durability:?}, {workers} worker(s), medians of {rounds}: {without:.0} jobs/s with no ended job, {with:.0} with {finished} ({:+.1} %)",
        (with / without - 1.0) * 100.0
    );
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

async fn open(folder: &Path, durability: Durability) -> Arc<SqliteManager> {
    let options = StoreOptions {
        durability: Some(durability),
        ..StoreOptions::default()
    };
    SqliteManager::open(Layout::new(folder), options)
        .await
        .unwrap()
}

/// Does `count` jobs in the store in `folder`; returns how many a second.
async fn run(durability: Durability, folder: PathBuf, workers: usize, count: usize) -> f64 {
    let manager = open(&folder, durability).await;
    let mut projects = Vec::new();
    for number in 0..PROJECTS {
        let new = NewProject {
            name: format!("p{number} {}", uuid::Uuid::now_v7()),
            description: None,
        };
        let project = Projects::new(&manager).create(new).await.unwrap();
        projects.push(Projects::id(&project).unwrap());
    }
    let begun = Instant::now();
    enqueue(&manager, &projects, count).await;
    let enqueued = count as f64 / begun.elapsed().as_secs_f64();
    // What came before must not be written to the disk while the jobs run.
    rustix::fs::sync();

    let options = WorkerOptions {
        concurrency: 1,
        ..WorkerOptions::default()
    };
    let registry = Registry::empty().with::<Nothing>();
    let (begun, cpu) = (Instant::now(), cpu_ms());
    let tasks: Vec<_> = (0..workers)
        .map(|_| Worker::new(&manager, registry.clone(), options.clone()))
        .map(|worker| tokio::spawn(async move { worker.drain().await.unwrap().attempts }))
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.unwrap();
    }
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    let cpu = (cpu_ms() - cpu) / count as f64;
    assert_eq!(done, count as u64);
    let size = std::fs::metadata(manager.layout().core()).unwrap().len() >> 20;
    println!(
        "{durability:?}, hub of {size} MiB, {workers} worker(s): {rate:.0} jobs/s, {cpu:.3} ms CPU each; written down at {enqueued:.0}/s in one transaction"
    );
    rate
}

/// CPU time of this process so far: user and system, every thread.
fn cpu_ms() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

async fn enqueue(manager: &Arc<SqliteManager>, projects: &[ProjectId], count: usize) {
    let jobs = Jobs::new(manager);
    let transaction = manager.core().begin().await.unwrap();
    for number in 0..count {
        let project = projects[number % projects.len()].clone();
        let new: NewJob = new_job(&Nothing, Some(project)).unwrap();
        jobs.enqueue(&transaction, new).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// Jobs that have ended, each with its attempt.
fn history(manager: &SqliteManager, count: usize) {
    let mut hub = rusqlite::Connection::open_with_flags_and_vfs(
        manager.layout().core(),
        Default::default(),
        vfs(),
    )
    .unwrap();
    let transaction = hub.transaction().unwrap();
    let numbers = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 WHERE {count} > 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    );
    transaction
        .execute_batch(&format!(
            "{numbers} INSERT INTO jobs (id, kind, state, payload, result, attempt, max_attempts, crash_count, lease_token,
                 progress, created_at, started_at, finished_at)
             SELECT printf('0%031x', i), 'nothing', 'completed', '{{}}', 'null', 1, 1, 0, 1, 1.0,
                 '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00' FROM n;
             {numbers} INSERT INTO job_executions (id, job_id, attempt, lease_token, worker_id, state, started_at, finished_at)
             SELECT printf('1%031x', i), printf('0%031x', i), 1, 1, 'w', 'completed',
                 '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00' FROM n;"
        ))
        .unwrap();
    transaction.commit().unwrap();
    hub.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
}
