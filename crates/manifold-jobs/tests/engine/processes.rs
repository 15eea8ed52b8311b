//! Several processes on one data folder.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use manifold_jobs::{Worker, WorkerOptions};
use serde::{Deserialize, Serialize};

use crate::kinds;
use crate::scene::{Scene, open};

const CHILD: &str = "MANIFOLD_ENGINE_TEST_CHILD";

/// What a child does: the jobs of a folder, so many at once, until none is due.
#[derive(Serialize, Deserialize)]
struct Told {
    folder: PathBuf,
    concurrency: usize,
}

/// Not a test by itself: what the other processes do.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let told: Told = serde_json::from_str(&told).unwrap();
    let manager = open(&told.folder).await;
    let options = WorkerOptions {
        concurrency: told.concurrency,
        ..WorkerOptions::default()
    };
    let worker = Worker::new(&manager, kinds::registry(), options);
    worker.drain().await.unwrap();
}

pub fn spawn(folder: &Path, concurrency: usize) -> Child {
    let told = Told {
        folder: folder.to_owned(),
        concurrency,
    };
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::child"])
        .env(CHILD, serde_json::to_string(&told).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until a process has ended, however.
pub async fn ended(mut child: Child) -> std::process::ExitStatus {
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_workers_in_two_processes_do_each_job_once() {
    const JOBS: usize = 300;
    let scene = Scene::new().await;
    let mut ids = Vec::new();
    for _ in 0..JOBS {
        ids.push(scene.submit(&kinds::Count, None).await);
    }
    let children = [spawn(scene.folder.path(), 2), spawn(scene.folder.path(), 2)];
    for child in children {
        assert!(ended(child).await.success());
    }
    let mut workers = std::collections::BTreeSet::new();
    for id in &ids {
        assert_eq!(
            scene.job(id).await.state,
            entity_core::enums::JobState::Completed
        );
        let attempts = scene.jobs.executions(id).await.unwrap();
        assert_eq!(attempts.len(), 1, "each token has one attempt");
        assert_eq!(attempts[0].lease_token, 1);
        workers.insert(attempts[0].worker_id.clone());
    }
    assert_eq!(workers.len(), 2, "both processes worked");
}
