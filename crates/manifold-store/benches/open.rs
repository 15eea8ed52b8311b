//! Opening a project of 1,000 snapshots: cold (checked, leased, first query) against a bare SeaORM connection that
//! reads `user_version` and runs the same query; and warm, when it is open already.
//!
//! `cargo bench -p manifold-store --bench open`: five interleaved rounds; medians and ratios are printed, and the
//! exit code is 1 when a ratio is above its limit.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod support;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use entity_project::{data_sources, project};
use manifold_store::{DatabaseManager as _, ProjectId, StoreError};
use sea_orm::{ConnectionTrait as _, DbBackend, EntityTrait as _, Statement};
use support::{ROUNDS, cpu_us};

const SNAPSHOTS: i64 = 1_000;
const OPENS: usize = 20;
const LEASES: usize = 20_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    tokio::spawn(run()).await.unwrap()
}

/// µs, of one opening or lease.
#[derive(Default)]
struct Times {
    cpu: Vec<f64>,
    wall: Vec<f64>,
}

impl Times {
    fn push(&mut self, cpu: f64, wall: Duration, count: usize) {
        self.cpu.push(cpu / count as f64);
        self.wall.push(wall.as_secs_f64() * 1e6 / count as f64);
    }
}

async fn run() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    let (id, path) = fill(&folder).await;
    let (mut cold, mut warm, mut bare) = (Times::default(), Times::default(), Times::default());
    for _ in 0..=ROUNDS {
        let (mut cpu, mut wall) = (0.0, Duration::ZERO);
        let manager = support::manager(&folder).await;
        for _ in 0..OPENS {
            let (before, begun) = (cpu_us(), Instant::now());
            let spoke = manager.project(&id).await.unwrap();
            black_box(
                spoke
                    .one(data_sources::Entity::find())
                    .await
                    .unwrap()
                    .unwrap(),
            );
            cpu += cpu_us() - before;
            wall += begun.elapsed();
            drop(spoke);
            assert!(manager.close(&id).await.unwrap());
        }
        cold.push(cpu, wall, OPENS);

        let (mut cpu, mut wall) = (0.0, Duration::ZERO);
        for _ in 0..OPENS {
            let (before, begun) = (cpu_us(), Instant::now());
            let pool = support::bare_pool(&path).await;
            let version = Statement::from_string(DbBackend::Sqlite, "PRAGMA user_version");
            black_box(pool.query_one_raw(version).await.unwrap().unwrap());
            black_box(
                data_sources::Entity::find()
                    .one(&pool)
                    .await
                    .unwrap()
                    .unwrap(),
            );
            cpu += cpu_us() - before;
            wall += begun.elapsed();
            pool.close().await.unwrap();
        }
        bare.push(cpu, wall, OPENS);

        let spoke = manager.project(&id).await.unwrap();
        black_box(spoke.one(project::Entity::find()).await.unwrap());
        let (before, begun) = (cpu_us(), Instant::now());
        for _ in 0..LEASES {
            black_box(manager.project(&id).await.unwrap());
        }
        warm.push(cpu_us() - before, begun.elapsed(), LEASES);
        drop(spoke);
        manager.shut_down().await.unwrap();
    }
    let kept = [
        support::verdict("cold open", "us CPU", &cold.cpu, &bare.cpu, 2.0),
        support::verdict("cold open", "us wall", &cold.wall, &bare.wall, 2.0),
        support::verdict("warm lease", "us CPU", &warm.cpu, &bare.cpu, 0.02),
        support::verdict("warm lease", "us wall", &warm.wall, &bare.wall, 0.02),
    ];
    if kept == [true; 4] {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn fill(folder: &tempfile::TempDir) -> (ProjectId, std::path::PathBuf) {
    let manager = support::manager(folder).await;
    let (id, path) = support::project(&manager, "bench").await;
    let spoke = manager.project(&id).await.unwrap();
    spoke
        .write(async |transaction| {
            let source = transaction.insert(support::source(1)).await?.id;
            for number in 1..=SNAPSHOTS {
                transaction
                    .insert(support::snapshot(&source, number))
                    .await?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    drop(spoke);
    manager.shut_down().await.unwrap();
    (id, path)
}
