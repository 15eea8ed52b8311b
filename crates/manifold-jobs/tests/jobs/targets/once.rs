//! A process that dies: what was committed there is not done again, and what was not leaves nothing.
#![cfg(unix)]

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use entity_core::enums::JobState;
use manifold_jobs::jobs::SyncTarget;
use manifold_jobs::sync::SyncMode;
use manifold_jobs::{Registry, Worker, WorkerOptions, new_job, rescue_dead};
use manifold_store::{Jobs, SqliteManager};

use super::Scene;
use crate::store::open;

/// The folder of the store, the point and the job, for the child.
const CHILD: &str = "MANIFOLD_TARGET_TEST_CHILD";

/// Not a test by itself: what the process does that dies.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how a test tells its child what to do"
    )]
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let (folder, point, job): (std::path::PathBuf, String, SyncTarget) =
        serde_json::from_str(&told).unwrap();
    fail::cfg_callback(point, || std::process::abort()).unwrap();
    let manager = open(&folder).await;
    let project = Some(job.project_id.clone());
    let new = new_job(&job, project).unwrap();
    Jobs::new(&manager).submit(new).await.unwrap();
    worker(&manager).drain().await.unwrap();
}

fn worker(manager: &Arc<SqliteManager>) -> Worker {
    let registry = Registry::empty().with::<SyncTarget>();
    Worker::new(manager, registry, WorkerOptions::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_dies_is_done_once() {
    for (point, is_written) in [
        ("sync-target-written", false),
        ("sync-target-committed", true),
    ] {
        for scene in Scene::all(&format!("once{}", u8::from(is_written)), &[]).await {
            let append = || SyncTarget {
                mode: SyncMode::Append,
                ..scene.job()
            };
            scene.store.import("id,a\n1,x\n2,y\n").await;
            scene.sync(append()).await.unwrap();
            // Rows without a key, of which a second time could not be told from a first.
            scene.store.import("id,a\n1,x\n2,y\n2,y\n").await;
            let told =
                serde_json::to_string(&(scene.store.folder.path(), point, append())).unwrap();
            let died = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "targets::once::child"])
                .env(CHILD, told)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert!(!died.success());
            let there = scene.place.rows().await.len();
            assert_eq!(
                there,
                if is_written { 3 } else { 2 },
                "{point} {:?}",
                scene.place.kind
            );
            let rescued = rescue_dead(&scene.store.manager).await.unwrap();
            assert_eq!(rescued.len(), 1);
            let id = rescued[0].id.clone();
            let mut state = rescued[0].state;
            while state == JobState::Pending {
                let registry = Registry::empty().with::<SyncTarget>();
                let worker = Worker::new(&scene.store.manager, registry, WorkerOptions::default());
                worker.drain().await.unwrap();
                let jobs = scene.store.jobs().list(&Default::default()).await.unwrap();
                let job = jobs.into_iter().find(|job| job.id == id).unwrap();
                state = job.state;
                assert_ne!(state, JobState::Failed, "{:?}", job.error_message);
                if state == JobState::Completed {
                    assert_eq!(job.result.unwrap()["inserted"], 1);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            assert_eq!(state, JobState::Completed, "{point} {:?}", scene.place.kind);
            assert_eq!(scene.place.rows().await, ["1|x", "2|y", "2|y"]);
            scene.place.clear().await;
        }
    }
}
