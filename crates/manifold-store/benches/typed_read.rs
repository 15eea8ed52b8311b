//! CPU of a typed read by key: through the manager (lookup, lease, handle and query), against the same
//! query on a bare SeaORM pool of one connection with sqlx's defaults.
//!
//! `cargo bench --bench typed_read`: one task, one reader, five interleaved rounds; the medians and their
//! ratio are printed, and the exit code is 1 when the ratio is above 0.5.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::process::ExitCode;
use std::time::Instant;

use entity_project::data_sources;
use manifold_store::{
    DataSources, DatabaseManager, Layout, NewProject, NewSource, ProjectId, Projects,
    SqliteManager, StoreOptions,
};
use sea_orm::EntityTrait;

const ROUNDS: usize = 5;
const READS: usize = 20_000;
const SOURCES: usize = 200;

/// CPU time of this process so far, in µs: user and system, every thread.
fn cpu_us() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    // In a task of its own, as real callers are: on the main thread every await would hop threads.
    tokio::spawn(run()).await.unwrap()
}

async fn run() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    let manager = SqliteManager::open(Layout::new(folder.path()), StoreOptions::default())
        .await
        .unwrap();
    let project = Projects::new(&manager)
        .create(NewProject {
            name: "bench".into(),
            description: None,
        })
        .await
        .unwrap();
    let id: ProjectId = project.id.parse().unwrap();
    let sources = DataSources::new(manager.clone());
    let mut keys = Vec::new();
    for number in 0..SOURCES {
        keys.push(
            sources
                .create(&id, NewSource::file(format!("source {number}")))
                .await
                .unwrap()
                .id,
        );
    }
    let file = Projects::new(&manager).file(&project).path;
    #[expect(clippy::disallowed_methods, reason = "the peer of this bench")]
    let pool = sea_orm::Database::connect({
        let mut options =
            sea_orm::ConnectOptions::new(format!("sqlite://{}?mode=rw", file.display()));
        options.max_connections(1).sqlx_logging(false);
        options
    })
    .await
    .unwrap();

    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        let (cpu, wall) = (cpu_us(), Instant::now());
        for read in 0..READS {
            let spoke = manager.project(&id).await.unwrap();
            let row = spoke
                .one(data_sources::Entity::find_by_id(&keys[read % SOURCES]))
                .await
                .unwrap();
            std::hint::black_box(row.unwrap());
        }
        let through_manager = (cpu_us() - cpu) / READS as f64;
        let wall_ours = wall.elapsed();

        let (cpu, wall) = (cpu_us(), Instant::now());
        for read in 0..READS {
            let row = data_sources::Entity::find_by_id(&keys[read % SOURCES])
                .one(&pool)
                .await
                .unwrap();
            std::hint::black_box(row.unwrap());
        }
        let on_pool = (cpu_us() - cpu) / READS as f64;
        println!(
            "manager {through_manager:6.1} us CPU ({:6.1} wall)   bare pool(1) {on_pool:6.1} us CPU ({:6.1} wall)",
            wall_ours.as_secs_f64() * 1e6 / READS as f64,
            wall.elapsed().as_secs_f64() * 1e6 / READS as f64,
        );
        ours.push(through_manager);
        bare.push(on_pool);
    }
    // The first round warms caches.
    let (ours, bare) = (median(&mut ours[1..]), median(&mut bare[1..]));
    let ratio = ours / bare;
    println!(
        "median of {ROUNDS}: manager {ours:.1} us, bare pool(1) {bare:.1} us, ratio {ratio:.2} (at most 0.50)"
    );
    if ratio <= 0.5 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
